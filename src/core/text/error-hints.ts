/**
 * All error codes with their default hints. A code without a hint, or missing here, does not
 * compile.
 */

const MEND = '`bjob fsck --repair` repairs it'
const OTHER_WORKFLOW = 'choose another --workflow'
const LIST_JOBS = '`bjob ls` lists the jobs'
const FIELDS = '`bjob spawn --help` lists the fields; README describes their values'
const CORRECT = 'correct the file at that line'
const INTERNAL = 'this is a bug in bjob: inspect the job with `bjob show` and `bjob fsck`, and report it'

const HINTS = {
  'bad-allocation': 'run `bjob launch` inside the batch job, and check `node` in bjob.yaml',
  'bad-application': `${CORRECT}; \`bjob app add --help\` lists the fields`,
  'bad-cursor': 'name another file for --cursor, or delete this one to start over',
  'bad-data': `${CORRECT}: it must hold one JSON value`,
  'bad-field': FIELDS,
  'bad-host-list': 'the scheduler sets this list: check its variables in the batch job with `env`',
  'bad-id': 'an id is WORKFLOW/NAME, as printed by `bjob ls`',
  'bad-json':
    'write one object per line, such as {"name": "a", "application": "hello"}; for a list of commands, use --format commands',
  'bad-lease': '`bjob fsck` lists all damage; the launcher counts as dead, and other launchers take over its jobs',
  'bad-mpi-run':
    "`bjob show` prints the job's fields and `bjob set` changes them; `mpi` in bjob.yaml selects another MPI launcher",
  'bad-name': 'use letters, digits and _ . , + = @ % ^ ~ - and start with a letter, a digit or _',
  'bad-option': '`bjob COMMAND --help` describes the options',
  'bad-parent': 'run `bjob retry` on the parent first',
  'bad-point': 'give a value for each parameter of the space whose conditions hold, and for no other',
  'bad-records': 'correct them and run the same command again; either all jobs are spawned, or none',
  'bad-request': '`bjob session --help` lists the requests',
  'bad-scheduler-output': "run the scheduler's command by hand; `scheduler` in bjob.yaml selects another scheduler",
  'bad-setting': 'correct bjob.yaml; README describes the settings',
  'bad-space': '`bjob tune --help` shows an example of a space',
  'bad-state': MEND,
  'bad-task-file': 'write one command per line, or a directive: #DISBATCH PREFIX, SUFFIX, REPEAT or BARRIER',
  'bad-template-value': 'give another value, or remove the variable from the template in templates/',
  'bad-verdict': 'a postprocess may set JOB_FINISHED, FAILED or RESTART_READY',
  'bad-walltime': 'write a time limit as MM, MM:SS, HH:MM:SS or D-HH:MM:SS',
  'bad-yaml': CORRECT,
  'broken-job': MEND,
  'cannot-write': 'name another file with -o',
  cycle: "remove one dependency: `bjob set CHILD parents='…'` replaces the parents of a job",
  'empty-template': 'write the words of the command, or omit the setting for automatic detection',
  'forbidden-file':
    'check it and the folders above with `ls -ld` and ask the owner for access; README describes how a group shares a site',
  'grid-too-large': 'use another --sampler, or fewer parameters, choices or steps',
  'half-a-stage': 'give both stage_out_url (destination) and stage_out_files (files), or neither',
  'illegal-transition': INTERNAL,
  'input-clash': "names must be unique in the job's folder: rename or omit one of them",
  'job-replaced': 'check the new job, then try again',
  'link-outside': 'let the job write or copy the file into its own folder',
  'linked-folder': 'bjob does not follow links there: move the folder itself, or make the site where its files belong',
  'many-match': 'give the full id, WORKFLOW/NAME',
  'missing-input': 'check that the file exists; paths are relative to the current folder',
  'missing-output': 'list the job\'s files with `ls "$(bjob path ID)"`',
  'name-taken': 'choose another name',
  'newer-format': 'use the newer bjob; `bjob --version` prints the version of this one',
  'no-agent': 'see its message above; check the installation of bjob and the limit on processes (ulimit -u)',
  'no-evaluation': OTHER_WORKFLOW,
  'no-folder': 'make the folder, or name another one',
  'no-match': LIST_JOBS,
  'no-mpi': 'put srun, mpirun or mpiexec on the PATH, or set `mpi` in bjob.yaml',
  'no-node': 'reduce --node-offset, which skips nodes for other launchers',
  'no-progress': 'read the output of the batch script, then run this again',
  'no-runnable-job': '`bjob ls --by-state` counts the jobs; `bjob why ID` explains why one does not run',
  'no-scheduler': 'run `bjob launch` on this machine, or set `scheduler` in bjob.yaml',
  'no-site': 'make a site with `bjob init DIR`, enter one with cd, or set BJOB_SITE',
  'no-such-file': 'list the files with `ls "$(bjob path ID)"`',
  'no-template': 'write templates/SCHEDULER.sh in the site, or set `scheduler` in bjob.yaml',
  'not-in-a-hook': '`bjob kill` and `bjob retry` change the state of other jobs',
  'not-utf8': 'save it as UTF-8, for example with `iconv -f LATIN1 -t UTF-8`',
  'not-in-a-job': 'use spawn, or run this program as a job',
  'other-space': OTHER_WORKFLOW,
  'output-clash': 'names must be unique at the destination: let the job write them under different names',
  'own-parent': 'name other jobs as parents, or none',
  'reserved-name': 'give the file another name',
  'search-busy': `wait until it ends, or ${OTHER_WORKFLOW}`,
  'silent-peer': 'check that `bjob doctor --peer` still runs there, then start over',
  'site-exists': 'enter it with cd; `bjob` alone prints the next step',
  stopped: 'run it again when the first node is ready',
  'submit-failed': 'correct the options of `bjob submit` or the template in templates/; --dry-run prints the script',
  'submit-unanswered': 'check with `bjob ls launchers` that it was not submitted, then try again',
  timeout: '`bjob why ID` explains what the job waits for',
  'torn-state': MEND,
  'unclear-launcher': '`bjob ls launchers` lists them',
  'unknown-application': '`bjob app ls` lists them',
  'unknown-command': '`bjob --help` lists them',
  'unknown-field': FIELDS,
  'unknown-job': LIST_JOBS,
  'unknown-machine': '`bjob init --help` lists them',
  'unknown-mpi-launcher': 'use auto for automatic detection; README lists the supported ones',
  'unknown-option': '`bjob COMMAND --help` lists them',
  'unknown-parent': 'spawn the parents first, or put them above the job in the file',
  'unknown-scheduler': 'use auto for automatic detection; README lists the supported ones',
  'unknown-state': '`bjob ls --by-state` lists the states in use',
  'unknown-template': '`bjob init --help` lists them',
  'unknown-variable': "compare with the template in templates/batch of bjob's installation",
  'unreadable-file': 'check the file with `ls -l "$(bjob path ID)"`',
  'unreadable-site': 'check its permissions and those of the folders above with `ls -ld`',
  'unsafe-path': 'name a file inside the folder, without ..',
} as const

/** Stable, kebab-case, part of the interface: `bad-field`, `name-taken`, … */
export type ErrorCode = keyof typeof HINTS

export function hintFor(code: ErrorCode): string {
  return HINTS[code]
}

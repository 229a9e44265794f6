/**
 * Every code that an error can have, and what to do about it: the hint of an error that brings no better one. A code that stands here without a
 * hint, or is used without standing here, does not compile.
 */

const MEND = '`bjob fsck --repair` mends it'
const OTHER_WORKFLOW = 'choose another --workflow'
const LIST_JOBS = '`bjob ls` lists the jobs'
const FIELDS = "`bjob spawn --help` lists the fields; README's table says what each takes"
const CORRECT = 'correct the file there'
const INTERNAL = 'this is a mistake of bjob: look into the job with `bjob show` and `bjob fsck`, and report it'

const HINTS = {
  'bad-allocation': 'run `bjob launch` inside the batch job, and check `node` in bjob.yaml',
  'bad-application': `${CORRECT}; \`bjob app add --help\` shows what an application has`,
  'bad-cursor': 'name another file for --cursor, or delete this one to begin anew',
  'bad-data': `${CORRECT}: it holds one value in JSON`,
  'bad-field': FIELDS,
  'bad-host-list': 'the scheduler told its nodes so: look at its variables in the batch job (`env`)',
  'bad-id': 'an id is WORKFLOW/NAME, as `bjob ls` prints it',
  'bad-json':
    'each line is one object, as {"name": "a", "application": "hello"}; a list of commands wants --format commands',
  'bad-lease':
    '`bjob fsck` tells what else is damaged; the launcher is taken for dead, and its jobs run again elsewhere',
  'bad-mpi-run':
    '`bjob show` has what the job asks for; `bjob set` changes it, and `mpi` in bjob.yaml names another launcher',
  'bad-name': 'use letters, digits and _ . , + = @ % ^ ~ - and start with a letter, a digit or _',
  'bad-option': '`bjob COMMAND --help` shows how',
  'bad-parent': '`bjob retry` the parent first',
  'bad-point': 'a point has a value for each parameter of the space whose conditions hold',
  'bad-records': 'correct them and give the same command again: either all of the jobs are made, or none',
  'bad-request': '`bjob session --help` lists the requests',
  'bad-scheduler-output': 'ask the scheduler by hand; `scheduler` in bjob.yaml names another one',
  'bad-setting': "correct bjob.yaml; README's table of settings says what each takes",
  'bad-space': '`bjob tune --help` shows a space',
  'bad-state': MEND,
  'bad-task-file':
    'each line of it is one command, or one of the directives #DISBATCH PREFIX, SUFFIX, REPEAT and BARRIER',
  'bad-template-value': 'give another value, or take it out of the template: templates/ in the site',
  'bad-verdict': 'a postprocess may choose between the states that follow only',
  'bad-walltime': 'a time limit is MM, MM:SS, HH:MM:SS or D-HH:MM:SS',
  'bad-yaml': CORRECT,
  'broken-job': MEND,
  'cannot-write': 'name another file with -o',
  cycle: "leave one of them out: `bjob set CHILD parents='…'` says all parents of a job",
  'empty-template': 'write the words of the command, or leave it out: auto looks for one',
  'forbidden-file':
    '`ls -ld` it and the folders above: its owner can let you read it; README tells how a group shares a site',
  'grid-too-large': 'use another --sampler, or fewer parameters, choices or steps',
  'half-a-stage': 'stage_out_url says where to, stage_out_files what: give both or none',
  'illegal-transition': INTERNAL,
  'input-clash': 'each needs a name of its own in the folder of the job: rename one, or leave it out',
  'job-replaced': 'look at it, and try again',
  'link-outside': 'let the job write it, or copy it, into its folder',
  'linked-folder':
    'bjob follows no link there: move the folder itself to that place, or make the site where its files are to be',
  'many-match': 'say more of it: WORKFLOW/NAME is the id of one',
  'missing-input': 'look whether the file is there, and spelt so; names are those of the current folder',
  'missing-output': 'look what the job has written: `ls` in its folder',
  'name-taken': 'choose another name',
  'newer-format': 'use the newer bjob; `bjob --version` tells which one this is',
  'no-agent': 'see what it said above; is bjob installed whole, and may you have more processes here (ulimit -u)?',
  'no-evaluation': OTHER_WORKFLOW,
  'no-folder': 'make it, or name another',
  'no-match': LIST_JOBS,
  'no-mpi': 'put srun, mpirun or mpiexec on the PATH, or name it in bjob.yaml (mpi:)',
  'no-node': '--node-offset counts the nodes that other launchers take',
  'no-progress': 'read what the batch script said; then start this again',
  'no-runnable-job': '`bjob ls --by-state` counts the jobs; `bjob why ID` tells what one waits for',
  'no-scheduler': 'run `bjob launch` on this machine, or name the scheduler in bjob.yaml',
  'no-site': 'make one with `bjob init DIR`, go into one, or set BJOB_SITE',
  'no-such-file': '`bjob path ID` is the folder; `ls` it',
  'no-template': 'write templates/SCHEDULER.sh in the site, or name the scheduler in bjob.yaml',
  'not-in-a-hook': '`bjob kill` and `bjob retry` change the state of other jobs',
  'not-utf8': 'save it as UTF-8: `iconv -f LATIN1 -t UTF-8`, or the encoding that it has',
  'not-in-a-job': 'use spawn, or start this through `bjob launch`',
  'other-space': OTHER_WORKFLOW,
  'output-clash': 'each needs a name of its own where they go: let the job write them under different names',
  'own-parent': 'name the jobs that come before it, or none',
  'reserved-name': 'give the file another name',
  'search-busy': `let it end, or ${OTHER_WORKFLOW}`,
  'silent-peer': 'look whether `bjob doctor --peer` still runs there; then begin again',
  'site-exists': 'go into it; `bjob` alone says what to do next',
  stopped: 'start it again when the first node is ready',
  'submit-failed': 'correct what it says, with options of `bjob submit` or in templates/; --dry-run prints the script',
  'submit-unanswered': 'try again; `bjob ls launchers` shows whether it was submitted after all',
  timeout: '`bjob why ID` tells what it waits for',
  'torn-state': MEND,
  'unclear-launcher': '`bjob ls launchers` lists them',
  'unknown-application': '`bjob app ls` lists them',
  'unknown-command': '`bjob --help` lists them',
  'unknown-field': FIELDS,
  'unknown-job': LIST_JOBS,
  'unknown-machine': '`bjob init --help` lists them',
  'unknown-mpi-launcher': 'auto looks for one; README lists those that are known',
  'unknown-option': '`bjob COMMAND --help` lists them',
  'unknown-parent': 'parents come first: spawn them before, or put them above in the file',
  'unknown-scheduler': 'auto looks for one; README lists those that are known',
  'unknown-state': '`bjob ls --by-state` shows the states that there are',
  'unknown-template': '`bjob init --help` lists them',
  'unknown-variable': 'look at the template that bjob brings, in templates/batch of its folder',
  'unreadable-file': 'look at it: `ls -l` in the folder of the job; `bjob path ID` is that folder',
  'unreadable-site': 'look at its permissions, and at those of the folders above: `ls -ld`',
  'unsafe-path': 'name a file inside the folder, without ..',
} as const

/** Stable, kebab-case, part of the interface: `bad-field`, `name-taken`, … */
export type ErrorCode = keyof typeof HINTS

export function hintFor(code: ErrorCode): string {
  return HINTS[code]
}

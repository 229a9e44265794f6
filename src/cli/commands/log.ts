/** `bjob log`: prints output of one or many jobs, or a launcher's log. */
import { requestError } from '../../core/text/errors.ts'
import { fullId } from '../../core/job/id.ts'
import { LOG_LEVELS } from '../../core/text/log-line.ts'
import { isEmptyFilter } from '../../core/index/filter.ts'
import type { Site } from '../../site/site.ts'
import { hasJob, listWorkflows } from '../../site/disk/job-folder.ts'
import type { Command, Session } from '../command/command.ts'
import { FILTER_HELP, FILTER_OPTIONS, filterOf } from '../arguments/filter-options.ts'
import { findJob } from '../arguments/job-word.ts'
import type { Input } from '../command/option.ts'
import { followOutput, printOutput } from '../show/job-output.ts'
import { stopSignal } from '../terminal/stop-signal.ts'

const LAUNCHERS = '`bjob ls launchers` lists the launchers'

export const logCommand: Command = {
  words: '[ID…|LAUNCHER]',
  about: `For a job, prints the standard output and error of its last attempt, or of --attempt N. For a launcher, prints
one line per event with time, level and event: INFO, WARN for a failed job, ERROR for a problem that needs
attention. A unique prefix of the launcher's id is enough. With a filter or several ids, prints the output of all
those jobs, each line with its job's id; with -f, also of jobs that match later, until interrupted.
${FILTER_HELP}`,
  options: [
    { name: 'follow', alias: 'f', summary: 'keep printing new output until the job or the launcher ends' },
    { name: 'attempt', value: 'N', summary: 'jobs: attempt to print (default: the last)' },
    { name: 'level', value: LOG_LEVELS.join('|'), summary: 'launchers: lowest level to print' },
    ...FILTER_OPTIONS,
  ],
  examples: [
    ['bjob log dl-hps/task1', 'print the output so far'],
    ['bjob log -f dl-hps/task1', 'print the output and follow it'],
    ['bjob log -f --workflow dl-hps --state RUNNING', 'follow the output of all running jobs of a workflow'],
    ['bjob log node01-4821 --level warn', 'print the problems of a launcher'],
  ],
  async run(input, session) {
    const { site } = await session.open()
    if (isOfMany(input)) return logMany(input, session)
    const [word] = input.words
    const launcher = word === undefined || word.includes('/') ? undefined : await findLauncherOrJob(site, word)
    if (launcher !== undefined) return logLauncher(site, launcher, input, session)
    if (input.has('level'))
      throw requestError('bad-option', "--level applies to a launcher's log only", { hint: LAUNCHERS })
    const id = await findJob(site, word)
    const wanted = input.number('attempt', 1)
    return input.has('follow') ? followOutput(site, id, wanted, session) : printOutput(site, id, wanted, session)
  },
}

/**
 * @returns a launcher, unless the word names a job in the default workflow. @throws BjobError
 *   `unknown-job` if it is neither
 */
async function findLauncherOrJob(site: Site, word: string): Promise<string | undefined> {
  const id = fullId(word)
  if (await hasJob(site, id)) return undefined
  const { findLauncher } = await import('../arguments/launcher-word.ts')
  const launcher = await findLauncher(site, word)
  if (launcher !== undefined) return launcher
  throw requestError('unknown-job', `no job ${id} and no launcher ${word}`, {
    hint: (await listWorkflows(site)).includes(word)
      ? `bjob log --workflow ${word}`
      : `\`bjob ls\` lists the jobs; ${LAUNCHERS}`,
  })
}

async function logLauncher(site: Site, launcher: string, input: Input, session: Session): Promise<void> {
  if (input.has('attempt'))
    throw requestError('bad-option', `--attempt applies to jobs only; ${launcher} is a launcher`, {
      hint: 'leave it out',
    })
  const { followLauncherLog, showLauncherLog } = await import('../show/launcher-log-lines.ts')
  const show = input.has('follow') ? followLauncherLog : showLauncherLog
  return show(site, launcher, input.choice('level', LOG_LEVELS) ?? 'info', session)
}

/** True if more than one job may be selected. */
function isOfMany(input: Input): boolean {
  const { words } = input
  return words.length > 1 || words.some((word) => word.includes('*')) || !isEmptyFilter(filterOf(input, []))
}

async function logMany(input: Input, session: Session): Promise<void> {
  for (const name of ['attempt', 'level'])
    if (input.has(name)) throw requestError('bad-option', `--${name} is not for several jobs`, { hint: 'leave it out' })
  const client = await session.open()
  const filter = filterOf(input)
  for (const word of input.words) if (!word.includes('*')) await client.job(word)
  const { JobLogs } = await import('../show/job-logs.ts')
  const logs = await JobLogs.open(client.site, filter, session.terminal)
  if (input.has('follow')) return logs.follow(stopSignal())
  if (!(await logs.print())) session.terminal.note('no job that matches has written anything')
}

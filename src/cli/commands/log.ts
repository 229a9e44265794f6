/** `bjob log`: a job's output, or a launcher's log. */
import { requestError } from '../../core/text/errors.ts'
import { fullId } from '../../core/job/id.ts'
import { LOG_LEVELS } from '../../core/text/log-line.ts'
import { isEnded } from '../../core/life/states.ts'
import { unlessGone } from '../../site/disk/disk.ts'
import { checkInside } from '../../site/job/job-files.ts'
import { readJobState } from '../../site/job/jobs.ts'
import { outputName } from '../../site/disk/layout.ts'
import type { Site } from '../../site/site.ts'
import { hasJob } from '../../site/disk/job-folder.ts'
import type { Command, Session } from '../command/command.ts'
import { findJob, limitWords } from '../arguments/job-word.ts'
import type { Input } from '../command/option.ts'
import { pauseOf } from '../terminal/pause.ts'
import { stopSignal } from '../terminal/stop-signal.ts'

const CHUNK_BYTES = 1024 * 1024
const LAUNCHERS = '`bjob ls launchers` lists the launchers'

export const logCommand: Command = {
  words: '[ID|LAUNCHER]',
  about: `What a job wrote to its standard output and error: of its last attempt, unless --attempt says which. Of a launcher, what it did: a line each,
with its time, its level (INFO, WARN where a job failed, ERROR where something has to be done) and the event. The beginning of a launcher's id will do.`,
  options: [
    { name: 'follow', alias: 'f', summary: 'go on as it grows, until the job or the launcher ends' },
    { name: 'attempt', value: 'N', summary: 'of a job: of this attempt' },
    { name: 'level', value: LOG_LEVELS.join('|'), summary: 'of a launcher: from this level on' },
  ],
  examples: [
    ['bjob log dl-hps/task1', 'the output so far'],
    ['bjob log -f dl-hps/task1', 'and what comes'],
    ['bjob log node01-4821 --level warn', 'what went wrong with a launcher'],
  ],
  async run(input, session) {
    const { site } = await session.open()
    limitWords(input.words, 1)
    const [word] = input.words
    const launcher = word === undefined || word.includes('/') ? undefined : await findLauncherOrJob(site, word)
    if (launcher !== undefined) return logLauncher(site, launcher, input, session)
    if (input.has('level')) throw requestError('bad-option', "--level is for a launcher's log", { hint: LAUNCHERS })
    const id = await findJob(site, word)
    const wanted = input.number('attempt', 1)
    if (input.has('follow')) return follow(site, id, wanted, session)
    const attempt = wanted ?? Math.max(1, (await readJobState(site, id)).attempt)
    const shown = await copyOutput(site, id, attempt, 0, session)
    if (shown === undefined)
      throw requestError('no-such-file', `${id} has no output of attempt ${attempt} yet`, { hint: `bjob why ${id}` })
  },
}

/** @returns a launcher, unless the word names a job of the default workflow. @throws BjobError `unknown-job` when it is neither */
async function findLauncherOrJob(site: Site, word: string): Promise<string | undefined> {
  const id = fullId(word)
  if (await hasJob(site, id)) return undefined
  const { findLauncher } = await import('../arguments/launcher-word.ts')
  const launcher = await findLauncher(site, word)
  if (launcher !== undefined) return launcher
  throw requestError('unknown-job', `there is no job ${id}, and no launcher ${word}`, {
    hint: `\`bjob ls\` lists the jobs; ${LAUNCHERS}`,
  })
}

async function logLauncher(site: Site, launcher: string, input: Input, session: Session): Promise<void> {
  if (input.has('attempt'))
    throw requestError('bad-option', `--attempt is for a job, and ${launcher} is a launcher`, { hint: 'leave it out' })
  const { followLauncherLog, showLauncherLog } = await import('../show/launcher-log-lines.ts')
  const show = input.has('follow') ? followLauncherLog : showLauncherLog
  return show(site, launcher, input.choice('level', LOG_LEVELS) ?? 'info', session)
}

async function follow(site: Site, id: string, wanted: number | undefined, session: Session): Promise<void> {
  const signal = stopSignal()
  let attempt = wanted ?? 1
  let offset = 0
  for (;;) {
    const state = await readJobState(site, id)
    if (wanted === undefined && offset === 0) attempt = Math.max(1, state.attempt)
    offset = (await copyOutput(site, id, attempt, offset, session)) ?? offset
    if (signal.aborted) return
    if (wanted === undefined && state.attempt > attempt) {
      attempt += 1
      offset = 0
    } else if (isEnded(state.state) || state.attempt > attempt) return
    else await pauseOf(site, signal)
  }
}

/** @returns the offset up to which it is written; `undefined` when there is no such output */
async function copyOutput(
  site: Site,
  id: string,
  attempt: number,
  from: number,
  { terminal }: Session,
): Promise<number | undefined> {
  const file = `${site.layout.job(id).dir}/${outputName(attempt)}`
  await unlessGone(checkInside(site, file))
  let offset = from
  for (;;) {
    const bytes = await unlessGone(site.disk.readFrom(file, offset, CHUNK_BYTES))
    if (bytes === undefined) return offset === 0 ? undefined : offset
    if (bytes.length === 0) return offset
    await terminal.pass(bytes)
    offset += bytes.length
  }
}

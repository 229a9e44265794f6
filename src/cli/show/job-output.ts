/** The output of one job: as it is, or followed through its attempts until the job ends. */
import { type JobState, isOwned } from '../../core/life/job-state.ts'
import { isEnded } from '../../core/life/states.ts'
import { type BjobError, requestError } from '../../core/text/errors.ts'
import { countOf } from '../../lib/text/count-of.ts'
import { unlessGone } from '../../site/disk/disk.ts'
import { outputName } from '../../site/disk/layout.ts'
import { FileFollower } from '../../site/follow/file-follower.ts'
import { FileWatch } from '../../site/follow/file-watch.ts'
import { checkInside } from '../../site/job/job-files.ts'
import { readJobState } from '../../site/job/jobs.ts'
import { outputPath } from '../../site/job/output.ts'
import type { Site } from '../../site/site.ts'
import type { Session } from '../command/command.ts'
import { stopSignal } from '../terminal/stop-signal.ts'

/** Silence that is worth an explanation. */
const QUIET_MS = 1000

/** @param wanted the attempt; default: the last. @throws BjobError `no-such-file` */
export async function printOutput(site: Site, id: string, wanted: number | undefined, session: Session): Promise<void> {
  const state = await readJobState(site, id)
  const attempt = wanted ?? Math.max(1, state.attempt)
  const output = new FileFollower(site, outputPath(site, id, attempt))
  await copyNews(site, id, attempt, output, session)
  if (!output.hasFile) throw noOutput(id, state, attempt)
}

/**
 * Ends with the job, or with the attempt that is wanted. What it waits for is noted on standard
 * error, as is the beginning of another attempt.
 */
export async function followOutput(
  site: Site,
  id: string,
  wanted: number | undefined,
  session: Session,
): Promise<void> {
  const signal = stopSignal()
  const { terminal } = session
  const leaseMs = site.settings.lease_seconds * 1000
  await using watch = new FileWatch(site)
  watch.add(site.layout.job(id).state)
  let attempt = wanted ?? 1
  let output: FileFollower | undefined
  let isQuiet = false
  let toldOf = ''
  let told = ''
  for (;;) {
    const state = await readJobState(site, id)
    if (wanted === undefined && (output === undefined || !output.hasFile)) attempt = Math.max(1, state.attempt)
    const file = outputPath(site, id, attempt)
    if (!watch.has(file)) {
      watch.add(file)
      output = undefined
    }
    output ??= new FileFollower(site, file)
    await copyNews(site, id, attempt, output, session)
    if (signal.aborted) return
    if (wanted === undefined && state.attempt > attempt) {
      watch.drop(file)
      attempt += 1
      terminal.note(`bjob: attempt ${attempt} of ${id}`)
      continue
    }
    if (isEnded(state.state) || state.attempt > attempt) {
      if (!output.hasFile) throw noOutput(id, state, attempt)
      return
    }
    // The reasons of a waiting job are those at the beginning; a launcher may die at any time.
    const key = `${state.attempt} ${isOwned(state) ? 'runs' : 'waits'}`
    if (isQuiet && (key !== toldOf || isOwned(state))) {
      const reason = await explainSilence(site, id, state, output.hasFile)
      if (reason !== '' && reason !== told) terminal.note(`bjob: ${reason}`)
      toldOf = key
      told = reason
    }
    const changed = await watch.next({ signal, patienceMs: key === toldOf ? leaseMs : QUIET_MS })
    isQuiet = changed.size === 0
  }
}

/** @returns the reason why no output comes; empty if it may come at any moment */
async function explainSilence(site: Site, id: string, state: JobState, hasOutput: boolean): Promise<string> {
  const { explainJob } = await import('../../client/explain/explain-wait.ts')
  const [first = '', ...others] = await explainJob(site, id)
  if (!isOwned(state)) return `waiting for attempt ${state.attempt + 1} of ${id}: ${first}`
  const reasons = hasOutput ? others : [first, ...others]
  return reasons.length === 0 ? '' : `waiting for output of ${id}: ${reasons.join('; ')}`
}

function noOutput(id: string, state: JobState, attempt: number): BjobError {
  const { message, command } = describeAbsence(id, state, attempt)
  return requestError('no-such-file', message, { hint: `bjob ${command} ${id}` })
}

function describeAbsence(id: string, state: JobState, attempt: number): { message: string; command: string } {
  if (state.attempt === 0)
    return isEnded(state.state)
      ? { message: `${id} has no output: it is ${state.state} and never started`, command: 'history' }
      : { message: `${id} has no output yet: it has not started`, command: 'why' }
  if (attempt > state.attempt)
    return {
      message: `${id} has no attempt ${attempt}: it has had ${countOf(state.attempt, 'attempt')}`,
      command: 'log',
    }
  if (attempt === state.attempt && isOwned(state))
    return { message: `${id} has no output of attempt ${attempt} yet`, command: 'why' }
  return {
    message: `${id} has no output of attempt ${attempt}: ${outputName(attempt)} was deleted, or its program did not start`,
    command: 'history',
  }
}

async function copyNews(
  site: Site,
  id: string,
  attempt: number,
  output: FileFollower,
  { terminal }: Session,
): Promise<void> {
  await unlessGone(checkInside(site, outputPath(site, id, attempt)))
  for await (const bytes of output.read()) await terminal.pass(bytes)
}

/** From the facts of an attempt's end to the steps of the job's history: Balsam's rules (its launcher and transitions), with a retry limit. */
import { formatSeconds } from '../text/duration.ts'
import type { HistoryEntry, JobState } from './job-state.ts'
import type { Specification } from '../job/specification.ts'
import { type State, isEnded } from './states.ts'
import { type Ran, formatRan } from './usage.ts'

/** Why an attempt is over. */
export type Outcome =
  | ({ readonly kind: 'done' } & Ran)
  | ({ readonly kind: 'error'; readonly reason: string; readonly tail: string } & Ran)
  | Stop

/** Why an attempt was stopped, or not even begun: whatever its processes made of that. */
export type Stop =
  /** The allocation or the launcher ended before the job did. */
  | { readonly kind: 'interrupted'; readonly reason: string; readonly ran?: Ran }
  /** It ran for longer than its own `timeout_minutes`. */
  | { readonly kind: 'overran'; readonly minutes: number; readonly ran?: Ran }
  | { readonly kind: 'killed'; readonly by: string; readonly ran?: Ran }
  /** It could not be started, and trying again would not help. */
  | { readonly kind: 'impossible'; readonly reason: string; readonly ran?: Ran }
  /** Its owner stopped it because others may have taken it over. */
  | { readonly kind: 'lost'; readonly reason: string; readonly ran?: Ran }

type RetryDelay = Partial<Pick<Specification, 'retryDelaySeconds'>>

type Policy = Pick<Specification, 'maxRetries' | 'autoTimeoutRetry'> & RetryDelay

type HandlerPolicy = Pick<Specification, 'postErrorHandler' | 'postTimeoutHandler'>

/** How a hook of the application went, when nothing stopped it. */
export type HookResult =
  | { readonly kind: 'ok'; readonly seconds: number }
  | { readonly kind: 'failed'; readonly reason: string; readonly tail: string }

/** What a postprocess has said the job is to become. */
export interface Verdict {
  readonly state: State
  readonly message: string
}

/** The states that a postprocess may choose, where the table allows them. */
export const VERDICT_STATES = ['JOB_FINISHED', 'RESTART_READY', 'FAILED'] as const satisfies readonly State[]

/**
 * The steps that end an attempt.
 * @param failures how many attempts have failed before
 * @param now ISO 8601
 */
export function stepsFor(outcome: Outcome, policy: Policy, failures: number, now: string): HistoryEntry[] {
  const step = (state: State, message: string): HistoryEntry => ({ time: now, state, message })
  const retry = failures < policy.maxRetries
  switch (outcome.kind) {
    case 'done':
      return [step('RUN_DONE', `exit 0 ${formatRan(outcome)}`), step('JOB_FINISHED', '')]
    case 'error': {
      const what = `${outcome.reason} ${formatRan(outcome)}${outcome.tail === '' ? '' : `\n${outcome.tail}`}`
      const next = retry ? step('RESTART_READY', retryText(failures + 1, policy)) : step('FAILED', outcome.reason)
      return [step('RUN_ERROR', what), next]
    }
    case 'overran': {
      const what = `ran for longer than its timeout_minutes, ${outcome.minutes}`
      return [
        step('RUN_TIMEOUT', `${what}${endedText(outcome.ran)}`),
        retry ? step('RESTART_READY', retryText(failures + 1, policy)) : step('FAILED', what),
      ]
    }
    case 'interrupted':
      return [
        step('RUN_TIMEOUT', `${outcome.reason}${endedText(outcome.ran)}`),
        policy.autoTimeoutRetry
          ? step('RESTART_READY', '')
          : step('FAILED', `${outcome.reason}, and auto_timeout_retry is false`),
      ]
    case 'killed':
      return [
        step('USER_KILLED', `killed by ${outcome.by}${outcome.ran === undefined ? '' : ` ${formatRan(outcome.ran)}`}`),
      ]
    case 'impossible':
      return [step('FAILED', outcome.reason)]
    case 'lost':
      return [step('RESTART_READY', outcome.reason)]
  }
}

function endedText(ran: Ran | undefined): string {
  return ran === undefined ? '' : `: ended ${formatRan(ran)}`
}

/** Whether the application's postprocess decides what follows the first of the steps of `outcome`. */
export function isForPostprocess(outcome: Outcome, policy: HandlerPolicy): boolean {
  if (outcome.kind === 'done') return true
  if (outcome.kind === 'error') return policy.postErrorHandler
  return (outcome.kind === 'overran' || outcome.kind === 'interrupted') && policy.postTimeoutHandler
}

/** The steps after a preprocess: on to RUNNING, unless it failed. */
export function stepsAfterPreprocess(result: HookResult, now: string): HistoryEntry[] {
  if (result.kind === 'failed') return [failure('preprocess', result, now)]
  return [{ time: now, state: 'PREPROCESSED', message: `exit 0 after ${formatSeconds(result.seconds)}` }]
}

/** The steps after a postprocess of a job in `state`. One that handles an error or a timeout has to say what the job is to become. */
export function stepsAfterPostprocess(
  state: State,
  result: HookResult,
  verdict: Verdict | undefined,
  now: string,
): HistoryEntry[] {
  if (result.kind === 'failed') return [failure('postprocess', result, now)]
  const decided = verdict === undefined ? undefined : { time: now, ...verdict }
  if (state !== 'RUN_DONE') {
    const message = `its postprocess left it as it was, ${state}`
    return [decided ?? { time: now, state: 'FAILED', message }]
  }
  const processed = {
    time: now,
    state: 'POSTPROCESSED',
    message: `exit 0 after ${formatSeconds(result.seconds)}`,
  } as const
  if (decided?.state === 'FAILED') return [processed, decided]
  return [processed, decided ?? { time: now, state: 'JOB_FINISHED', message: '' }]
}

/** The steps of a job in `state` whose application has no postprocess (any more). */
export function stepsWithoutPostprocess(state: State, now: string): HistoryEntry[] {
  const step = (next: State, message: string): HistoryEntry[] => [{ time: now, state: next, message }]
  if (state === 'RUN_DONE') return step('JOB_FINISHED', '')
  const message = 'its application has no postprocess to handle this'
  return state === 'RUN_ERROR' ? step('FAILED', message) : step('RESTART_READY', message)
}

/** What a failed staging says first, in the history. */
const STAGING_FAILED = /^stage-(in|out) failed/

/**
 * The steps after files could not be staged, in `state`: it is tried again like an attempt that failed.
 * @param failures how often the job has failed before
 */
export function stepsAfterStaging(
  what: 'stage-in' | 'stage-out',
  state: State,
  result: HookResult & { kind: 'failed' },
  policy: Policy,
  failures: number,
  now: string,
): HistoryEntry[] {
  const reason = `${what} failed: ${result.reason}`
  const { tail } = result
  const said = `${reason}${tail === '' ? '' : `\n${tail}`}`
  if (failures >= policy.maxRetries) return [{ time: now, state: 'FAILED', message: said }]
  return [
    { time: now, state, message: `${reason}; ${retryText(failures + 1, policy)}${tail === '' ? '' : `\n${tail}`}` },
  ]
}

/** Whether all that is left of a job to be tried again is to stage its files out: its attempt and postprocess went well. */
export function isStageOutLeft({ state, history }: JobState): boolean {
  if (state === 'POSTPROCESSED') return true
  if (state !== 'RESTART_READY') return false
  const failure = history.findLast((entry) => entry.state === 'FAILED')
  const since = failure === undefined ? [] : history.slice(history.indexOf(failure))
  return failure?.message.startsWith('stage-out') === true && !since.some((entry) => entry.state === 'RUNNING')
}

/** The steps that give back what an owner leaves in `state`: an attempt that ran is over; before and after it, somebody else goes on from there. */
export function stepsOfRelease(state: State, reason: string, now: string): HistoryEntry[] {
  return [{ time: now, state: state === 'RUNNING' ? 'RESTART_READY' : state, message: reason }]
}

function failure(hook: string, { reason, tail }: HookResult & { kind: 'failed' }, now: string): HistoryEntry {
  return { time: now, state: 'FAILED', message: `${hook} ${reason}${tail === '' ? '' : `\n${tail}`}` }
}

/** A delay is not doubled beyond this. */
const LONGEST_DELAY_SECONDS = 3600

/**
 * When a job that goes on after a failure may be taken again: `retry_delay_seconds` after the first one, twice as long after each further one.
 * @param failures how many attempts have failed, this one included
 * @param now ISO 8601
 * @returns ISO 8601, or undefined for at once
 */
export function retryTime(failures: number, policy: RetryDelay, now: string): string | undefined {
  const seconds = delaySeconds(failures, policy)
  return seconds === 0 ? undefined : new Date(Date.parse(now) + seconds * 1000).toISOString()
}

function delaySeconds(failures: number, { retryDelaySeconds = 0 }: RetryDelay): number {
  if (failures === 0) return 0
  return Math.min(retryDelaySeconds * 2 ** (failures - 1), Math.max(retryDelaySeconds, LONGEST_DELAY_SECONDS))
}

function retryText(failures: number, policy: Policy): string {
  const seconds = delaySeconds(failures, policy)
  return `retry ${failures} of ${policy.maxRetries}${seconds === 0 ? '' : `, in ${formatSeconds(seconds)}`}`
}

/** How often attempts of a job have failed since a person last had it tried again. */
export function countFailures(history: readonly HistoryEntry[]): number {
  const last = history.findLastIndex(({ state }) => isEnded(state))
  return history.filter(({ state, message }, at) => {
    // Of several entries of one state, the first says what happened, the others are notes.
    if (at <= last) return false
    if (STAGING_FAILED.test(message)) return true
    if (history[at - 1]?.state === state) return false
    return state === 'RUN_ERROR' || (state === 'RUN_TIMEOUT' && message.startsWith('ran for longer'))
  }).length
}

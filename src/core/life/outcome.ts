/**
 * Derives the history steps from the end of an attempt: Balsam's rules (its launcher and
 * transitions), with a limit on retries.
 */
import type {
  EarlyStop,
  HistoryEvent,
  HookName,
  Impossible,
  Loss,
  ProcessEnd,
  Retry,
  StagingName,
  StepFault,
  Stopped,
} from './history-event.ts'
import type { HistoryEntry, JobState } from './job-state.ts'
import type { JobSpec } from '../job/job-spec.ts'
import { defined } from '../../lib/defined.ts'
import { type State, isEnded } from './states.ts'
import { type FinishedRun, figuresOf } from './usage.ts'

/** The end of an attempt. */
export type AttemptOutcome =
  | ({ readonly kind: 'done' } & FinishedRun)
  | ({ readonly kind: 'error'; readonly end: ProcessEnd; readonly tail: string } & FinishedRun)
  | Stop

/** The allocation or the launcher ended first. */
export interface Interruption {
  readonly kind: 'interrupted'
  readonly why: Exclude<Stopped['why'], 'killed'>
  /** The signal that the launcher received. */
  readonly by?: string
  readonly ran?: FinishedRun
}

/** The reason why an attempt was stopped or not started, regardless of its processes. */
export type Stop =
  | Interruption
  /** It exceeded its own `timeout_minutes`. */
  | { readonly kind: 'overran'; readonly minutes: number; readonly ran?: FinishedRun }
  | { readonly kind: 'killed'; readonly by: string; readonly early?: EarlyStop; readonly ran?: FinishedRun }
  /** It could not be started, and a retry would not help. */
  | ({ readonly kind: 'impossible'; readonly ran?: FinishedRun } & Omit<Impossible, 'kind'>)
  /**
   * Its end was not observed: its launcher, agent or node died, another launcher may own it, or its
   * node could not start it.
   */
  | { readonly kind: 'lost'; readonly loss: Loss; readonly ran?: FinishedRun }

type RetryDelay = Partial<Pick<JobSpec, 'retryDelaySeconds'>>

type Policy = Pick<JobSpec, 'maxRetries' | 'autoTimeoutRetry'> & RetryDelay

type HandlerPolicy = Pick<JobSpec, 'postErrorHandler' | 'postTimeoutHandler'>

/** The end of a hook that was not stopped. */
export type HookResult =
  | { readonly kind: 'ok'; readonly seconds: number }
  | { readonly kind: 'failed'; readonly fault: StepFault; readonly tail: string }

type FailedHook = Extract<HookResult, { kind: 'failed' }>

/** The state chosen by a postprocess. */
export interface Verdict {
  readonly state: State
  readonly message: string
}

/** The states that a postprocess may choose, if the table allows them. */
export const VERDICT_STATES = ['JOB_FINISHED', 'RESTART_READY', 'FAILED'] as const satisfies readonly State[]

/** An entry; without event and message it records a passed state. */
function entry(time: string, state: State, event?: HistoryEvent, message = ''): HistoryEntry {
  return defined({ time, state, event, message: message === '' ? undefined : message })
}

/**
 * The steps that end an attempt.
 * @param failures number of earlier failures
 * @param now ISO 8601
 */
export function stepsFor(outcome: AttemptOutcome, policy: Policy, failures: number, now: string): HistoryEntry[] {
  const step = (state: State, event?: HistoryEvent, message?: string): HistoryEntry => entry(now, state, event, message)
  const next = (failed: HistoryEvent): HistoryEntry =>
    failures < policy.maxRetries ? step('RESTART_READY', retryEvent(failures + 1, policy)) : step('FAILED', failed)
  switch (outcome.kind) {
    case 'done':
      return [step('RUN_DONE', { kind: 'ran', exit: 0, ...figuresOf(outcome) }), step('JOB_FINISHED')]
    case 'error': {
      const event = { kind: 'ran', ...outcome.end } as const
      return [step('RUN_ERROR', { ...event, ...figuresOf(outcome) }, outcome.tail), next(event)]
    }
    case 'overran': {
      const event = { kind: 'timed-out', minutes: outcome.minutes } as const
      return [step('RUN_TIMEOUT', { ...event, ...figuresOf(outcome.ran) }), next(event)]
    }
    case 'interrupted': {
      const event = { kind: 'stopped', ...reasonOf(outcome) } as const
      return [
        step('RUN_TIMEOUT', { ...event, ...figuresOf(outcome.ran) }),
        policy.autoTimeoutRetry ? step('RESTART_READY') : step('FAILED', event),
      ]
    }
    case 'killed':
      return [step('USER_KILLED', killEvent(outcome.by, outcome.early, outcome.ran))]
    case 'impossible':
      return [step('FAILED', impossibleEvent(outcome))]
    case 'lost':
      return [step('RESTART_READY', { kind: 'taken-back', ...outcome.loss })]
  }
}

/** A requested kill, or the early stop of an evaluation. */
export function killEvent(by: string, early?: EarlyStop, ran?: FinishedRun): HistoryEvent {
  const figures = figuresOf(ran)
  return early === undefined
    ? { kind: 'stopped', why: 'killed', by, ...figures }
    : { kind: 'stopped-early', ...early, ...figures }
}

function impossibleEvent({ error, reason }: Omit<Impossible, 'kind'>): Impossible {
  return { kind: 'impossible', ...defined({ error, reason }) }
}

function reasonOf({ why, by }: Interruption): Pick<Interruption, 'why' | 'by'> {
  return { why, ...defined({ by }) }
}

/** True if the postprocess decides what follows the first step of `outcome`. */
export function isForPostprocess(outcome: AttemptOutcome, policy: HandlerPolicy): boolean {
  if (outcome.kind === 'done') return true
  if (outcome.kind === 'error') return policy.postErrorHandler
  return (outcome.kind === 'overran' || outcome.kind === 'interrupted') && policy.postTimeoutHandler
}

/** The steps after a preprocess: to RUNNING, unless it failed. */
export function stepsAfterPreprocess(result: HookResult, now: string): HistoryEntry[] {
  if (result.kind === 'failed') return [failure('preprocess', result, now)]
  return [entry(now, 'PREPROCESSED', { kind: 'passed', hook: 'preprocess', seconds: result.seconds })]
}

/**
 * The steps after a postprocess in `state`. A handler of an error or timeout must choose the job's
 * state.
 */
export function stepsAfterPostprocess(
  state: State,
  result: HookResult,
  verdict: Verdict | undefined,
  now: string,
): HistoryEntry[] {
  if (result.kind === 'failed') return [failure('postprocess', result, now)]
  const decided =
    verdict === undefined
      ? undefined
      : entry(now, verdict.state, { kind: 'verdict', hook: 'postprocess' }, verdict.message)
  if (state !== 'RUN_DONE') return [decided ?? entry(now, 'FAILED', { kind: 'unhandled', left: state })]
  const passed = { kind: 'passed', hook: 'postprocess', seconds: result.seconds } as const
  return [entry(now, 'POSTPROCESSED', passed), decided ?? entry(now, 'JOB_FINISHED')]
}

/** The steps in `state` if the application has no postprocess. */
export function stepsWithoutPostprocess(state: State, now: string): HistoryEntry[] {
  if (state === 'RUN_DONE') return [entry(now, 'JOB_FINISHED')]
  return [entry(now, state === 'RUN_ERROR' ? 'FAILED' : 'RESTART_READY', { kind: 'unhandled' })]
}

/**
 * The steps after a failed transfer in `state`, which is retried like a failed attempt.
 * @param failures number of earlier failures
 */
export function stepsAfterStaging(
  step: StagingName,
  state: State,
  { fault, tail }: FailedHook,
  policy: Policy,
  failures: number,
  now: string,
): HistoryEntry[] {
  const event = { kind: 'not-staged', step, ...fault } as const
  if (failures >= policy.maxRetries) return [entry(now, 'FAILED', event, tail)]
  const { kind: _, ...retry } = retryEvent(failures + 1, policy)
  return [entry(now, state, { ...event, ...retry }, tail)]
}

/** True if only stage-out remains to be retried: attempt and postprocess succeeded. */
export function isStageOutLeft({ state, history }: JobState): boolean {
  if (state === 'POSTPROCESSED') return true
  if (state !== 'RESTART_READY') return false
  const at = history.findLastIndex((one) => one.state === 'FAILED')
  const event = history[at]?.event
  const isOfStaging = event?.kind === 'not-staged' && event.step === 'stage-out'
  return isOfStaging && !history.slice(at).some((one) => one.state === 'RUNNING')
}

/**
 * The steps that release a job in `state`: a running attempt is over; before and after it, another
 * launcher continues.
 */
export function stepsOfRelease(state: State, loss: Loss, now: string): HistoryEntry[] {
  return [entry(now, state === 'RUNNING' ? 'RESTART_READY' : state, { kind: 'taken-back', ...loss })]
}

function failure(hook: HookName, { fault, tail }: FailedHook, now: string): HistoryEntry {
  return entry(now, 'FAILED', { kind: 'hook-failed', hook, ...fault }, tail)
}

/** Upper limit of the doubled delay. */
const LONGEST_DELAY_SECONDS = 3600

/**
 * Earliest time of the next claim after a failure: `retry_delay_seconds` after the first, doubled
 * each time.
 * @param failures number of failures, including this one
 * @param now ISO 8601
 * @returns ISO 8601, or undefined for immediately
 */
export function retryTime(failures: number, policy: RetryDelay, now: string): string | undefined {
  const seconds = delaySeconds(failures, policy)
  return seconds === 0 ? undefined : new Date(Date.parse(now) + seconds * 1000).toISOString()
}

function delaySeconds(failures: number, { retryDelaySeconds = 0 }: RetryDelay): number {
  if (failures === 0) return 0
  return Math.min(retryDelaySeconds * 2 ** (failures - 1), Math.max(retryDelaySeconds, LONGEST_DELAY_SECONDS))
}

function retryEvent(failures: number, policy: Policy): Retry {
  const delay = delaySeconds(failures, policy)
  return { kind: 'retry', count: failures, of: policy.maxRetries, ...(delay === 0 ? {} : { delay }) }
}

/** Number of failed attempts since the last manual retry. */
export function countFailures(history: readonly HistoryEntry[]): number {
  const last = history.findLastIndex(({ state }) => isEnded(state))
  return history.filter(({ state, event }, at) => {
    if (at <= last) return false
    if (event?.kind === 'not-staged') return true
    // The first entry of a state records the event; further ones are notes.
    if (history[at - 1]?.state === state) return false
    return state === 'RUN_ERROR' || (state === 'RUN_TIMEOUT' && event?.kind === 'timed-out')
  }).length
}

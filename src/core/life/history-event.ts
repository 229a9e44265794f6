/**
 * Typed events of a job's history. All decisions and figures use them; `event-words.ts` generates
 * messages, which are never parsed. Field names are single words, so that an event is the same
 * object in memory, in state.yaml and in the journal.
 */
import type { State } from './states.ts'

/** Figures of a completed run. `bound` marks `cpu` as a lower or upper limit. */
export interface RunFigures {
  /** Wall time. */
  readonly seconds?: number
  /** User and system time, in seconds. */
  readonly cpu?: number
  readonly bound?: 'least' | 'most'
  /** Peak memory, in MiB. */
  readonly memory?: number
}

/** The end of processes. */
export interface ProcessEnd {
  readonly exit?: number
  readonly signal?: string
  /**
   * The kernel ran out of memory: it killed this job (`here`) or another process of the node
   * (`near`).
   */
  readonly oom?: 'here' | 'near'
}

/** The failure of a hook or a transfer. */
export interface StepFault extends ProcessEnd {
  /** Command of a failed transfer. */
  readonly program?: string
  /** Setting of the exceeded time limit, and its value. */
  readonly limit?: string
  readonly seconds?: number
  /** The operating system's message on a failed start. */
  readonly error?: string
  /** Reason for a refusal. */
  readonly reason?: string
}

export type HookName = 'preprocess' | 'postprocess'
export type StagingName = 'stage-in' | 'stage-out'

/** Another attempt follows: failure `count` of at most `of`, after `delay` seconds. */
interface RetryFigures {
  readonly count: number
  readonly of: number
  readonly delay?: number
}

/** A user, job or launcher, as shown by `bjob history`. */
type Actor = string

export interface Born {
  readonly kind: 'born'
  readonly by: Actor
  /**
   * Files provided at spawn, only if `input_files` has globs, which would later match the job's own
   * files.
   */
  readonly inputs?: readonly string[]
}

/** `parents`: the first few of `count`. */
export interface Waits {
  readonly kind: 'waits'
  readonly parents: readonly string[]
  readonly count: number
}

export interface Claimed {
  readonly kind: 'claimed'
  /** The step that starts. */
  readonly step: 'attempt' | HookName | StagingName
  /** Number of the starting attempt. */
  readonly attempt?: number
  /** As a host list. */
  readonly nodes: string
  /** Sum over all nodes; fractional where jobs share cores. */
  readonly cores: number
  readonly gpus?: number
  /** The command as a shell line: variables set by bjob except BJOB_ ones, and the words. */
  readonly command?: string
}

export interface Ran extends ProcessEnd, RunFigures {
  readonly kind: 'ran'
}

/** A hook succeeded. */
export interface Passed {
  readonly kind: 'passed'
  readonly hook: HookName
  readonly seconds: number
}

export interface HookFailed extends StepFault {
  readonly kind: 'hook-failed'
  readonly hook: HookName
}

/**
 * `files`: the first few of `count`. `outside`: links that lead out of the site and stay links.
 * `unmatched`: globs without a match.
 */
export interface Staged {
  readonly kind: 'staged'
  readonly step: StagingName
  readonly files: readonly string[]
  readonly count: number
  readonly to?: string
  readonly outside?: readonly string[]
  readonly unmatched?: readonly string[]
}

export interface NotStaged extends StepFault, Partial<RetryFigures> {
  readonly kind: 'not-staged'
  readonly step: StagingName
}

/** Globs of `input_files` without a match among the parents' files. */
export interface Unmatched {
  readonly kind: 'unmatched'
  readonly patterns: readonly string[]
}

/** A postprocess chose this state; the entry's message is its own. */
export interface VerdictGiven {
  readonly kind: 'verdict'
  readonly hook: HookName
}

/**
 * No postprocess decided about a failure; `left`: the state in which an existing postprocess left
 * the job.
 */
export interface Unhandled {
  readonly kind: 'unhandled'
  readonly left?: State
}

/** It exceeded its own `timeout_minutes`. */
export interface TimedOut extends RunFigures {
  readonly kind: 'timed-out'
  readonly minutes: number
}

/**
 * It was stopped: killed by a user, or by the end of its launcher. `by`: the user, or the
 * launcher's signal.
 */
export interface Stopped extends RunFigures {
  readonly kind: 'stopped'
  readonly why: 'killed' | 'walltime' | 'requested' | 'idle'
  readonly by?: Actor
}

/** The last report of an evaluation that `bjob tune` stopped. */
export interface EarlyStop {
  readonly step: number
  /** null: diverged (NaN). */
  readonly value: number | null
  /** Rank of its value among `count`, 1 being the best. */
  readonly place: number
  readonly count: number
}

export interface StoppedEarly extends EarlyStop, RunFigures {
  readonly kind: 'stopped-early'
}

/** Reasons why a launcher released an unfinished job. */
export type LossReason =
  /** Gone, or (`silent`) without a new beat for so many seconds. */
  | 'launcher-died'
  /** It had recorded its end and the `reason`. */
  | 'launcher-ended'
  /** It could not renew its own lease. */
  | 'lease-lost'
  | 'agent-died'
  | 'node-lost'
  | 'node-error'
  | 'walltime'
  | 'requested'
  | 'idle'
  /** Its job.yaml changed during the claim. */
  | 'job-changed'

/** The job has no owner; if it ran, it runs again. */
export interface Loss {
  readonly why: LossReason
  readonly node?: string
  /** The signal that the launcher received. */
  readonly by?: Actor
  readonly silent?: number
  readonly reason?: string
}

/** `deaths` and `limit`: it fails, because it has reached `crash_limit`. */
export interface TakenBack extends Loss {
  readonly kind: 'taken-back'
  readonly deaths?: number
  readonly limit?: number
}

/** It failed and will be retried. */
export interface Retry extends RetryFigures {
  readonly kind: 'retry'
}

/** A user requested a retry. */
export interface Retried {
  readonly kind: 'retried'
  readonly by: Actor
}

/** It can never run. */
export interface Impossible {
  readonly kind: 'impossible'
  /** The operating system's message on the failed start. */
  readonly error?: string
  readonly reason?: string
}

/** A parent did not finish (`state`), was removed (neither), or cannot be read (`reason`). */
export interface Orphaned {
  readonly kind: 'orphaned'
  readonly parent: string
  readonly state?: State
  readonly reason?: string
}

export interface Removed {
  readonly kind: 'removed'
  readonly by: Actor
}

export type HistoryEvent =
  | Born
  | Waits
  | Claimed
  | Ran
  | Passed
  | HookFailed
  | Staged
  | NotStaged
  | Unmatched
  | VerdictGiven
  | Unhandled
  | TimedOut
  | Stopped
  | StoppedEarly
  | TakenBack
  | Retry
  | Retried
  | Impossible
  | Orphaned
  | Removed

/** The first few of many names and their number, for a history. */
export function fewOf<Name extends string>(
  names: readonly Name[],
): { readonly first: readonly Name[]; readonly count: number } {
  return { first: names.slice(0, 3), count: names.length }
}

export function waitsFor(parents: readonly string[]): Waits {
  const { first, count } = fewOf(parents)
  return { kind: 'waits', parents: first, count }
}

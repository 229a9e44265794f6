/**
 * Typed facts of a job's history. Every decision and every figure is made from these; the words that people read are made from them in
 * `event-words.ts` and are never read back. Field names are single words: an event is the same object in memory, in state.yaml and in the journal.
 */
import type { State } from './states.ts'

/** Figures of a run that is over. `bound` says that `cpu` is a lower or an upper limit. */
export interface RunFigures {
  /** Wall time. */
  readonly seconds?: number
  /** User and system time, in seconds. */
  readonly cpu?: number
  readonly bound?: 'least' | 'most'
  /** Peak memory, in MiB. */
  readonly memory?: number
}

/** How processes ended. */
export interface ProcessEnd {
  readonly exit?: number
  readonly signal?: string
  /** The kernel ran out of memory: `here` it killed this job, `near` it killed another process of the node. */
  readonly oom?: 'here' | 'near'
}

/** Why a hook or a transfer did not succeed. */
export interface StepFault extends ProcessEnd {
  /** The command of a transfer that failed. */
  readonly program?: string
  /** The setting whose time limit was exceeded, and its value. */
  readonly limit?: string
  readonly seconds?: number
  /** Why it could not be started: the operating system's words. */
  readonly error?: string
  /** Why it was refused. */
  readonly reason?: string
}

export type HookName = 'preprocess' | 'postprocess'
export type StagingName = 'stage-in' | 'stage-out'

/** One more attempt is allowed: failure `count` of at most `of`, taken again after `delay` seconds. */
interface RetryFigures {
  readonly count: number
  readonly of: number
  readonly delay?: number
}

/** A person, job or launcher, as `bjob history` names it. */
type Actor = string

export interface Born {
  readonly kind: 'born'
  readonly by: Actor
  /** The files that came with it. Only where `input_files` has globs: later, these would match what the job itself has written. */
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
  /** What begins. */
  readonly step: 'attempt' | HookName | StagingName
  /** The number of the attempt that begins. */
  readonly attempt?: number
  /** As a host list. */
  readonly nodes: string
  /** Of all nodes together; not whole where jobs share cores. */
  readonly cores: number
  readonly gpus?: number
  /** What is run, as a shell would take it: bjob's variables, beside its BJOB_ ones, and the words. */
  readonly command?: string
}

export interface Ran extends ProcessEnd, RunFigures {
  readonly kind: 'ran'
}

/** A hook ended well. */
export interface Passed {
  readonly kind: 'passed'
  readonly hook: HookName
  readonly seconds: number
}

export interface HookFailed extends StepFault {
  readonly kind: 'hook-failed'
  readonly hook: HookName
}

/** `files`: the first few of `count`. `outside`: links that lead out of the site and stay links. `unmatched`: globs without a file. */
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

/** Globs of `input_files` that no parent's file matches. */
export interface Unmatched {
  readonly kind: 'unmatched'
  readonly patterns: readonly string[]
}

/** A postprocess chose this state; the entry's message has its own words. */
export interface VerdictGiven {
  readonly kind: 'verdict'
  readonly hook: HookName
}

/** No postprocess decided about a failure; `left`: there was one, and it left the job in this state. */
export interface Unhandled {
  readonly kind: 'unhandled'
  readonly left?: State
}

/** It ran for longer than its own `timeout_minutes`. */
export interface TimedOut extends RunFigures {
  readonly kind: 'timed-out'
  readonly minutes: number
}

/** It was stopped: killed by a person, or its launcher came to an end. `by`: the person, or the signal that the launcher got. */
export interface Stopped extends RunFigures {
  readonly kind: 'stopped'
  readonly why: 'killed' | 'walltime' | 'requested' | 'idle'
  readonly by?: Actor
}

/** What an evaluation had reported when `bjob tune` stopped it. */
export interface EarlyStop {
  readonly step: number
  /** null: it had diverged (NaN). */
  readonly value: number | null
  /** Its value was the `place`-th of `count`, 1 being the best. */
  readonly place: number
  readonly count: number
}

export interface StoppedEarly extends EarlyStop, RunFigures {
  readonly kind: 'stopped-early'
}

/** Why a launcher let go of a job that had not ended. */
export type LossReason =
  /** Gone, or (`silent`) without a new beat for so many seconds. */
  | 'launcher-died'
  /** It had said that it ended, and why (`reason`). */
  | 'launcher-ended'
  /** It could not renew its own lease. */
  | 'lease-lost'
  | 'agent-died'
  | 'node-lost'
  | 'node-error'
  | 'walltime'
  | 'requested'
  | 'idle'
  /** Its job.yaml was changed while it was claimed. */
  | 'job-changed'

/** The job is nobody's again; if it ran, it runs again. */
export interface Loss {
  readonly why: LossReason
  readonly node?: string
  /** The signal that a launcher got. */
  readonly by?: Actor
  readonly silent?: number
  readonly reason?: string
}

/** `deaths` and `limit`: it is not tried again, as what ran it has died that often, and `crash_limit` allows no more. */
export interface TakenBack extends Loss {
  readonly kind: 'taken-back'
  readonly deaths?: number
  readonly limit?: number
}

/** It failed, and is tried again. */
export interface Retry extends RetryFigures {
  readonly kind: 'retry'
}

/** A person had it tried again. */
export interface Retried {
  readonly kind: 'retried'
  readonly by: Actor
}

/** It cannot be run at all. */
export interface Impossible {
  readonly kind: 'impossible'
  /** The operating system's words on why it could not be started. */
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

/** The first few of many names, and how many there are: enough for a history. */
export function fewOf<Name extends string>(
  names: readonly Name[],
): { readonly first: readonly Name[]; readonly count: number } {
  return { first: names.slice(0, 3), count: names.length }
}

export function waitsFor(parents: readonly string[]): Waits {
  const { first, count } = fewOf(parents)
  return { kind: 'waits', parents: first, count }
}

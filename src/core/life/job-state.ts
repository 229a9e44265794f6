/**
 * The content of `state.yaml`, and the only module that changes it. A change is pure;
 * `site/job/revision.ts` commits it.
 */
import { BjobError } from '../text/errors.ts'
import { defined } from '../../lib/defined.ts'
import type { EarlyStop, HistoryEvent } from './history-event.ts'
import type { DeathKind } from './deaths.ts'
import { type State, isEnded, leadsTo } from './states.ts'

export interface HistoryEntry {
  /** ISO 8601, UTC, from the clock of the node where it happened. */
  readonly time: string
  readonly state: State
  /**
   * The event, which `wordsOf` (event-words.ts) turns into a message. Undefined if only a foreign
   * message is known, or nothing.
   */
  readonly event?: HistoryEvent
  /**
   * A message that is not bjob's: the tail of an output, or a hook's. It is shown but never parsed.
   */
  readonly message?: string
}

/**
 * Where a job stands, beside its history. The journal has these of each change, the index of each
 * job.
 */
export interface StateFacts {
  /** Number of this content; each number is committed at most once (see `site/job/revision.ts`). */
  readonly revision: number
  readonly state: State
  /** Number of starts. */
  readonly attempt: number
  /** The owner or, for an ended job, the last owner. Undefined while it has none. */
  readonly launcher?: string
  /** Source of a kill request that the owner has not yet carried out. */
  readonly kill?: string
  /** With `kill`: the last report of an evaluation, for which it is stopped. */
  readonly early?: EarlyStop
  /** ISO 8601: earliest time of the next claim, while it is in this state and has no owner. */
  readonly notBefore?: string
  /** Deaths during its runs since the last manual retry (see `deaths.ts`). */
  readonly deaths?: readonly DeathKind[]
}

export interface JobState extends StateFacts {
  /** Source of a removal: no further change is allowed, and the folder moves to the trash next. */
  readonly removed?: string
  /**
   * This revision also changed job.yaml: owner of the draft to read until it is in place (see
   * `site/job/revision.ts`).
   */
  readonly amended?: string
  readonly history: readonly HistoryEntry[]
}

/** Other effects of a change; `undefined` removes a value. */
export interface Alteration {
  readonly attempt?: number
  readonly launcher?: string | undefined
  readonly kill?: string | undefined
  readonly early?: EarlyStop | undefined
  readonly notBefore?: string | undefined
  readonly deaths?: readonly DeathKind[] | undefined
  readonly removed?: string
}

/** The facts alone, in the order of the journal. */
export function factsOf({
  revision,
  state,
  attempt,
  launcher,
  kill,
  early,
  notBefore,
  deaths,
}: StateFacts): StateFacts {
  return defined({ revision, state, attempt, launcher, kill, early, notBefore, deaths })
}

/** Time of creation, which distinguishes the job from an earlier one of the same id. */
export function bornAt(state: JobState): string {
  return state.history[0]?.time ?? ''
}

/** True if a launcher owns the job. */
export function isOwned(state: JobState): boolean {
  return state.launcher !== undefined && !isEnded(state.state)
}

/**
 * The state after `steps`. Each step is a legal transition from the previous one, possibly skipping
 * empty steps, or a note: an entry in the current state.
 * @throws BjobError `illegal-transition` for a step that is not in the table, which is a bug
 */
export function advance(current: JobState, steps: readonly HistoryEntry[], alteration: Alteration = {}): JobState {
  let state = current.state
  for (const step of steps) {
    if (step.state !== state && !leadsTo(state, step.state)) {
      throw new BjobError('site', 'illegal-transition', `a job cannot go from ${state} to ${step.state}`)
    }
    state = step.state
  }
  const isLeft = state !== current.state || alteration.launcher !== undefined
  const { amended: _, ...altered } = { ...current, ...(isLeft ? { notBefore: undefined } : {}), ...alteration }
  return defined({
    ...altered,
    early: altered.kill === undefined ? undefined : altered.early,
    state,
    revision: current.revision + 1,
    history: [...current.history, ...steps],
  })
}

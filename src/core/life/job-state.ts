/**
 * What has happened to a job: the content of `state.yaml`, and the only place that changes it. A change is pure; `site/job/revision.ts`
 * makes it real.
 */
import { BjobError } from '../text/errors.ts'
import { defined } from '../../lib/defined.ts'
import type { EarlyStop, HistoryEvent } from './history-event.ts'
import type { DeathKind } from './deaths.ts'
import { type State, isEnded, leadsTo } from './states.ts'

export interface HistoryEntry {
  /** ISO 8601, UTC, as the clock of the node where it happened had it. */
  readonly time: string
  readonly state: State
  /** The fact; `wordsOf` (event-words.ts) makes words of it. Absent where only somebody's own words are known, or nothing is to be said. */
  readonly event?: HistoryEvent
  /** Words that are not bjob's: the tail of an output, what a hook said. They are shown and never read back. */
  readonly message?: string
}

/** Where a job stands, beside its history. The journal has these of each change, the index of each job. */
export interface StateFacts {
  /** Numbers this content; each number is made at most once (see `site/job/revision.ts`). */
  readonly revision: number
  readonly state: State
  /** How often the job has been started. */
  readonly attempt: number
  /** Who owns it, or, once ended, who had it last. Absent while nobody does. */
  readonly launcher?: string
  /** Who asked for it to be killed, while its owner has not done so yet. */
  readonly kill?: string
  /** With `kill`: what an evaluation of a search had come to, which is why it is stopped. */
  readonly early?: EarlyStop
  /** ISO 8601: no launcher takes it before that. Holds while it is in this state and nobody's. */
  readonly notBefore?: string
  /** What has died while it ran the job, since a person last had it tried again (see `deaths.ts`). */
  readonly deaths?: readonly DeathKind[]
}

export interface JobState extends StateFacts {
  /** Who removes it: nothing else may happen to it any more, and its folder goes to the trash next. */
  readonly removed?: string
  /** This revision changed job.yaml, too: whose draft has its new text until that is in place (see `site/job/revision.ts`). */
  readonly amended?: string
  readonly history: readonly HistoryEntry[]
}

/** What a change does beside adding to the history; `undefined` takes a value away. */
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

/** When the job was made: what tells it from an earlier job of the same id. */
export function bornAt(state: JobState): string {
  return state.history[0]?.time ?? ''
}

/** Whether a launcher has the job now. */
export function isOwned(state: JobState): boolean {
  return state.launcher !== undefined && !isEnded(state.state)
}

/**
 * The state after `steps`, each a legal transition from the one before (steps with nothing to do may be left out), or a note: an entry of
 * the state that the job is in, which says what else happened there.
 * @throws BjobError `illegal-transition` on a step that the table does not have: a fault of bjob's own
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

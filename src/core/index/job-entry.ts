/**
 * A job in the index: its state and its specification. The only place that turns a state or an
 * event into an entry.
 */
import type { JobId } from '../job/id.ts'
import { type JobSpec, UNKNOWN_SPEC } from '../job/job-spec.ts'
import { defined } from '../../lib/defined.ts'
import { type ShownState, isEnded } from '../life/states.ts'
import { type JobState, type StateFacts, bornAt } from '../life/job-state.ts'

export interface JobEntry extends Omit<StateFacts, 'early'> {
  readonly id: JobId
  /** Distinguishes this job from an earlier one of the same id. */
  readonly born: string
  /** Time of the last change on its writer's clock. */
  readonly changed: string
  /** Reason why it cannot run: its files are damaged. */
  readonly broken?: string
  /** Undefined until the line of its birth has been seen. */
  readonly spec?: JobSpec
}

export function entryOf(id: JobId, state: JobState, spec?: JobSpec): JobEntry {
  const born = bornAt(state)
  return createEntry(id, born, state, state.history.at(-1)?.time ?? born, spec)
}

type Optional = 'launcher' | 'kill' | 'notBefore' | 'deaths'
/** The fields of a state in an entry; `undefined` means absent. */
type EntryFacts = Omit<StateFacts, Optional> & { readonly [Key in Optional]?: StateFacts[Key] | undefined }

export function createEntry(
  id: JobId,
  born: string,
  { revision, state, attempt, launcher, kill, notBefore, deaths }: EntryFacts,
  changed: string,
  spec: JobSpec | undefined,
): JobEntry {
  if (spec === undefined || kill !== undefined || notBefore !== undefined || deaths !== undefined)
    return defined({ id, born, revision, state, attempt, launcher, kill, notBefore, deaths, changed, spec })
  // There may be a million: V8 stores the properties of a literal in the object itself.
  if (launcher === undefined) return { id, born, revision, state, attempt, changed, spec }
  return { id, born, revision, state, attempt, changed, spec, launcher }
}

/** The state for lists and filters. A fault of an ended job's files has no effect. */
export function shownState({ state, broken }: Pick<JobEntry, 'state' | 'broken'>): ShownState {
  return broken === undefined || isEnded(state) ? state : 'BROKEN'
}

/** The specification; defaults until the birth has been seen. */
export function specOf({ spec = UNKNOWN_SPEC }: Pick<JobEntry, 'spec'>): JobSpec {
  return spec
}

/** A job as the index has it: where it stands, and what is asked of it. The one place where a state or an event becomes an entry. */
import type { JobId } from '../job/id.ts'
import { type JobSpec, UNKNOWN_SPEC } from '../job/job-spec.ts'
import { defined } from '../../lib/defined.ts'
import { type JobState, type StateFacts, bornAt } from '../life/job-state.ts'

export interface JobEntry extends Omit<StateFacts, 'early'> {
  readonly id: JobId
  /** Tells this job from an earlier one of the same id. */
  readonly born: string
  /** When the last change was made, as its writer's clock had it. */
  readonly changed: string
  /** Why it cannot be run: its files are damaged. */
  readonly broken?: string
  /** Absent when the line of its birth has not been seen. */
  readonly spec?: JobSpec
}

export function entryOf(id: JobId, state: JobState, spec?: JobSpec): JobEntry {
  const born = bornAt(state)
  return createEntry(id, born, state, state.history.at(-1)?.time ?? born, spec)
}

type Optional = 'launcher' | 'kill' | 'notBefore' | 'deaths'
/** A state's facts as an entry has them; `undefined` is absent. */
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
  // There are a million of these: V8 stores what a literal names in the object itself.
  if (launcher === undefined) return { id, born, revision, state, attempt, changed, spec }
  return { id, born, revision, state, attempt, changed, spec, launcher }
}

/** What is asked of the job; of one whose birth has not been seen, the defaults. */
export function specOf({ spec = UNKNOWN_SPEC }: Pick<JobEntry, 'spec'>): JobSpec {
  return spec
}

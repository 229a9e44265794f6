/** A job as the index has it: where it stands, and what is asked of it. The one place where a state or an event becomes an entry. */
import type { JobId } from '../job/id.ts'
import { type JobSpec, UNKNOWN_SPEC } from '../job/job-spec.ts'
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

export function createEntry(id: JobId, born: string, facts: StateFacts, changed: string, spec?: JobSpec): JobEntry {
  const { revision, state, attempt, launcher, kill, notBefore, deaths } = facts
  // There are a million of these: no key without a value, and no copy made on the way.
  const entry: { -readonly [Key in keyof JobEntry]: JobEntry[Key] } = { id, born, revision, state, attempt, changed }
  if (launcher !== undefined) entry.launcher = launcher
  if (kill !== undefined) entry.kill = kill
  if (notBefore !== undefined) entry.notBefore = notBefore
  if (deaths !== undefined) entry.deaths = deaths
  if (spec !== undefined) entry.spec = spec
  return entry
}

/** What is asked of the job; of one whose birth has not been seen, the defaults. */
export function specOf({ spec = UNKNOWN_SPEC }: Pick<JobEntry, 'spec'>): JobSpec {
  return spec
}

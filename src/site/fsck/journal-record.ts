/** The journals' complete record of some jobs, sufficient to restore a lost state.yaml. */
import type { JobEvent } from '../../core/index/journal-events.ts'
import type { JobId } from '../../core/job/id.ts'
import { JobIndex } from '../../core/index/job-index.ts'
import { type JobState, factsOf } from '../../core/life/job-state.ts'
import type { JobSpec } from '../../core/job/job-spec.ts'
import { JournalReader } from '../journal/journal-reader.ts'
import type { Site } from '../site.ts'

export interface JobRecord {
  readonly spec: JobSpec | undefined
  /** Events of the job that has the name now, by revision. */
  readonly events: readonly JobEvent[]
}

/**
 * Reads all journals from the beginning, which is slow but complete. Withdrawn announcements are
 * skipped.
 */
export async function readRecords(site: Site, ids: ReadonlySet<JobId>): Promise<Map<JobId, JobRecord>> {
  const announced = new Map<string, JobEvent>()
  const index = new JobIndex()
  await new JournalReader(site).poll((line) => {
    const { by, n, event, void: voided } = line
    const isAsked = event !== undefined && ids.has(event.id)
    if (isAsked || event === undefined) index.apply(line)
    if (isAsked && event.broken === undefined) announced.set(`${by} ${n}`, event)
    for (const number of voided ?? []) announced.delete(`${by} ${number}`)
  })
  const byId = new Map<JobId, JobEvent[]>()
  for (const event of announced.values()) byId.set(event.id, [...(byId.get(event.id) ?? []), event])
  const records = new Map<JobId, JobRecord>()
  for (const [id, all] of byId) {
    // An announced removal may not have happened.
    const born = index.get(id)?.born ?? all.at(-1)?.born
    const events = all
      .filter((event) => event.born === born && event.removed !== true)
      .sort((one, other) => one.revision - other.revision)
    records.set(id, { spec: events.findLast(({ spec }) => spec !== undefined)?.spec, events })
  }
  return records
}

/**
 * Folds events into a state.
 * @param upTo the last committed revision, if still readable
 * @returns undefined if the birth is missing
 */
export function foldEvents(events: readonly JobEvent[], upTo = Infinity): JobState | undefined {
  const made = new Map<number, JobEvent>()
  for (const event of events) {
    const known = made.get(event.revision)
    // A recovered event has the whole history; other events add to it.
    if (event.revision <= upTo && (known === undefined || event.recovered !== true)) made.set(event.revision, event)
  }
  let state: JobState | undefined
  for (const event of made.values()) {
    if (state === undefined && event.history[0]?.time !== event.born) return undefined
    state = {
      ...factsOf(event),
      history: event.recovered === true ? event.history : [...(state?.history ?? []), ...event.history],
    }
  }
  return state
}

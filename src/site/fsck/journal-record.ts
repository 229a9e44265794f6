/** What the journals say of some jobs, from their first line to the newest: enough to write a lost state.yaml again. */
import type { JobEvent } from '../../core/index/journal-events.ts'
import type { JobId } from '../../core/job/id.ts'
import { JobIndex } from '../../core/index/job-index.ts'
import { type JobState, factsOf } from '../../core/life/job-state.ts'
import type { JobSpec } from '../../core/job/job-spec.ts'
import { JournalReader } from '../journal/journal-reader.ts'
import type { Site } from '../site.ts'

export interface JobRecord {
  readonly spec: JobSpec | undefined
  /** Of the job that has the name now, by revision. */
  readonly events: readonly JobEvent[]
}

/** Reads all journals from the beginning: slow, and right. Announcements that came to nothing are left out. */
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
    // A removal that was announced may not have been made.
    const born = index.get(id)?.born ?? all.at(-1)?.born
    const events = all
      .filter((event) => event.born === born && event.removed !== true)
      .sort((one, other) => one.revision - other.revision)
    records.set(id, { spec: events.findLast(({ spec }) => spec !== undefined)?.spec, events })
  }
  return records
}

/**
 * The state that the events lead to.
 * @param upTo the last revision that was made, where that can still be read
 * @returns undefined when the birth is not among them
 */
export function foldEvents(events: readonly JobEvent[], upTo = Infinity): JobState | undefined {
  const made = new Map<number, JobEvent>()
  for (const event of events) {
    const known = made.get(event.revision)
    // One told again has the whole history; the others add to it.
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

/**
 * The lines of the journal. A line announces a change before it is made; the same writer confirms
 * it later (`done`). A reader has to check the folders only of unconfirmed changes, whose writer
 * died in between.
 */
import type { JobId } from '../job/id.ts'
import { type HistoryEntry, type JobState, type StateFacts, bornAt, factsOf } from '../life/job-state.ts'
import { type JobSpec, type SpecRecord, decodeSpec } from '../job/job-spec.ts'
import { isState } from '../life/states.ts'
import { entryOfWords } from '../life/format-one.ts'
import { defined } from '../../lib/defined.ts'
import { FORMATS, checkFormat } from '../text/formats.ts'

/** One change of one job. */
export interface JobEvent extends StateFacts {
  readonly id: JobId
  /** Distinguishes this job from an earlier one of the same id: time of its first history entry. */
  readonly born: string
  /** Reason why the job cannot run: its files are damaged. Ends with the next change. */
  readonly broken?: string
  /** The job's folder has been moved away. */
  readonly removed?: true
  /** Reported by `bjob fsck` from the folder; counted ends may include it already. */
  readonly recovered?: true
  /** Repeated by its writer after the journal was removed. */
  readonly again?: true
  /** The fields of job.yaml, at birth and after an edit. */
  readonly spec?: JobSpec
  /** The history entries that this change adds, sufficient to restore a torn state.yaml. */
  readonly history: readonly HistoryEntry[]
}

export interface JournalLine {
  /** The writing process. */
  readonly by: string
  /** Numbers the events of `by` from 1; absent on a line with confirmations only. */
  readonly n?: number
  readonly event?: JobEvent
  /** All events of `by` up to this number are decided: made, or listed in `void`. */
  readonly done?: number
  /** Events of `by` that were announced but not made. */
  readonly void?: readonly number[]
}

/** The event that announces `next`; `since` is the previous number of history entries. */
export function toEvent(id: JobId, next: JobState, since: number, spec?: JobSpec): JobEvent {
  return {
    id,
    born: bornAt(next),
    ...factsOf(next),
    ...defined({ spec }),
    history: next.history.slice(since),
  }
}

/** One line of JSON with its newline. Contains events only; readers generate the words. */
export function formatLine(line: JournalLine): string {
  const { event, ...rest } = line
  return event === undefined
    ? `${JSON.stringify(rest)}\n`
    : `${JSON.stringify({ ...event, ...rest, format: FORMATS.journal })}\n`
}

/** Converts an event of format 1, in a journal or cursor, whose history consists of words. */
export function eventOfWords<Event extends Pick<JobEvent, 'history'>>(event: Event): Event {
  return {
    ...event,
    history: event.history.map(({ time, state, message = '' }) => entryOfWords(time, state, message)),
  }
}

type LineFields = Partial<Omit<JobEvent, 'spec'>> & {
  readonly by: string
  readonly n?: number
  readonly done?: number
  readonly void?: number[]
  readonly format?: number
  readonly spec?: SpecRecord
}

/** An event of a file, and what is asked of its job, as the file has it. */
export function decodeEvent(event: Omit<JobEvent, 'spec'>, spec: SpecRecord | undefined): JobEvent {
  return spec === undefined ? event : { ...event, spec: decodeSpec(spec) }
}

/**
 * @returns undefined for a line that is torn or overwritten
 * @throws BjobError `newer-format`
 */
export function parseLine(text: string): JournalLine | undefined {
  let value: unknown
  try {
    value = JSON.parse(text)
  } catch {
    return undefined
  }
  if (typeof value !== 'object' || value === null || !('by' in value) || typeof value.by !== 'string') return undefined
  const { by, n, done, void: voided, format = 1, spec, ...event } = value as LineFields
  checkFormat('journal', format)
  const confirmed = defined({ done, void: voided })
  if (n === undefined) return { by, ...confirmed }
  const { id, revision, state } = event
  if (id === undefined || revision === undefined || state === undefined || !isState(state)) return undefined
  const told = decodeEvent({ born: '', attempt: 0, history: [], ...event, id, revision, state }, spec)
  return { by, n, event: format === 1 ? eventOfWords(told) : told, ...confirmed }
}

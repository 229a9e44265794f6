/**
 * The lines of the journal. A line announces a change just before it is made, and is later said to be done by the same writer (`done`), so
 * a reader knows which few changes it has to look up in the job's folder: those of a writer that died between the two.
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
  /** Tells this job from an earlier one of the same id: the time of its first history entry. */
  readonly born: string
  /** Why the job cannot be run, though its state says otherwise: its files are damaged. Gone with the next change. */
  readonly broken?: string
  /** The job's folder has been taken away. */
  readonly removed?: true
  /** Told by `bjob fsck` from the job's folder: who keeps count of ends may have had this one from an earlier journal. */
  readonly recovered?: true
  /** Told again by its writer, after the journal that had it was removed. */
  readonly again?: true
  /** At birth and when a person changed it: the fields of job.yaml. */
  readonly spec?: JobSpec
  /** The entries that this change adds to the history: enough to write a torn state.yaml again. */
  readonly history: readonly HistoryEntry[]
}

export interface JournalLine {
  /** The writing process. */
  readonly by: string
  /** Numbers the events of `by` from 1; absent on a line that only says what is done. */
  readonly n?: number
  readonly event?: JobEvent
  /** All events of `by` up to this number are decided: made, or listed as `void`. */
  readonly done?: number
  /** Events of `by` that were announced and then not made. */
  readonly void?: readonly number[]
}

/** The event that announces `next`; `since` is how many history entries were there before. */
export function toEvent(id: JobId, next: JobState, since: number, spec?: JobSpec): JobEvent {
  return {
    id,
    born: bornAt(next),
    ...factsOf(next),
    ...defined({ spec }),
    history: next.history.slice(since),
  }
}

/** One line of JSON, with its newline. Facts alone: words are made from them by whoever shows them. */
export function formatLine(line: JournalLine): string {
  const { event, ...rest } = line
  return event === undefined
    ? `${JSON.stringify(rest)}\n`
    : `${JSON.stringify({ ...event, ...rest, format: FORMATS.journal })}\n`
}

/** An event as format 1 had it, in a journal or a cursor: with words in its history. */
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
 * @returns undefined for what is no line of the journal: torn by a crash, or written over by another node
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

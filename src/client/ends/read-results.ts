/** Ends of jobs for drivers, with the jobs' result files. */
import path from 'node:path'
import { type Filter, compileFilter } from '../../core/index/filter.ts'
import type { JobEntry } from '../../core/index/job-entry.ts'
import { BjobError } from '../../core/text/errors.ts'
import { parseJson } from '../../core/text/json-text.ts'
import type { JobId } from '../../core/job/id.ts'
import { wordsOf } from '../../core/life/event-words.ts'
import type { EarlyStop } from '../../core/life/history-event.ts'
import type { HistoryEntry } from '../../core/life/job-state.ts'
import { type JobSpec, UNKNOWN_SPEC } from '../../core/job/job-spec.ts'
import type { State } from '../../core/life/states.ts'
import { readJobFile } from '../../site/job/job-files.ts'
import { readJobState, readSpec } from '../../site/job/jobs.ts'
import type { Site } from '../../site/site.ts'
import { findLoss, toPlain } from '../../lib/text/written.ts'
import { defined } from '../../lib/defined.ts'
import { Cursor } from './cursor.ts'
import { EndFeed, type JobEnd } from './end-feed.ts'

export interface ResultOptions {
  /**
   * File that records delivered ends; by default all ends are delivered. A cursor belongs to one
   * reader and one filter.
   */
  readonly cursor?: string
  /** File to read in each job's folder, default `result.dat`. */
  readonly file?: string
  /** Continue with further ends until `signal` fires. */
  readonly follow?: boolean
  readonly filter?: Filter
  readonly signal?: AbortSignal
}

export interface JobResult {
  readonly id: JobId
  readonly state: State
  readonly attempt: number
  readonly launcher: string | null
  readonly dir: string
  /** Time of the end, ISO 8601, from the clock of its node. */
  readonly ended: string
  /** Message of the last history entry. */
  readonly message: string
  /** For an evaluation stopped by `bjob tune`: its last report. */
  readonly early?: EarlyStop
  /** The file's text; null if missing or unreadable. */
  readonly content: string | null
  /** Reason why an existing file has no content, for example a folder, or more than 64 MiB. */
  readonly problem?: string
  /** The text parsed as JSON, if possible without loss. */
  readonly result?: unknown
}

/**
 * Pause before another look at an unconfirmed end: most are made within milliseconds, those of a
 * dead writer never.
 */
const SOON_MS = 5
const SLOWEST_MS = 5000

/** @throws BjobError `bad-cursor`, `unknown-state`, `unsafe-path` */
export async function* followResults(site: Site, options: ResultOptions): AsyncGenerator<JobResult> {
  const { cursor: cursorFile, file = 'result.dat', follow = false, filter = {}, signal } = options
  const wants = compileWants(site, filter)
  const cursor = await Cursor.open(site, cursorFile === undefined ? undefined : path.resolve(cursorFile), filter)
  const watch = follow ? await (await import('../../site/follow/journal-watch.ts')).watchJournal(site) : undefined
  try {
    const feed = new EndFeed(site, cursor)
    let pauseMs = SOON_MS
    for (;;) {
      for await (const end of feed.take(wants)) {
        // Before the next delivery, so that the last one is acknowledged.
        if (signal?.aborted === true) return
        yield await toResult(site, end, file)
      }
      if (watch === undefined || signal?.aborted === true) return
      // A change is made shortly after its announcement, without a notification.
      pauseMs = feed.isUnsure ? Math.min(pauseMs * 2, SLOWEST_MS) : SOON_MS
      await watch.next(feed.isUnsure ? soon(pauseMs, signal) : signal)
    }
  } finally {
    await watch?.[Symbol.asyncDispose]()
    await cursor.close()
  }
}

function soon(ms: number, signal: AbortSignal | undefined): AbortSignal {
  const timeout = AbortSignal.timeout(ms)
  return signal === undefined ? timeout : AbortSignal.any([signal, timeout])
}

function compileWants(site: Site, filter: Filter): (end: JobEnd) => Promise<boolean> {
  const test = compileFilter(filter)
  const needsSpec = (filter.app?.length ?? 0) + (filter.tag?.length ?? 0) > 0
  return async ({ event, last, attempt, launcher }) => {
    const spec = needsSpec ? await knownSpec(site, event.id) : UNKNOWN_SPEC
    const { id, born, revision, state } = event
    return test({
      id,
      born,
      revision,
      state,
      attempt,
      changed: last.time,
      spec,
      ...defined({ launcher }),
    })
  }
}

async function knownSpec(site: Site, id: JobId): Promise<JobSpec> {
  try {
    return await readSpec(site, id)
  } catch (error) {
    if (error instanceof BjobError) return UNKNOWN_SPEC
    throw error
  }
}

async function toResult(
  site: Site,
  { event, last, attempt, launcher, hasFolder }: JobEnd,
  file: string,
): Promise<JobResult> {
  return describeEnd(site, event.id, last, { attempt, launcher }, hasFolder ? file : undefined)
}

/**
 * The end of a job, from its folder. A missing job was killed by its removal.
 * @param known the journal's entry, for a job with broken files
 * @throws BjobError for broken files, without `known`
 */
export async function readResult(site: Site, id: JobId, file: string, known?: JobEntry): Promise<JobResult> {
  try {
    const state = await readJobState(site, id)
    const last = state.history.at(-1) ?? { time: '', state: state.state }
    return await describeEnd(site, id, last, state, file)
  } catch (error) {
    if (!(error instanceof BjobError)) throw error
    if (error.code !== 'unknown-job') {
      if (known === undefined) throw error
      const end = { time: known.changed, state: known.state, message: error.message }
      return describeEnd(site, id, end, known, file)
    }
    const last: HistoryEntry = { time: new Date().toISOString(), state: 'USER_KILLED', message: 'it was removed' }
    return describeEnd(site, id, last, { attempt: 0 }, undefined)
  }
}

async function describeEnd(
  site: Site,
  id: JobId,
  last: HistoryEntry,
  { attempt, launcher }: { readonly attempt: number; readonly launcher?: string | undefined },
  file: string | undefined,
): Promise<JobResult> {
  const read = file === undefined ? { content: null } : await readContent(site, id, file)
  return {
    id,
    state: last.state,
    attempt,
    launcher: launcher ?? null,
    dir: site.layout.job(id).dir,
    ended: last.time,
    message: wordsOf(last),
    ...earlyOf(last),
    ...read,
    ...parseContent(read.content),
  }
}

function earlyOf({ event }: HistoryEntry): { readonly early?: EarlyStop } {
  if (event?.kind !== 'stopped-early') return {}
  const { step, value, place, count } = event
  return { early: { step, value, place, count } }
}

async function readContent(site: Site, id: JobId, file: string): Promise<Pick<JobResult, 'content' | 'problem'>> {
  try {
    return { content: await readJobFile(site, id, file) }
  } catch (error) {
    if (!(error instanceof BjobError) || error.code === 'unsafe-path') throw error
    const isAbsent = error.code === 'no-such-file' || error.code === 'unknown-job'
    return { content: null, ...(isAbsent ? {} : { problem: error.message }) }
  }
}

function parseContent(content: string | null): { readonly result?: unknown } {
  if (content === null || content.trim() === '') return {}
  try {
    const result = parseJson(content)
    return findLoss(result) === undefined ? { result: toPlain(result) } : {}
  } catch {
    return {}
  }
}

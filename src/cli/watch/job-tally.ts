/**
 * The counts of a watch, adjusted by each change of a job, so that the cost is independent of the
 * number of jobs.
 */
import type { JobId } from '../../core/job/id.ts'
import { type JobEntry, shownState } from '../../core/index/job-entry.ts'
import { END_STATES, type ShownState, isEnded } from '../../core/life/states.ts'

/** Ends are counted in intervals of this length. */
export const SPAN_MS = 5000
/** Period of a rate. */
const WINDOW_MS = 600_000
const SHORT_WINDOW_MS = 60_000
/** Number of ends that give an accurate rate. */
const ENOUGH_ENDS = 20
/** Maximum number of failures shown. */
const KEPT_FAILURES = 100

export class JobTally {
  readonly #isMeant: (entry: JobEntry) => boolean
  /** Of the selected jobs. */
  readonly #states = new Map<JobId, ShownState>()
  readonly #counts = new Map<ShownState, number>()
  /** All running jobs, selected or not, because they occupy slots. */
  readonly #running = new Map<JobId, JobEntry>()
  readonly #ends = new Map<number, number>()
  #failures: JobEntry[] = []

  constructor(isMeant: (entry: JobEntry) => boolean) {
    this.#isMeant = isMeant
  }

  /** Records a job's state; `undefined`: it is gone. @param nowMs clock of the rates */
  set(id: JobId, entry: JobEntry | undefined, nowMs: number): void {
    if (entry?.launcher !== undefined && !isEnded(entry.state)) this.#running.set(id, entry)
    else this.#running.delete(id)
    const before = this.#states.get(id)
    const after = entry === undefined || !this.#isMeant(entry) ? undefined : shownState(entry)
    if (before !== undefined) this.#counts.set(before, (this.#counts.get(before) ?? 1) - 1)
    if (after === undefined) this.#states.delete(id)
    else {
      this.#states.set(id, after)
      this.#counts.set(after, (this.#counts.get(after) ?? 0) + 1)
    }
    if (before === 'FAILED' || after === 'FAILED') this.#setFailure(id, after === 'FAILED' ? entry : undefined)
    if (entry !== undefined && after !== undefined && after !== 'BROKEN' && isEnded(after) && after !== before)
      this.#addEnd(entry, nowMs)
  }

  get total(): number {
    return this.#states.size
  }

  countOf(state: ShownState): number {
    return this.#counts.get(state) ?? 0
  }

  get endedCount(): number {
    return END_STATES.reduce((sum, state) => sum + this.countOf(state), 0)
  }

  running(): IterableIterator<JobEntry> {
    return this.#running.values()
  }

  /** The last failures, newest first. */
  failures(): readonly JobEntry[] {
    return this.#failures
  }

  /** Ends per second over the last minute or, if few, the last ten; 0 if none. */
  ratePerSecond(nowMs: number): number {
    const short = this.#rate(nowMs, SHORT_WINDOW_MS)
    return short.count >= ENOUGH_ENDS ? short.rate : this.#rate(nowMs, WINDOW_MS).rate
  }

  /** Number of ends in each of the last `spans` intervals, oldest first. */
  endsBySpan(nowMs: number, spans: number): number[] {
    const last = Math.floor(nowMs / SPAN_MS)
    return Array.from({ length: spans }, (_, at) => this.#ends.get(last - spans + 1 + at) ?? 0)
  }

  #rate(nowMs: number, windowMs: number): { count: number; rate: number } {
    const from = Math.floor((nowMs - windowMs) / SPAN_MS)
    let count = 0
    let first = Infinity
    for (const [span, ends] of this.#ends) {
      if (span <= from) continue
      count += ends
      first = Math.min(first, span)
    }
    return { count, rate: count === 0 ? 0 : count / (Math.max(SPAN_MS, nowMs - first * SPAN_MS) / 1000) }
  }

  /** Uses the clock of the job's node, which may be ahead. */
  #addEnd({ changed }: JobEntry, nowMs: number): void {
    const endMs = Math.min(Date.parse(changed), nowMs)
    const oldest = Math.floor((nowMs - WINDOW_MS) / SPAN_MS)
    const span = Math.floor(endMs / SPAN_MS)
    if (!(span > oldest)) return
    if (!this.#ends.has(span)) for (const old of this.#ends.keys()) if (old <= oldest) this.#ends.delete(old)
    this.#ends.set(span, (this.#ends.get(span) ?? 0) + 1)
  }

  #setFailure(id: JobId, entry: JobEntry | undefined): void {
    const others = this.#failures.filter((other) => other.id !== id)
    if (entry !== undefined) {
      const at = others.findIndex(({ changed }) => changed <= entry.changed)
      others.splice(at < 0 ? others.length : at, 0, entry)
    }
    this.#failures = others.slice(0, KEPT_FAILURES)
  }
}

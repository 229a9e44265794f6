/**
 * The startable jobs, best first: priority, then width, then length, then roughly order of arrival.
 * Each launcher shuffles equal jobs by its own seed, more widely the more jobs there are and the
 * more claims it lost, so that several launchers seldom try the same job. A job that has changed
 * since it was added is dropped at its turn.
 */
import type { JobEntry } from '../core/index/job-entry.ts'
import type { JobIndex } from '../core/index/job-index.ts'
import type { PlacementRequest } from '../core/placement/node-need.ts'
import type { JobSpec } from '../core/job/job-spec.ts'
import { isClaimable } from '../core/life/states.ts'
import { WaitingLine } from '../core/placement/waiting-line.ts'
import type { Placed, Capacity } from './capacity.ts'

export interface QueuedJob {
  readonly id: string
  readonly born: string
  readonly revision: number
  readonly request: PlacementRequest
  /** The specification as last announced. */
  readonly spec: JobSpec | undefined
  /** Number of jobs added earlier. */
  readonly arrival: number
  order: number
  /** Set if a later revision of the job was added. */
  isOutdated?: true
}

/** Minimum and maximum distance of the shuffle among equal jobs. */
const MIN_WIDTH = 32
const MAX_WIDTH = 8192
/** A launcher takes its next job from this first part of the queue. */
const FRONT_PART = 1 / 2

export class RunQueue {
  readonly #index: JobIndex
  readonly #salt: string
  #count = 0
  #width = MIN_WIDTH
  #line = this.#newLine()
  /** Current entries, by id. */
  readonly #queued = new Map<string, QueuedJob>()

  constructor(index: JobIndex, salt: string) {
    this.#index = index
    this.#salt = salt
  }

  push({ id, born, revision, spec }: JobEntry, request: PlacementRequest): void {
    const known = this.#queued.get(id)
    if (known?.revision === revision && known.born === born) return
    if (known !== undefined) known.isOutdated = true
    const arrival = (this.#count += 1)
    const candidate = { id, born, revision, request, spec, arrival, order: this.#orderOf(id, arrival) }
    this.#queued.set(id, candidate)
    this.#line.push(candidate)
  }

  /** Widens the shuffle if there are enough jobs; `outrun`: another launcher was faster. */
  spread(reason?: 'outrun'): void {
    const wanted = Math.max(this.#queued.size * FRONT_PART, reason === 'outrun' ? this.#width * 2 : 0)
    const width = Math.ceil(Math.min(wanted, this.#queued.size, MAX_WIDTH))
    if (width <= this.#width) return
    this.#width = width
    this.#line = this.#newLine()
    const all = [...this.#queued.values()]
    for (const candidate of all) candidate.order = this.#orderOf(candidate.id, candidate.arrival)
    for (const candidate of all.toSorted((a, b) => a.order - b.order)) this.#line.push(candidate)
  }

  /** Gives each job within the width the same chance to come first, including the earliest ones. */
  #orderOf(id: string, arrival: number): number {
    return Math.max(arrival, this.#width) + (hash(id + this.#salt) % this.#width)
  }

  #newLine(): WaitingLine<QueuedJob> {
    return new WaitingLine((candidate) => this.#keeps(candidate))
  }

  /** Removes the jobs that fit and calls `start` for each. */
  fill(capacity: Capacity, start: (candidate: QueuedJob, placed: Placed) => void): void {
    capacity.choose(this.#line, (candidate, placed) => {
      this.#queued.delete(candidate.id)
      start(candidate, placed)
    })
  }

  #keeps(candidate: QueuedJob): boolean {
    if (candidate.isOutdated) return false
    const { id, born, revision } = candidate
    const entry = this.#index.get(id)
    if (entry?.revision === revision && entry.born === born && isClaimable(entry.state)) return true
    this.#queued.delete(id)
    return false
  }
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193) >>> 0
  return value
}

/**
 * The jobs that could start, best first: priority, then the widest, then the longest, then about the order in which they came. Each launcher shuffles those that
 * are alike by itself, the more the more of them there are and the more often others were faster: so several launchers seldom reach for the same job.
 * A job that has changed since it was put in is dropped when its turn comes.
 */
import type { JobEntry } from '../core/index/job-entry.ts'
import type { JobIndex } from '../core/index/job-index.ts'
import type { PlacementRequest } from '../core/placement/node-need.ts'
import type { JobSpec } from '../core/job/job-spec.ts'
import { isClaimable } from '../core/life/states.ts'
import { WaitingLine } from '../core/placement/waiting-line.ts'
import type { Placed, Room } from './capacity.ts'

export interface QueuedJob {
  readonly id: string
  readonly born: string
  readonly revision: number
  readonly request: PlacementRequest
  /** What job.yaml has in all likelihood. */
  readonly spec: JobSpec | undefined
  /** How many were put in before it. */
  readonly came: number
  order: number
  /** Whether a later revision of the job was put in. */
  isOutdated?: true
}

/** Jobs alike change places within at least this many, and at most that many. */
const LEAST_WIDTH = 32
const MOST_WIDTH = 8192
/** Of what waits, a launcher takes its next job out of the first part, this large: the fewer are left, the more often two meet. */
const PART = 1 / 2

export class RunQueue {
  readonly #index: JobIndex
  readonly #salt: string
  #count = 0
  #width = LEAST_WIDTH
  #line = this.#newLine()
  /** What is in the line and still current, by id. */
  readonly #queued = new Map<string, QueuedJob>()

  constructor(index: JobIndex, salt: string) {
    this.#index = index
    this.#salt = salt
  }

  push({ id, born, revision, spec }: JobEntry, request: PlacementRequest): void {
    const known = this.#queued.get(id)
    if (known?.revision === revision && known.born === born) return
    if (known !== undefined) known.isOutdated = true
    const came = (this.#count += 1)
    const candidate = { id, born, revision, request, spec, came, order: this.#orderOf(id, came) }
    this.#queued.set(id, candidate)
    this.#line.push(candidate)
  }

  /** Shuffles more, if there are as many jobs as make that worth while; `outrun`: somebody else was faster. */
  spread(reason?: 'outrun'): void {
    const wanted = Math.max(this.#queued.size * PART, reason === 'outrun' ? this.#width * 2 : 0)
    const width = Math.ceil(Math.min(wanted, this.#queued.size, MOST_WIDTH))
    if (width <= this.#width) return
    this.#width = width
    this.#line = this.#newLine()
    const all = [...this.#queued.values()]
    for (const candidate of all) candidate.order = this.#orderOf(candidate.id, candidate.came)
    for (const candidate of all.toSorted((a, b) => a.order - b.order)) this.#line.push(candidate)
  }

  /** Also of the very first jobs, each of as many as the width has the same chance to be the first. */
  #orderOf(id: string, came: number): number {
    return Math.max(came, this.#width) + (hash(id + this.#salt) % this.#width)
  }

  #newLine(): WaitingLine<QueuedJob> {
    return new WaitingLine((candidate) => this.#keeps(candidate))
  }

  /** Takes out those for which there is room, and says which. */
  fill(room: Room, start: (candidate: QueuedJob, placed: Placed) => void): void {
    room.choose(this.#line, (candidate, placed) => {
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

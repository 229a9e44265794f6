/**
 * The jobs that could start, best first: priority, then the widest, then the longest, then about the order in which they came, shuffled a little by each launcher, so that several
 * launchers do not all reach for the same job. A job that has changed since it was put in is dropped when its turn comes.
 */
import type { IndexEntry, JobIndex } from '../core/job-index.ts'
import type { PlacementRequest } from '../core/node-pool.ts'
import { compareUrgency } from '../core/placement.ts'
import { isClaimable } from '../core/states.ts'
import { Heap } from '../lib/heap.ts'

export interface Candidate {
  readonly id: string
  readonly born: string
  readonly revision: number
  readonly request: PlacementRequest
  readonly order: number
}

/** Jobs alike change places within this many: with few launchers, two seldom reach for the same one. */
const SHUFFLE = 32

export class RunQueue {
  readonly #index: JobIndex
  readonly #salt: string
  #count = 0
  readonly #heap = new Heap<Candidate>(isBefore)
  /** What is in the heap and still current, by id. */
  readonly #queued = new Map<string, Candidate>()

  constructor(index: JobIndex, salt: string) {
    this.#index = index
    this.#salt = salt
  }

  get size(): number {
    return this.#queued.size
  }

  push({ id, born, revision }: IndexEntry, request: PlacementRequest): void {
    const known = this.#queued.get(id)
    if (known?.revision === revision && known.born === born) return
    this.pushAgain({ id, born, revision, request, order: (this.#count += 1) + (hash(id + this.#salt) % SHUFFLE) })
  }

  /** Puts back what had been taken. */
  pushAgain(candidate: Candidate): void {
    this.#queued.set(candidate.id, candidate)
    this.#heap.push(candidate)
  }

  pop(): Candidate | undefined {
    for (let candidate = this.#heap.pop(); candidate !== undefined; candidate = this.#heap.pop()) {
      if (this.#queued.get(candidate.id) !== candidate) continue
      this.#queued.delete(candidate.id)
      const entry = this.#index.get(candidate.id)
      if (entry?.revision === candidate.revision && entry.born === candidate.born && isClaimable(entry.state))
        return candidate
    }
    return undefined
  }
}

function isBefore(a: Candidate, b: Candidate): boolean {
  const difference = compareUrgency(a.request, b.request)
  return difference === 0 ? a.order < b.order : difference < 0
}

/** FNV-1a, 32 bits. */
function hash(text: string): number {
  let value = 0x811c9dc5
  for (let at = 0; at < text.length; at++) value = Math.imul(value ^ text.charCodeAt(at), 0x01000193) >>> 0
  return value
}

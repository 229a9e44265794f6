/**
 * The jobs that could start, best first: priority, then the widest, then the longest, then about the order in which they came, shuffled a little by each launcher, so that several
 * launchers do not all reach for the same job. A job that has changed since it was put in is dropped when its turn comes.
 */
import type { IndexEntry, JobIndex } from '../core/job-index.ts'
import type { PlacementRequest } from '../core/node-pool.ts'
import type { SpecificationRecord } from '../core/specification.ts'
import { isClaimable } from '../core/states.ts'
import { WaitingLine } from '../core/waiting-line.ts'
import type { Placed, Room } from './room.ts'

export interface Candidate {
  readonly id: string
  readonly born: string
  readonly revision: number
  readonly request: PlacementRequest
  /** What job.yaml has in all likelihood. */
  readonly spec: SpecificationRecord | undefined
  readonly order: number
  /** Whether a later revision of the job was put in. */
  isOutdated?: true
}

/** Jobs alike change places within this many: with few launchers, two seldom reach for the same one. */
const SHUFFLE = 32

export class RunQueue {
  readonly #index: JobIndex
  readonly #salt: string
  #count = 0
  readonly #line = new WaitingLine<Candidate>((candidate) => this.#keeps(candidate))
  /** What is in the line and still current, by id. */
  readonly #queued = new Map<string, Candidate>()

  constructor(index: JobIndex, salt: string) {
    this.#index = index
    this.#salt = salt
  }

  push({ id, born, revision, spec }: IndexEntry, request: PlacementRequest): void {
    const known = this.#queued.get(id)
    if (known?.revision === revision && known.born === born) return
    if (known !== undefined) known.isOutdated = true
    const order = (this.#count += 1) + (hash(id + this.#salt) % SHUFFLE)
    const candidate = { id, born, revision, request, spec, order }
    this.#queued.set(id, candidate)
    this.#line.push(candidate)
  }

  /** Takes out those for which there is room, and says which. */
  fill(room: Room, start: (candidate: Candidate, placed: Placed) => void): void {
    room.choose(this.#line, (candidate, placed) => {
      this.#queued.delete(candidate.id)
      start(candidate, placed)
    })
  }

  #keeps(candidate: Candidate): boolean {
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

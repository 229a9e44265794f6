/**
 * A launcher's own queue and room on a clock that a test moves on: jobs come, start as they would, and end after the time they really take. No
 * process is started and no file is touched.
 */
import type { Assignment, NodeShape, PlacementRequest } from '../../src/core/node-pool.ts'
import { type IndexEntry, JobIndex } from '../../src/core/job-index.ts'
import { Room } from '../../src/launch/room.ts'
import { type Candidate, RunQueue } from '../../src/launch/run-queue.ts'
import { Heap } from '../../src/lib/heap.ts'

export interface SimulatedJob {
  readonly request: PlacementRequest
  /** How long it really takes. */
  readonly seconds: number
}

interface End {
  readonly id: string
  readonly atMs: number
}

const BORN = '2026-01-01T00:00:00.000Z'

export class SimulatedLauncher {
  nowMs = 0
  readonly #index = new JobIndex()
  readonly #queue = new RunQueue(this.#index, 'simulated')
  readonly #room: Room
  readonly #ends = new Heap<End>((a, b) => a.atMs < b.atMs)
  readonly #seconds = new Map<string, number>()
  readonly #onStart: (assignment: Assignment, nowMs: number, seconds: number) => void

  constructor(nodes: readonly NodeShape[], onStart: (assignment: Assignment, nowMs: number, seconds: number) => void) {
    this.#room = new Room(nodes, Infinity, () => this.nowMs)
    this.#onStart = onStart
  }

  add(jobs: readonly SimulatedJob[]): void {
    const entries = jobs.map(({ request: { id } }): IndexEntry => ({
      id,
      born: BORN,
      revision: 1,
      state: 'CREATED',
      attempt: 0,
      changed: BORN,
    }))
    this.#index.restore(entries)
    for (const [at, { request, seconds }] of jobs.entries()) {
      const entry = entries[at]
      if (entry === undefined) continue
      this.#seconds.set(request.id, seconds)
      this.#queue.push(entry, request)
    }
  }

  /** Starts what has room, as a launcher does after every end. @returns how many */
  fill(): number {
    let count = 0
    this.#queue.fill(this.#room, ({ request }: Candidate, assignment) => {
      count += 1
      this.#index.forget(request.id)
      const seconds = this.#seconds.get(request.id) ?? 0
      this.#ends.push({ id: request.id, atMs: this.nowMs + seconds * 1000 })
      this.#onStart(assignment, this.nowMs, seconds)
    })
    return count
  }

  /** When the next job ends; Infinity when none runs. */
  get nextEndMs(): number {
    return this.#ends.first?.atMs ?? Infinity
  }

  /** Goes on to the end of the next job, and gives its room back. @returns false when none runs */
  endOne(): boolean {
    const end = this.#ends.pop()
    if (end === undefined) return false
    this.nowMs = Math.max(this.nowMs, end.atMs)
    this.#room.release(end.id)
    return true
  }
}

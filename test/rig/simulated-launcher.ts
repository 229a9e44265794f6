/**
 * A launcher's own queue and capacity on a clock that a test moves on: jobs come, start as they
 * would, and end after the time they really take. No process is started and no file is touched.
 */
import type { NodeShape, PlacementRequest } from '../../src/core/placement/node-need.ts'
import type { Assignment } from '../../src/core/placement/node-pool.ts'
import type { JobEntry } from '../../src/core/index/job-entry.ts'
import { JobIndex } from '../../src/core/index/job-index.ts'
import { type Placed, Capacity } from '../../src/launch/capacity.ts'
import { type QueuedJob, RunQueue } from '../../src/launch/run-queue.ts'

export interface SimulatedJob extends PlacementRequest {
  /** How long it really takes; it ends with a full second. */
  readonly seconds: number
}

const BORN = '2026-01-01T00:00:00.000Z'

export class SimulatedLauncher {
  nowMs = 0
  readonly #index = new JobIndex()
  readonly #queue = new RunQueue(this.#index, 'simulated')
  readonly #capacity: Capacity
  /**
   * The ends of each second: in a heap, a quarter of a million ends would cost as much as the
   * decisions.
   */
  readonly #ends: Placed[][] = []
  /** Nothing ends before this second. */
  #second = 0
  readonly #onStart: (assignment: Assignment, nowMs: number, seconds: number) => void

  constructor(nodes: readonly NodeShape[], onStart: (assignment: Assignment, nowMs: number, seconds: number) => void) {
    this.#capacity = new Capacity(
      nodes,
      () => Infinity,
      () => this.nowMs,
    )
    this.#onStart = onStart
  }

  add(jobs: readonly SimulatedJob[]): void {
    for (const job of jobs) {
      const entry: JobEntry = { id: job.id, born: BORN, revision: 1, state: 'CREATED', attempt: 0, changed: BORN }
      this.#index.restore([entry])
      this.#queue.push(entry, job)
    }
  }

  /** Starts what fits, as a launcher does after every end. @returns how many */
  fill(): number {
    let count = 0
    this.#queue.fill(this.#capacity, ({ request }: QueuedJob, placed) => {
      count += 1
      this.#index.forget(request.id)
      const { seconds } = request as SimulatedJob
      const second = Math.ceil(this.nowMs / 1000 + seconds)
      this.#second = Math.min(this.#second, second)
      const ends = this.#ends[second]
      if (ends === undefined) this.#ends[second] = [placed]
      else ends.push(placed)
      this.#onStart(placed.assignment, this.nowMs, seconds)
    })
    return count
  }

  /** When the next job ends; Infinity when none runs. */
  get nextEndMs(): number {
    while (this.#second < this.#ends.length && (this.#ends[this.#second]?.length ?? 0) === 0) this.#second += 1
    return this.#second < this.#ends.length ? this.#second * 1000 : Infinity
  }

  /** Goes on to the end of the next job, and frees its resources. @returns false when none runs */
  endOne(): boolean {
    const atMs = this.nextEndMs
    const placed = this.#ends[this.#second]?.pop()
    if (placed === undefined) return false
    this.nowMs = Math.max(this.nowMs, atMs)
    this.#capacity.release(placed)
    return true
  }
}

/** The room that this launcher has for jobs: the free cores and GPUs of its nodes, and what runs on them until when. */
import { type Assignment, NodePool, type NodeShape, type PlacementRequest } from '../core/node-pool.ts'
import { type RunningJob, chooseStarts, explainUnfit } from '../core/placement.ts'
import { monotonicMs } from '../lib/sleep.ts'

export { requestOf } from '../core/placement-request.ts'

interface Placed {
  readonly assignment: Assignment
  readonly endsMs: number
}

/** Packed a million to a node: it has room wherever anything has. */
const SMALLEST: PlacementRequest = {
  id: '',
  nodes: 1,
  ranksPerNode: 1,
  threadsPerRank: 1,
  threadsPerCore: 1,
  gpusPerRank: 0,
  packing: 1e6,
  wallSeconds: 0,
  priority: 0,
}

export class Room {
  #nodes: readonly NodeShape[]
  readonly #deadlineMs: number
  readonly #pool: NodePool
  readonly #placed = new Map<string, Placed>()

  /** @param deadlineMs when the time is up, on the monotonic clock */
  constructor(nodes: readonly NodeShape[], deadlineMs: number) {
    this.#nodes = nodes
    this.#deadlineMs = deadlineMs
    this.#pool = new NodePool(nodes)
  }

  get secondsLeft(): number {
    return (this.#deadlineMs - monotonicMs()) / 1000
  }

  /** Whether it has no node any more. */
  get isEmpty(): boolean {
    return this.#nodes.length === 0
  }

  /** Why the job will never run here, in one line, if so. Time only gets shorter: what does not fit it now never will. */
  explainUnfit(request: PlacementRequest): string | undefined {
    return explainUnfit(request, this.#nodes, this.secondsLeft)?.message
  }

  /** Whether not even the smallest part of a node is free. */
  get isFull(): boolean {
    return !this.#pool.canPlace(SMALLEST)
  }

  /** Takes room for a job that nobody is before. */
  place(request: PlacementRequest): Assignment | undefined {
    return this.#remember(request, this.#pool.place(request))
  }

  /** Takes room for those of `queue` that may start though the first of them has none: around what is kept for that one. */
  backfill(
    queue: readonly PlacementRequest[],
  ): readonly { readonly request: PlacementRequest; readonly assignment: Assignment }[] {
    const now = monotonicMs()
    const running: RunningJob[] = [...this.#placed.values()].map(({ assignment, endsMs }) => ({
      assignment,
      endsInSeconds: (endsMs - now) / 1000,
    }))
    const { starts } = chooseStarts(queue, this.#pool, this.secondsLeft, running)
    for (const { request, assignment } of starts) this.#remember(request, assignment)
    return starts
  }

  removeNode(name: string): void {
    this.#pool.removeNode(name)
    this.#nodes = this.#pool.nodes
  }

  release(id: string): void {
    const placed = this.#placed.get(id)
    if (placed === undefined) return
    this.#placed.delete(id)
    this.#pool.release(placed.assignment)
  }

  #remember(request: PlacementRequest, assignment: Assignment | undefined): Assignment | undefined {
    if (assignment !== undefined)
      this.#placed.set(request.id, { assignment, endsMs: monotonicMs() + request.wallSeconds * 1000 })
    return assignment
  }
}

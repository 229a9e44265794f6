/**
 * This launcher's capacity: the free cores and GPUs of its nodes, and the running jobs with their
 * ends.
 */
import type { NodeShape, PlacementRequest } from '../core/placement/node-need.ts'
import { type Assignment, NodePool } from '../core/placement/node-pool.ts'
import {
  type Reservation,
  type RunningJob,
  chooseStarts,
  explainUnfit,
  reserveNodes,
} from '../core/placement/placement.ts'
import type { Waiting, WaitingLine } from '../core/placement/waiting-line.ts'
import { monotonicMs } from '../lib/sleep.ts'

export { requestOf } from '../core/placement/placement-request.ts'

/** A job that holds resources. */
export interface Placed {
  readonly assignment: Assignment
  readonly endsMs: number
  /** Index in the list of all placed jobs. */
  at: number
}

/** The reservation of a waiting job. */
interface HeldReservation {
  reservation: Reservation | undefined
  startsMs: number
  /** Number of looks until its reservation is recomputed, because jobs end early too. */
  looksLeft: number
}

/**
 * Computing a reservation visits all nodes and running jobs. To keep placement fast on thousands of
 * nodes, it waits for this many nodes per look: small allocations reserve at once, large ones only
 * for jobs passed over for some seconds.
 */
const COST_PER_LOOK = 64
/** Upper bound; older entries are jobs that other launchers took. */
const MAX_RESERVATIONS = 1000

export class Capacity {
  #nodes: readonly NodeShape[]
  readonly #deadlineMs: () => number
  readonly #pool: NodePool
  readonly #placed: Placed[] = []
  readonly #now: () => number
  readonly #reservations = new Map<string, HeldReservation>()
  readonly #suspended = new Set<string>()

  /**
   * @param deadlineMs time on the clock `now` by which jobs must have ended; edits of
   *   `grace_seconds` move it
   */
  constructor(nodes: readonly NodeShape[], deadlineMs: () => number, now: () => number = monotonicMs) {
    this.#now = now
    this.#nodes = nodes
    this.#deadlineMs = deadlineMs
    this.#pool = new NodePool(nodes)
  }

  get secondsLeft(): number {
    return (this.#deadlineMs() - this.#now()) / 1000
  }

  /** True if no node is left. */
  get isEmpty(): boolean {
    return this.#nodes.length === 0
  }

  /** True if a suspended node will return soon. */
  get isSuspended(): boolean {
    return this.#suspended.size > 0
  }

  /**
   * Explains in one line why the job can never run here, if so. The remaining time only shrinks,
   * except when `grace_seconds` is lowered.
   */
  explainUnfit(request: PlacementRequest): string | undefined {
    return explainUnfit(request, this.#nodes, this.secondsLeft)?.message
  }

  /** Allocates resources to the jobs of `line` that may start now, and calls `start` for each. */
  choose<Item extends Waiting>(line: WaitingLine<Item>, start: (item: Item, placed: Placed) => void): void {
    chooseStarts(
      line,
      this.#pool,
      this.secondsLeft,
      (request) => this.#reserve(request),
      (item, assignment) => {
        const { id, wallSeconds } = item.request
        const placed = { assignment, endsMs: this.#now() + wallSeconds * 1000, at: this.#placed.length }
        this.#placed.push(placed)
        if (this.#reservations.size > 0) this.#reservations.delete(id)
        start(item, placed)
      },
    )
  }

  /** Excludes a node for good. */
  removeNode(name: string): void {
    this.#pool.removeNode(name)
    this.#suspended.delete(name)
    this.#nodes = this.#nodes.filter((node) => node.name !== name)
    this.#reservations.clear()
  }

  /** Excludes a node until it is resumed. Jobs that fit only there wait. */
  suspendNode(name: string): void {
    this.#suspended.add(name)
    this.#pool.removeNode(name)
    this.#reservations.clear()
  }

  resumeNode(name: string): void {
    if (this.#suspended.delete(name)) this.#pool.restoreNode(name)
    this.#reservations.clear()
  }

  /** Releases the resources of a job. */
  release(placed: Placed): void {
    this.#pool.release(placed.assignment)
    const last = this.#placed.pop()
    if (last === undefined || last === placed) return
    this.#placed[placed.at] = last
    last.at = placed.at
  }

  #reserve(request: PlacementRequest): Reservation | undefined {
    const now = this.#now()
    const patience = Math.floor((this.#pool.nodeCount + this.#placed.length) / COST_PER_LOOK)
    const held = this.#reservations.get(request.id) ?? { reservation: undefined, startsMs: 0, looksLeft: patience }
    if (held.looksLeft === 0) {
      const running: RunningJob[] = this.#placed.map(({ assignment, endsMs }) => ({
        assignment,
        endsInSeconds: (endsMs - now) / 1000,
      }))
      held.reservation = reserveNodes(request, this.#pool, running)
      held.startsMs = now + (held.reservation?.startsInSeconds ?? 0) * 1000
      held.looksLeft = patience
    } else held.looksLeft -= 1
    const [oldest] = this.#reservations.keys()
    if (oldest !== undefined && this.#reservations.size >= MAX_RESERVATIONS) this.#reservations.delete(oldest)
    this.#reservations.set(request.id, held)
    return held.reservation && { ...held.reservation, startsInSeconds: Math.max(0, (held.startsMs - now) / 1000) }
  }
}

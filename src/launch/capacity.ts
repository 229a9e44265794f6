/** The room that this launcher has for jobs: the free cores and GPUs of its nodes, and what runs on them until when. */
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

/** A job that was given room. */
export interface Placed {
  readonly assignment: Assignment
  readonly endsMs: number
  /** Its place in the list of all. */
  at: number
}

/** A job that others with room stand behind. */
interface Kept {
  reservation: Reservation | undefined
  startsMs: number
  /** After so many looks its reservation is made, or made anew: jobs end early, too. */
  looksLeft: number
}

/**
 * To make a reservation is to look at all nodes and all jobs that run. So that a head node with thousands of nodes decides quickly, a look costs
 * this many of them: a small allocation reserves at once, a big one for a job that was passed over for some seconds.
 */
const COST_PER_LOOK = 64
/** What is forgotten beyond that are jobs that another launcher has taken. */
const MOST_KEPT = 1000

export class Room {
  #nodes: readonly NodeShape[]
  readonly #deadlineMs: number
  readonly #pool: NodePool
  readonly #placed: Placed[] = []
  readonly #now: () => number
  readonly #kept = new Map<string, Kept>()
  readonly #suspended = new Set<string>()

  /** @param deadlineMs when the time is up, on the clock `now` */
  constructor(nodes: readonly NodeShape[], deadlineMs: number, now: () => number = monotonicMs) {
    this.#now = now
    this.#nodes = nodes
    this.#deadlineMs = deadlineMs
    this.#pool = new NodePool(nodes)
  }

  get secondsLeft(): number {
    return (this.#deadlineMs - this.#now()) / 1000
  }

  /** Whether it has no node any more. */
  get isEmpty(): boolean {
    return this.#nodes.length === 0
  }

  /** Whether there will be more of it soon. */
  get isSuspended(): boolean {
    return this.#suspended.size > 0
  }

  /** Why the job will never run here, in one line, if so. Time only gets shorter: what does not fit it now never will. */
  explainUnfit(request: PlacementRequest): string | undefined {
    return explainUnfit(request, this.#nodes, this.secondsLeft)?.message
  }

  /** Takes room for those of `line` that may start now, and says which. */
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
        if (this.#kept.size > 0) this.#kept.delete(id)
        start(item, placed)
      },
    )
  }

  /** Places nothing more on a node, for good. */
  removeNode(name: string): void {
    this.#pool.removeNode(name)
    this.#suspended.delete(name)
    this.#nodes = this.#nodes.filter((node) => node.name !== name)
    this.#kept.clear()
  }

  /** Places nothing on a node until it is resumed. Jobs that only fit there wait for that. */
  suspendNode(name: string): void {
    this.#suspended.add(name)
    this.#pool.removeNode(name)
    this.#kept.clear()
  }

  resumeNode(name: string): void {
    if (this.#suspended.delete(name)) this.#pool.restoreNode(name)
    this.#kept.clear()
  }

  /** Gives back what `choose` has taken. */
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
    const kept = this.#kept.get(request.id) ?? { reservation: undefined, startsMs: 0, looksLeft: patience }
    if (kept.looksLeft === 0) {
      const running: RunningJob[] = this.#placed.map(({ assignment, endsMs }) => ({
        assignment,
        endsInSeconds: (endsMs - now) / 1000,
      }))
      kept.reservation = reserveNodes(request, this.#pool, running)
      kept.startsMs = now + (kept.reservation?.startsInSeconds ?? 0) * 1000
      kept.looksLeft = patience
    } else kept.looksLeft -= 1
    const [oldest] = this.#kept.keys()
    if (oldest !== undefined && this.#kept.size >= MOST_KEPT) this.#kept.delete(oldest)
    this.#kept.set(request.id, kept)
    return kept.reservation && { ...kept.reservation, startsInSeconds: Math.max(0, (kept.startsMs - now) / 1000) }
  }
}

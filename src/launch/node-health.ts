/**
 * Nodes that temporarily cannot start jobs. A job that could not start keeps its resources
 * allocated, so that the node gets fewer jobs. They are released one by one: sooner after
 * successes, later after further failures.
 */
import { formatSeconds } from '../core/text/duration.ts'
import type { Placed } from './capacity.ts'
import type { Reporter } from './launch-events.ts'

const DELAY_MS = 1000
const LONGEST_DELAY_MS = 60_000
/** Number of consecutive failures after which the node is reported as unused. */
const MANY_TRIES = 4

interface Sick {
  /** Held resources, oldest first. */
  readonly held: Placed[]
  /** Consecutive failed starts. */
  failedTries: number
  delayMs: number
  /** True if resources were released since the last failed start. */
  isTrying: boolean
  timer?: NodeJS.Timeout | undefined
}

export class NodeHealth {
  readonly #nodes = new Map<string, Sick>()
  readonly #giveBack: (placed: Placed) => void
  readonly #report: Reporter

  constructor(giveBack: (placed: Placed) => void, report: Reporter) {
    this.#giveBack = giveBack
    this.#report = report
  }

  /** True while resources are held. */
  get isHolding(): boolean {
    return [...this.#nodes.values()].some(({ held }) => held.length > 0)
  }

  /** Records a failed start and keeps the job's resources. */
  fail(node: string, placed: Placed, reason: string): void {
    const known = this.#nodes.get(node)
    const sick = known ?? { held: [], failedTries: 0, delayMs: DELAY_MS, isTrying: false }
    this.#nodes.set(node, sick)
    sick.held.push(placed)
    if (sick.isTrying) {
      sick.delayMs = Math.min(sick.delayMs * 2, LONGEST_DELAY_MS)
      sick.failedTries += 1
      if (sick.failedTries === MANY_TRIES) this.#tell(`${node} gets no jobs for now, because none starts there`, reason)
    }
    sick.isTrying = false
    sick.timer ??= this.#schedule(node, sick)
    if (known === undefined) this.#tell(`${node} gets fewer concurrent jobs`, reason)
  }

  /** Records a successful run. */
  succeed(node: string): void {
    const sick = this.#nodes.get(node)
    if (sick === undefined) return
    if (sick.held.length === 0) this.#nodes.delete(node)
    sick.failedTries = 0
    sick.delayMs = DELAY_MS
    sick.isTrying = false
  }

  #tell(what: string, reason: string): void {
    const slowest = formatSeconds(LONGEST_DELAY_MS / 1000)
    this.#report({
      kind: 'problem',
      message: `${what}: ${reason}; next attempts every ${formatSeconds(DELAY_MS / 1000)} to ${slowest}`,
    })
  }

  #schedule(node: string, sick: Sick): NodeJS.Timeout {
    return setTimeout(() => this.#tryOne(node, sick), sick.delayMs).unref()
  }

  #tryOne(node: string, sick: Sick): void {
    const placed = sick.held.shift()
    sick.isTrying = true
    sick.timer = sick.held.length === 0 ? undefined : this.#schedule(node, sick)
    if (placed !== undefined) this.#giveBack(placed)
  }
}

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
const REPORTED_TRIES = 4

interface UnhealthyNode {
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
  readonly #nodes = new Map<string, UnhealthyNode>()
  readonly #release: (placed: Placed) => void
  readonly #report: Reporter

  constructor(release: (placed: Placed) => void, report: Reporter) {
    this.#release = release
    this.#report = report
  }

  /** True while resources are held. */
  get isHolding(): boolean {
    return [...this.#nodes.values()].some(({ held }) => held.length > 0)
  }

  /** Records a failed start and keeps the job's resources. */
  fail(node: string, placed: Placed, reason: string): void {
    const known = this.#nodes.get(node)
    const unhealthy = known ?? { held: [], failedTries: 0, delayMs: DELAY_MS, isTrying: false }
    this.#nodes.set(node, unhealthy)
    unhealthy.held.push(placed)
    if (unhealthy.isTrying) {
      unhealthy.delayMs = Math.min(unhealthy.delayMs * 2, LONGEST_DELAY_MS)
      unhealthy.failedTries += 1
      if (unhealthy.failedTries === REPORTED_TRIES)
        this.#warn(`${node} gets no jobs for now, because none starts there`, reason)
    }
    unhealthy.isTrying = false
    unhealthy.timer ??= this.#schedule(node, unhealthy)
    if (known === undefined) this.#warn(`${node} gets fewer concurrent jobs`, reason)
  }

  /** Records a successful run. */
  succeed(node: string): void {
    const unhealthy = this.#nodes.get(node)
    if (unhealthy === undefined) return
    if (unhealthy.held.length === 0) this.#nodes.delete(node)
    unhealthy.failedTries = 0
    unhealthy.delayMs = DELAY_MS
    unhealthy.isTrying = false
  }

  #warn(what: string, reason: string): void {
    const slowest = formatSeconds(LONGEST_DELAY_MS / 1000)
    this.#report({
      kind: 'problem',
      message: `${what}: ${reason}; next attempts every ${formatSeconds(DELAY_MS / 1000)} to ${slowest}`,
    })
  }

  #schedule(node: string, unhealthy: UnhealthyNode): NodeJS.Timeout {
    return setTimeout(() => this.#tryNext(node, unhealthy), unhealthy.delayMs).unref()
  }

  #tryNext(node: string, unhealthy: UnhealthyNode): void {
    const placed = unhealthy.held.shift()
    unhealthy.isTrying = true
    unhealthy.timer = unhealthy.held.length === 0 ? undefined : this.#schedule(node, unhealthy)
    if (placed !== undefined) this.#release(placed)
  }
}

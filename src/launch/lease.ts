/**
 * Keeps the launcher's lease: renews it, tells the agents, and detects a missed renewal, whether
 * the process was suspended or the file system hung. It never relies on the wall clock, which may
 * jump.
 */
import os from 'node:os'
import { processScope } from '../lib/process/process-table.ts'
import { monotonicMs } from '../lib/sleep.ts'
import { bootId } from '../site/journal/journal-host.ts'
import { type Lease, writeLease } from '../site/launcher/launchers.ts'
import type { Site } from '../site/site.ts'

/** Renewals per lease period, so that a few slow writes do no harm. */
const BEATS_PER_LEASE = 6
/** Fraction of the period after which the owner gives up, before any other launcher may. */
const FENCE_PART = 0.75

export interface LeaseEvents {
  /** The lease was renewed and holds for `limitMs`. */
  readonly onBeat: (limitMs: number) => void
  /** Called once when the renewal is late. Stop all jobs before doing anything else. */
  readonly onLost: () => void
}

export class LeaseKeeper {
  readonly #site: Site
  readonly #lease: Omit<Lease, 'beat' | 'ended' | 'agents'>
  readonly #agents: () => readonly number[]
  readonly #events: LeaseEvents
  readonly #leaseMs: number
  #beat = 0
  #renewed = now()
  #timer: NodeJS.Timeout | undefined
  #isOver = false

  private constructor(site: Site, launcher: string, agents: () => readonly number[], events: LeaseEvents) {
    this.#site = site
    this.#agents = agents
    this.#events = events
    this.#leaseMs = site.settings.lease_seconds * 1000
    this.#lease = {
      launcher,
      host: os.hostname(),
      pid: process.pid,
      kernel: kernelScope(),
      started: new Date().toISOString(),
    }
  }

  /**
   * Writes the first lease and keeps renewing it.
   * @param agents returns the agents' process ids, which change when one is replaced
   */
  static async start(
    site: Site,
    launcher: string,
    agents: () => readonly number[],
    events: LeaseEvents,
  ): Promise<LeaseKeeper> {
    const keeper = new LeaseKeeper(site, launcher, agents, events)
    await keeper.#renew()
    keeper.#schedule()
    return keeper
  }

  /**
   * True if the lease may have expired. Check before every claim and every end. Gives up on expiry.
   */
  isLost(): boolean {
    if (!this.#isOver && silentMs(this.#renewed) > this.#leaseMs * FENCE_PART) this.giveUp()
    return this.#isOver
  }

  /** Ends this lease for the launcher. */
  giveUp(): void {
    if (this.#isOver) return
    this.#isOver = true
    clearTimeout(this.#timer)
    this.#events.onLost()
  }

  /** Writes the final lease, which records the launcher's end. */
  async end(reason: string): Promise<void> {
    this.#isOver = true
    clearTimeout(this.#timer)
    await writeLease(this.#site, { ...this.#lease, agents: this.#agents(), beat: this.#beat + 1, ended: reason })
  }

  #schedule(): void {
    this.#timer = setTimeout(() => void this.#tick(), this.#leaseMs / BEATS_PER_LEASE)
  }

  async #tick(): Promise<void> {
    if (this.isLost()) return
    try {
      await this.#renew()
    } catch {
      // The next renewal may succeed; otherwise the agents and isLost act in time.
    }
    if (!this.isLost()) this.#schedule()
  }

  async #renew(): Promise<void> {
    const begun = now()
    this.#beat += 1
    await writeLease(this.#site, { ...this.#lease, agents: this.#agents(), beat: this.#beat })
    this.#renewed = begun
    this.#events.onBeat(Math.max(0, this.#leaseMs * FENCE_PART - silentMs(begun)))
  }
}

interface Instant {
  readonly monotonicMs: number
  readonly wallMs: number
  readonly uptimeSeconds: number
}

function now(): Instant {
  return { monotonicMs: monotonicMs(), wallMs: Date.now(), uptimeSeconds: os.uptime() }
}

/**
 * Time since `instant`. The monotonic clock stops while a machine sleeps, its uptime does not.
 * Reading the uptime costs a file access, so it happens only if the wall clock hints at a sleep.
 */
function silentMs(instant: Instant): number {
  const ms = monotonicMs() - instant.monotonicMs
  if (Math.abs(Date.now() - instant.wallMs - ms) < 1000) return ms
  return Math.max(ms, (os.uptime() - instant.uptimeSeconds) * 1000)
}

/** Kernel and process namespace, in which the process ids of a lease are valid. */
export function kernelScope(): string {
  return `${bootId()} ${processScope()}`
}

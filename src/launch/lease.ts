/**
 * Keeps the launcher's lease: renews it in time, tells the agents, and notices when it could not be renewed in time, be it that the process was
 * suspended or that the file system hung. No wall clock decides: it may jump.
 */
import os from 'node:os'
import { processScope } from '../lib/process/process-table.ts'
import { monotonicMs } from '../lib/sleep.ts'
import { bootId } from '../site/journal/journal-writer.ts'
import { type Lease, writeLease } from '../site/launcher/launchers.ts'
import type { Site } from '../site/site.ts'

/** Renewed this many times within a lease, so that a few slow writes do not matter. */
const BEATS_PER_LEASE = 6
/** The part of the lease after which the owner gives up: before anybody else may, whatever the delay of reading it. */
const FENCE_PART = 0.75

export interface LeaseEvents {
  /** The lease was renewed and holds for `limitMs`. */
  readonly onBeat: (limitMs: number) => void
  /** Called once, when it could not be renewed in time: stop everything before anything else. */
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

  /** Writes the first lease, and goes on renewing it. @param agents tells their process ids: one that has died is replaced */
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

  /** Whether the lease may have run out for somebody: ask before every claim and every end. Gives everything up when it has. */
  isLost(): boolean {
    if (!this.#isOver && silentMs(this.#renewed) > this.#leaseMs * FENCE_PART) this.giveUp()
    return this.#isOver
  }

  /** The launcher must not go on under this lease. */
  giveUp(): void {
    if (this.#isOver) return
    this.#isOver = true
    clearTimeout(this.#timer)
    this.#events.onLost()
  }

  /** Writes the last lease, which says that this launcher has ended. */
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
      // Not renewed: the next try may do, and if none does in time the agents and isLost act.
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
 * How long ago `instant` was. The monotonic clock stands still while a machine sleeps; its uptime does not. That costs a file's reading, so it is
 * asked only when the wall clock, which may simply have been set, hints at it.
 */
function silentMs(instant: Instant): number {
  const ms = monotonicMs() - instant.monotonicMs
  if (Math.abs(Date.now() - instant.wallMs - ms) < 1000) return ms
  return Math.max(ms, (os.uptime() - instant.uptimeSeconds) * 1000)
}

/** The kernel and process namespace: where the process ids in a lease mean something. */
export function kernelScope(): string {
  return `${bootId()} ${processScope()}`
}

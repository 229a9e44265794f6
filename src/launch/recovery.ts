/**
 * Detects dead launchers and releases their jobs. A launcher counts as dead when this process has
 * seen its lease unchanged for the lease period on its own monotonic clock. On the same node the
 * kernel gives the answer at once.
 */
import { BjobError } from '../core/text/errors.ts'
import type { JobId } from '../core/job/id.ts'
import { type JobEntry, specOf } from '../core/index/job-entry.ts'
import type { JobIndex } from '../core/index/job-index.ts'
import { lossWords } from '../core/life/event-words.ts'
import type { Loss } from '../core/life/history-event.ts'
import { type JobState, advance, isOwned } from '../core/life/job-state.ts'
import { afterDeath, deathOf } from '../core/life/deaths.ts'
import { killEvent, stepsOfRelease } from '../core/life/outcome.ts'
import { isEnded } from '../core/life/states.ts'
import { mapConcurrently } from '../lib/concurrently.ts'
import { isProcessAlive } from '../lib/process/process-table.ts'
import { monotonicMs } from '../lib/sleep.ts'
import { changeJob } from '../site/job/jobs.ts'
import { type Lease, isCopied, readLease } from '../site/launcher/launchers.ts'
import type { Site } from '../site/site.ts'
import { type Reporter, messageOf } from './launch-events.ts'
import { kernelScope } from './lease.ts'
import { announceBroken } from './run/set-aside.ts'

/**
 * Jobs released at once: a launcher that died during changes leaves locks that take seconds to
 * break.
 */
const TAKEN_BACK_AT_ONCE = 32
/** Delay before the next attempt to release a job, doubled each time. */
const RETRY_MS = 1000
const RETRY_MOST_MS = 60_000

/** The end of a job whose final files could not be written. */
const OWN_FAULT: Loss = { why: 'launcher-ended', reason: 'its final files could not be written' }

interface Observation {
  beat: number | undefined
  /** True if its counter has changed while watched. */
  isAlive: boolean
  /** Time for which the watched lease has not changed; unobserved time does not count. */
  unchangedMs: number
  lookedMs: number
}

interface Stuck {
  readonly launcher: string
  readonly reason: string
  readonly waitMs: number
  readonly againMs: number
}

/** The observing launcher. */
export interface RecoveryCallbacks {
  /**
   * Kills the leftovers of a dead launcher on this launcher's nodes; false if any may still run.
   */
  readonly clear: (launcher: string) => Promise<boolean>
  /**
   * True if this launcher runs the job. Jobs that it owns but does not run were lost by a fault.
   */
  readonly isActive: (id: JobId) => boolean
}

export class Recovery {
  readonly #site: Site
  readonly #self: string
  readonly #index: JobIndex
  readonly #isActive: (id: JobId) => boolean
  readonly #report: Reporter
  readonly #observations = new Map<string, Observation>()
  /** Changes that were checked and need nothing. */
  readonly #cleared = new Set<string>()
  /** Reasons that keep jobs of dead launchers from being released. */
  readonly #stuck = new Map<JobId, Stuck>()
  readonly #leaseMs: number
  readonly #clear: RecoveryCallbacks['clear']
  /** Number of looks in progress. */
  #looks = 0

  constructor(site: Site, self: string, index: JobIndex, report: Reporter, { clear, isActive }: RecoveryCallbacks) {
    this.#clear = clear
    this.#site = site
    this.#self = self
    this.#index = index
    this.#isActive = isActive
    this.#report = report
    this.#leaseMs = site.settings.lease_seconds * 1000
  }

  /**
   * Checks the lease of every launcher that owns jobs and releases the jobs of dead ones. Call it
   * several times per lease period.
   */
  async look(): Promise<void> {
    this.#looks += 1
    try {
      await this.#look()
    } finally {
      this.#looks -= 1
    }
  }

  async #look(): Promise<void> {
    const owned = this.#owned()
    for (const id of this.#stuck.keys()) if (this.#index.get(id)?.launcher === undefined) this.#stuck.delete(id)
    for (const launcher of this.#observations.keys()) if (!owned.has(launcher)) this.#observations.delete(launcher)
    for (const [launcher, entries] of owned) {
      const end = await this.#lossOf(launcher)
      if (end === undefined) continue
      await mapConcurrently(entries, TAKEN_BACK_AT_ONCE, (entry) => this.#tryRelease(entry, launcher, end))
    }
  }

  /** Like `look`, for the jobs that this launcher owns but no longer runs. */
  async lookAtOwn(): Promise<void> {
    const own = [...this.#index.entries()].filter(
      ({ id, launcher, state }) => launcher === this.#self && !isEnded(state) && !this.#isActive(id),
    )
    await mapConcurrently(own, TAKEN_BACK_AT_ONCE, (entry) => this.#tryRelease(entry, this.#self, OWN_FAULT))
  }

  /** Jobs of dead launchers that could not be released, with the reason. */
  get leftBehind(): ReadonlyMap<JobId, string> {
    return new Map([...this.#stuck].map(([id, { reason }]) => [id, reason]))
  }

  /** True if another launcher's jobs may become free, so an idle launcher should wait. */
  get isUndecided(): boolean {
    if (this.#looks > 0) return true
    return [...this.#observations.values()].some(({ isAlive, unchangedMs }) => !isAlive && unchangedMs <= this.#leaseMs)
  }

  #owned(): Map<string, JobEntry[]> {
    const owned = new Map<string, JobEntry[]>()
    for (const entry of this.#index.entries()) {
      const { launcher } = entry
      if (launcher === undefined || (launcher === this.#self && this.#isInUse(entry.id))) continue
      if (isEnded(entry.state) && !this.#index.isPending(entry.id)) continue
      if (this.#cleared.has(changeOf(entry))) continue
      const entries = owned.get(launcher)
      if (entries === undefined) owned.set(launcher, [entry])
      else entries.push(entry)
    }
    return owned
  }

  /** The index may lag behind an end just committed by this launcher. */
  #isInUse(id: JobId): boolean {
    return this.#isActive(id) || this.#index.isPending(id)
  }

  /** @returns the reason of death, or undefined while the launcher may live */
  async #lossOf(launcher: string): Promise<Loss | undefined> {
    if (launcher === this.#self) return OWN_FAULT
    const lease = await this.#readLease(launcher)
    if (lease === 'newer') return undefined
    if (lease?.ended !== undefined) return { why: 'launcher-ended', reason: lease.ended }
    // Processes that cannot be killed at once are given the lease period.
    if (lease !== undefined && lease.kernel === kernelScope() && ![lease.pid, ...lease.agents].some(isProcessAlive))
      if (await this.#clearOwn(launcher, lease)) return { why: 'launcher-died' }
    const now = monotonicMs()
    const seen = this.#observations.get(launcher)
    if (seen === undefined || seen.beat !== lease?.beat) {
      this.#observations.set(launcher, {
        beat: lease?.beat,
        isAlive: seen !== undefined,
        unchangedMs: 0,
        lookedMs: now,
      })
      return undefined
    }
    // A gap between looks (for example, a suspended process) counts no more than a regular
    // interval.
    seen.unchangedMs += Math.min(now - seen.lookedMs, this.#leaseMs / 4)
    seen.lookedMs = now
    if (seen.unchangedMs <= this.#leaseMs) return undefined
    await this.#clearOwn(launcher, lease)
    return { why: 'launcher-died', silent: this.#site.settings.lease_seconds }
  }

  /** Kills leftovers, but not those of the live site that this one was copied from. */
  async #clearOwn(launcher: string, lease: Lease | undefined): Promise<boolean> {
    if (lease !== undefined && (await isCopied(this.#site, lease))) return true
    return this.#clear(launcher)
  }

  /** @returns `newer` for the lease of a newer bjob, which only a newer bjob can judge */
  async #readLease(launcher: string): Promise<Lease | 'newer' | undefined> {
    try {
      return await readLease(this.#site, launcher)
    } catch (error) {
      return error instanceof BjobError && error.code === 'newer-format' ? 'newer' : undefined
    }
  }

  /** A job that cannot be released does not block others. */
  async #tryRelease(entry: JobEntry, launcher: string, loss: Loss): Promise<void> {
    const { id } = entry
    const stuck = this.#stuck.get(id)
    if (stuck !== undefined && monotonicMs() < stuck.againMs) return
    try {
      await this.#release(entry, launcher, loss)
      this.#stuck.delete(id)
    } catch (error) {
      const reason = messageOf(error)
      const waitMs = Math.min((stuck?.waitMs ?? RETRY_MS / 2) * 2, RETRY_MOST_MS)
      this.#stuck.set(id, { launcher, reason, waitMs, againMs: monotonicMs() + waitMs })
      if (stuck?.reason === reason || launcher === this.#self) return
      this.#report({ kind: 'problem', id, message: `cannot take over ${id} from ${launcher}: ${reason}` })
      if (error instanceof BjobError && error.code !== 'forbidden-file' && entry.broken === undefined)
        await announceBroken(this.#site, entry, error)
    }
  }

  async #release(entry: JobEntry, launcher: string, loss: Loss): Promise<void> {
    const { crashLimit } = specOf(entry)
    const decide = (current: JobState): JobState | undefined => {
      // Releases only this claim: a restarted launcher has a new name.
      if (current.launcher !== launcher || !isOwned(current)) return undefined
      if (launcher === this.#self && this.#isActive(entry.id)) return undefined
      const now = new Date().toISOString()
      if (deathOf(loss) !== undefined) {
        const { steps, alteration } = afterDeath(current, loss, crashLimit, now)
        return advance(current, steps, alteration)
      }
      const steps =
        current.kill === undefined
          ? stepsOfRelease(current.state, loss, now)
          : [{ time: now, state: 'USER_KILLED', event: killEvent(current.kill, current.early) } as const]
      return advance(current, steps, { launcher: undefined, kill: undefined })
    }
    const released = await changeJob(this.#site, entry.id, decide)
    this.#cleared.add(changeOf(entry))
    if (released === undefined) return
    this.#report({
      kind: 'recovered',
      id: entry.id,
      state: released.state,
      message: `${entry.id} taken over from ${launcher}: ${lossWords(loss)}`,
    })
  }
}

function changeOf(entry: JobEntry): string {
  return `${entry.id} ${entry.born} ${entry.revision}`
}

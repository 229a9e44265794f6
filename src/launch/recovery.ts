/**
 * Finds launchers that have died and gives their jobs back. Death is judged by change: a lease that this process has seen unchanged for the
 * lease time, on its own monotonic clock, while it was itself looking. On the same node the kernel knows at once.
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
import { type Lease, readLease } from '../site/launcher/launchers.ts'
import type { Site } from '../site/site.ts'
import { type Reporter, messageOf } from './launch-events.ts'
import { kernelScope } from './lease.ts'
import { announceBroken } from './run/set-aside.ts'

/** Jobs taken back at once: it died in the middle of changing some, and each of their locks takes seconds to break. */
const TAKEN_BACK_AT_ONCE = 32
/** A job that could not be taken back is tried again after this long, and after twice as long each time. */
const RETRY_MS = 1000
const RETRY_MOST_MS = 60_000

/** Its files could not be written when it ended. */
const OWN_FAULT: Loss = { why: 'launcher-ended', reason: 'its final files could not be written' }

interface Observation {
  beat: number | undefined
  /** Whether its counter has been seen to move. */
  isAlive: boolean
  /** For how long the lease has been watched and has not changed; time in which nobody looked does not count. */
  unchangedMs: number
  lookedMs: number
}

interface Stuck {
  readonly launcher: string
  readonly reason: string
  readonly waitMs: number
  readonly againMs: number
}

/** The launcher that looks. */
export interface RecoveryHost {
  /** Kills what is left of a dead launcher on this one's nodes; whether nothing is known to run any more. */
  readonly clear: (launcher: string) => Promise<boolean>
  /** Whether this launcher is running a job: what it has and does not run, it has lost by a fault. */
  readonly isActive: (id: JobId) => boolean
}

export class Recovery {
  readonly #site: Site
  readonly #self: string
  readonly #index: JobIndex
  readonly #isActive: (id: JobId) => boolean
  readonly #report: Reporter
  readonly #observations = new Map<string, Observation>()
  /** Changes looked into and found to need nothing. */
  readonly #cleared = new Set<string>()
  /** By job, what keeps it from being taken back from an owner who is dead. */
  readonly #stuck = new Map<JobId, Stuck>()
  readonly #leaseMs: number
  readonly #clear: RecoveryHost['clear']
  /** How many looks are going on. */
  #looks = 0

  constructor(site: Site, self: string, index: JobIndex, report: Reporter, { clear, isActive }: RecoveryHost) {
    this.#clear = clear
    this.#site = site
    this.#self = self
    this.#index = index
    this.#isActive = isActive
    this.#report = report
    this.#leaseMs = site.settings.lease_seconds * 1000
  }

  /** Looks at the lease of every launcher that has jobs, and takes the jobs of dead ones away from them. Call it several times a lease. */
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
      const end = await this.#judge(launcher)
      if (end === undefined) continue
      await mapConcurrently(entries, TAKEN_BACK_AT_ONCE, (entry) => this.#tryRelease(entry, launcher, end))
    }
  }

  /** As `look`, at the jobs of this launcher alone, which runs none any more. */
  async lookAtOwn(): Promise<void> {
    const own = [...this.#index.entries()].filter(
      ({ id, launcher, state }) => launcher === this.#self && !isEnded(state) && !this.#isActive(id),
    )
    await mapConcurrently(own, TAKEN_BACK_AT_ONCE, (entry) => this.#tryRelease(entry, this.#self, OWN_FAULT))
  }

  /** The jobs of dead owners that could not be taken back, with what kept them. */
  get leftBehind(): ReadonlyMap<JobId, string> {
    return new Map([...this.#stuck].map(([id, { reason }]) => [id, reason]))
  }

  /** Whether somebody's jobs may turn out to be nobody's: a launcher with nothing else to do had better wait for that. */
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

  /** What this launcher has just ended, the index may not know yet. */
  #isInUse(id: JobId): boolean {
    return this.#isActive(id) || this.#index.isPending(id)
  }

  /** @returns why the launcher is no more, or undefined while it may live */
  async #judge(launcher: string): Promise<Loss | undefined> {
    if (launcher === this.#self) return OWN_FAULT
    const lease = await this.#readLease(launcher)
    if (lease === 'newer') return undefined
    if (lease?.ended !== undefined) return { why: 'launcher-ended', reason: lease.ended }
    // What cannot be killed at once is waited for as the lease says.
    if (lease !== undefined && lease.kernel === kernelScope() && ![lease.pid, ...lease.agents].some(isProcessAlive))
      if (await this.#clear(launcher)) return { why: 'launcher-died' }
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
    // A gap in the looking (this process was suspended, say) counts for no more than a look that was on time.
    seen.unchangedMs += Math.min(now - seen.lookedMs, this.#leaseMs / 4)
    seen.lookedMs = now
    if (seen.unchangedMs <= this.#leaseMs) return undefined
    await this.#clear(launcher)
    return { why: 'launcher-died', silent: this.#site.settings.lease_seconds }
  }

  /** @returns `newer` for a lease that a newer bjob keeps: only its like can judge it */
  async #readLease(launcher: string): Promise<Lease | 'newer' | undefined> {
    try {
      return await readLease(this.#site, launcher)
    } catch (error) {
      return error instanceof BjobError && error.code === 'newer-format' ? 'newer' : undefined
    }
  }

  /** One job that cannot be taken back keeps no other from it. */
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
      // Just what the dead one had: were it to come back, it would be under another name.
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

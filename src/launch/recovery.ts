/**
 * Finds launchers that have died and gives their jobs back. Death is judged by change: a lease that this process has seen unchanged for the
 * lease time, on its own monotonic clock, while it was itself looking. On the same node the kernel knows at once.
 */
import { BjobError } from '../core/text/errors.ts'
import type { IndexEntry, JobIndex } from '../core/index/job-index.ts'
import { lossWords } from '../core/life/event-words.ts'
import type { Loss } from '../core/life/history-event.ts'
import { type JobState, advance, isOwned } from '../core/life/job-state.ts'
import { fromRecord } from '../core/job/specification.ts'
import { afterDeath, deathOf } from '../core/life/deaths.ts'
import { killEvent, stepsOfRelease } from '../core/life/outcome.ts'
import { isEnded } from '../core/life/states.ts'
import { mapConcurrently } from '../lib/concurrently.ts'
import { isProcessAlive } from '../lib/process/process-table.ts'
import { monotonicMs } from '../lib/sleep.ts'
import { changeJob } from '../site/job/jobs.ts'
import { type Lease, readLease } from '../site/launcher/launchers.ts'
import type { Site } from '../site/site.ts'
import type { Report } from './events.ts'
import { kernelScope } from './lease.ts'

/** Jobs taken back at once: it died in the middle of changing some, and each of their locks takes seconds to break. */
const AT_ONCE = 32

interface Observation {
  beat: number | undefined
  /** Whether its counter has been seen to move. */
  isAlive: boolean
  /** For how long the lease has been watched and has not changed; time in which nobody looked does not count. */
  unchangedMs: number
  lookedMs: number
}

export class Recovery {
  readonly #site: Site
  readonly #self: string
  readonly #index: JobIndex
  readonly #report: Report
  readonly #observations = new Map<string, Observation>()
  /** Changes looked into and found to need nothing. */
  readonly #cleared = new Set<string>()
  readonly #leaseMs: number
  readonly #clear: (launcher: string) => Promise<boolean>
  #judging = 0

  /** @param clear kills what is left of a dead launcher on this one's nodes; whether nothing is known to run any more */
  constructor(
    site: Site,
    self: string,
    index: JobIndex,
    report: Report,
    clear: (launcher: string) => Promise<boolean>,
  ) {
    this.#clear = clear
    this.#site = site
    this.#self = self
    this.#index = index
    this.#report = report
    this.#leaseMs = site.settings.lease_seconds * 1000
  }

  /** Looks at the lease of every launcher that has jobs, and takes the jobs of dead ones away from them. Call it several times a lease. */
  async look(): Promise<void> {
    const owned = this.#ownedByOthers()
    for (const launcher of this.#observations.keys()) if (!owned.has(launcher)) this.#observations.delete(launcher)
    this.#judging += 1
    try {
      for (const [launcher, entries] of owned) {
        const end = await this.#judge(launcher)
        if (end === undefined) continue
        await mapConcurrently(entries, AT_ONCE, (entry) => this.#release(entry, launcher, end))
      }
    } finally {
      this.#judging -= 1
    }
  }

  /** Whether somebody's jobs may turn out to be nobody's: a launcher with nothing else to do had better wait for that. */
  get isUndecided(): boolean {
    return this.#judging > 0 || [...this.#observations.values()].some(({ isAlive }) => !isAlive)
  }

  #ownedByOthers(): Map<string, IndexEntry[]> {
    const owned = new Map<string, IndexEntry[]>()
    for (const entry of this.#index.entries()) {
      const { launcher } = entry
      if (launcher === undefined || launcher === this.#self) continue
      if (isEnded(entry.state) && !this.#index.isPending(entry.id)) continue
      if (this.#cleared.has(changeOf(entry))) continue
      const entries = owned.get(launcher)
      if (entries === undefined) owned.set(launcher, [entry])
      else entries.push(entry)
    }
    return owned
  }

  /** @returns why the launcher is no more, or undefined while it may live */
  async #judge(launcher: string): Promise<Loss | undefined> {
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

  async #release(entry: IndexEntry, launcher: string, loss: Loss): Promise<void> {
    const { crashLimit } = fromRecord(entry.spec ?? {})
    const decide = (current: JobState): JobState | undefined => {
      // Just what the dead one had: were it to come back, it would be under another name.
      if (current.launcher !== launcher || !isOwned(current)) return undefined
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
    try {
      const released = await changeJob(this.#site, entry.id, decide)
      this.#cleared.add(changeOf(entry))
      if (released === undefined) return
      this.#report({
        kind: 'recovered',
        id: entry.id,
        state: released.state,
        message: `${entry.id} taken back from ${launcher}: ${lossWords(loss)}`,
      })
    } catch (error) {
      if (!(error instanceof BjobError)) throw error
      this.#report({
        kind: 'problem',
        id: entry.id,
        message: `cannot take ${entry.id} back from ${launcher}: ${error.message}`,
      })
    }
  }
}

function changeOf(entry: IndexEntry): string {
  return `${entry.id} ${entry.born} ${entry.revision}`
}

/**
 * Follows a site for `bjob watch`: the journal, the launchers' leases, and the last output line of
 * failed jobs.
 */
import { type LauncherFacts, readLaunchers } from '../../client/explain/launcher-facts.ts'
import { type Filter, compileFilter } from '../../core/index/filter.ts'
import type { JobId } from '../../core/job/id.ts'
import type { JobEntry } from '../../core/index/job-entry.ts'
import { BjobError } from '../../core/text/errors.ts'
import { failureCause } from '../../core/life/event-words.ts'
import { monotonicMs } from '../../lib/sleep.ts'
import { printable } from '../../lib/text/text-width.ts'
import { JobView } from '../../site/view/job-view.ts'
import { readJobState } from '../../site/job/jobs.ts'
import { outputTail } from '../../site/job/output.ts'
import { readEntry } from '../../site/view/scan.ts'
import type { Site } from '../../site/site.ts'
import { JobTally } from './job-tally.ts'
import type { FailedJob } from './watch-model.ts'

/**
 * Changes are made within milliseconds of their announcement; older unconfirmed ones are looked up.
 */
const DOUBT_MS = 3000
/** Number of failures whose output is read, as many as a screen shows. */
const READ_FAILURES = 40

export class SiteWatcher {
  readonly tally: JobTally
  readonly #site: Site
  readonly #view: JobView
  /** Start of a job's unconfirmed state; `Infinity` once its folder was read. */
  readonly #doubtfulSince = new Map<JobId, number>()
  readonly #failures = new Map<string, FailedJob>()
  #launchers: ReadonlyMap<string, LauncherFacts> = new Map()

  private constructor(site: Site, view: JobView, filter: Filter) {
    this.#site = site
    this.#view = view
    this.tally = new JobTally(compileFilter(filter))
  }

  /**
   * Reads the snapshot and later changes, at a cost proportional to all jobs. @throws BjobError
   * `unknown-state`, …
   */
  static async open(site: Site, filter: Filter): Promise<SiteWatcher> {
    compileFilter(filter)
    const watcher = new SiteWatcher(site, await JobView.open(site, 'all'), filter)
    const now = Date.now()
    for (const entry of watcher.#view.index.entries()) watcher.tally.set(entry.id, entry, now)
    await watcher.#lookIntoDoubtful()
    return watcher
  }

  get launchers(): readonly LauncherFacts[] {
    return [...this.#launchers.values()]
  }

  /** Reads the journals' news. */
  async readNews(): Promise<void> {
    const ids = await this.#view.refresh()
    const now = Date.now()
    for (const id of ids) this.tally.set(id, this.#view.index.get(id), now)
    await this.#lookIntoDoubtful()
  }

  async readLaunchers(): Promise<void> {
    const facts = await readLaunchers(this.#site, this.#launchers)
    this.#launchers = new Map(facts.map((one) => [one.id, one]))
  }

  /** The last failures with their last output line; each job's folder is read once. */
  async readFailures(): Promise<FailedJob[]> {
    const shown = this.tally.failures().slice(0, READ_FAILURES)
    const failures: FailedJob[] = []
    for (const entry of shown) {
      const key = `${entry.id} ${entry.born} ${entry.revision}`
      const known = this.#failures.get(key)
      const failure = known ?? (await readFailure(this.#site, entry))
      if (failure !== undefined) this.#failures.set(key, failure)
      failures.push(failure ?? { id: entry.id, time: entry.changed, reason: '', output: '' })
    }
    return failures
  }

  async #lookIntoDoubtful(): Promise<void> {
    const now = monotonicMs()
    const pending = new Set(this.#view.index.pendingIds())
    for (const id of this.#doubtfulSince.keys()) if (!pending.has(id)) this.#doubtfulSince.delete(id)
    for (const id of pending) {
      const since = this.#doubtfulSince.get(id)
      if (since === undefined) this.#doubtfulSince.set(id, now)
      else if (now - since >= DOUBT_MS) {
        this.#doubtfulSince.set(id, Infinity)
        this.tally.set(id, await readEntry(this.#site, id), Date.now())
      }
    }
  }
}

/** @returns undefined while the failure is unconfirmed, because the folder lacks the reason */
async function readFailure(site: Site, { id, revision, attempt, changed }: JobEntry): Promise<FailedJob | undefined> {
  try {
    const { history, revision: made } = await readJobState(site, id)
    if (made < revision) return undefined
    const told = history.findLast(({ state }) => state === 'RUN_ERROR' || state === 'RUN_TIMEOUT') ?? history.at(-1)
    const tail = attempt === 0 ? '' : await outputTail(site, id, attempt)
    const last = tail.split('\n').findLast((line) => line.trim() !== '') ?? ''
    return {
      id,
      time: changed,
      reason: printable(told === undefined ? '' : failureCause(told)),
      output: printable(last).trim(),
    }
  } catch (error) {
    if (error instanceof BjobError) return { id, time: changed, reason: '', output: '' }
    throw error
  }
}

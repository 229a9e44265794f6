/**
 * Turns journal news into jobs that may start here. An announced change waits for its writer's
 * confirmation, or for a look at the job's folder. A job with parents is judged again when one
 * ends.
 */
import { setImmediate } from 'node:timers/promises'
import type { JobEntry } from '../core/index/job-entry.ts'
import { orphanWords } from '../core/life/event-words.ts'
import type { Orphaned } from '../core/life/history-event.ts'
import { advance, isOwned } from '../core/life/job-state.ts'
import type { PlacementRequest } from '../core/placement/node-need.ts'
import { type JobSpec } from '../core/job/job-spec.ts'
import { isClaimable, isEnded } from '../core/life/states.ts'
import { monotonicMs } from '../lib/sleep.ts'
import type { JobView } from '../site/view/job-view.ts'
import { changeJob } from '../site/job/jobs.ts'
import { readEntry } from '../site/view/scan.ts'
import type { Site } from '../site/site.ts'
import { Parents } from './parents.ts'
import { requestOf } from './capacity.ts'
import { SetAsideJobs, type SetAsideCallbacks } from './set-aside-jobs.ts'

/**
 * Writers confirm a change within milliseconds. After this time the job's folder is read, then
 * again after twice as long each time.
 */
const UNSETTLED_MS = 300
const UNSETTLED_MOST_MS = 60_000
const TAKEN_AT_ONCE = 10_000

/** Callbacks to the launcher. */
export interface IntakeCallbacks extends Pick<SetAsideCallbacks, 'applicationOf' | 'report'> {
  /** True if this launcher could ever run such a job. */
  readonly accepts: (entry: JobEntry, spec: JobSpec, request: PlacementRequest) => boolean
  readonly isActive: (id: string) => boolean
  /** The job could start now. */
  readonly onReady: (entry: JobEntry, request: PlacementRequest) => void
  readonly onKill: (id: string, by: string) => void
  /** Runs a background task. */
  readonly runInBackground: (task: () => Promise<void>) => void
}

export class Intake {
  readonly #site: Site
  readonly #view: JobView
  readonly #callbacks: IntakeCallbacks
  readonly #parents: Parents
  readonly #setAside: SetAsideJobs
  /** Unconfirmed changes, with the time of the next look into the folder. */
  readonly #unsettled = new Map<string, { lookAtMs: number; delayMs: number }>()
  /** Delayed jobs at their current revision; without a timer once the delay is over. */
  readonly #delayed = new Map<string, { readonly revision: number; timer?: NodeJS.Timeout }>()
  /** Current delay of jobs that failed for reasons outside the job. */
  readonly #failed = new Map<string, number>()

  constructor(site: Site, view: JobView, callbacks: IntakeCallbacks) {
    this.#site = site
    this.#view = view
    this.#callbacks = callbacks
    this.#parents = new Parents(site)
    this.#setAside = new SetAsideJobs(site, { ...callbacks, onMended: (entry) => this.#take(entry) })
  }

  /** True if a runnable job only waits for its start time. */
  get isDelaying(): boolean {
    return [...this.#delayed.values()].some(({ timer }) => timer !== undefined)
  }

  /** True if a folder must be read first: of an unconfirmed change, or of a job set aside. */
  get isExpecting(): boolean {
    return this.#setAside.isReading || [...this.#unsettled.values()].some(({ delayMs }) => delayMs === UNSETTLED_MS)
  }

  /** Takes in all jobs. Jobs that were set aside are read again, as they may have been repaired. */
  async takeAll(): Promise<void> {
    let count = 0
    for (const { id } of this.#view.index.entries()) {
      // Yields, so that the lease is renewed during a long intake.
      if ((count += 1) % TAKEN_AT_ONCE === 0) await setImmediate()
      this.onJobChanged(id)
    }
    this.reconsiderBroken()
  }

  /** Reads again the jobs that were set aside. */
  reconsiderBroken(): void {
    this.#callbacks.runInBackground(() => this.#setAside.readAll())
  }

  /** Takes in the journal's news. @throws the file system's errors if the journal cannot be read */
  async takeNews(): Promise<void> {
    for (const id of await this.#view.refresh()) this.onJobChanged(id)
    for (const id of this.#unsettled.keys()) this.onJobChanged(id)
  }

  /** Handles a committed change of a job. */
  onJobChanged(id: string): void {
    if (this.#view.index.isPending(id)) {
      if (this.#unsettled.has(id)) return
      this.#unsettled.set(id, { lookAtMs: monotonicMs() + UNSETTLED_MS, delayMs: UNSETTLED_MS })
      return
    }
    this.#unsettled.delete(id)
    this.#failed.delete(id)
    const entry = this.#view.index.get(id)
    this.#setAside.note(id, entry)
    const delayed = this.#delayed.get(id)
    if (delayed !== undefined && delayed.revision !== entry?.revision) {
      clearTimeout(delayed.timer)
      this.#delayed.delete(id)
    }
    if (entry === undefined || isEnded(entry.state)) this.#reconsiderChildren(id)
    if (entry === undefined) return
    if (entry.kill !== undefined) this.#callbacks.onKill(id, entry.kill)
    this.#consider(entry)
  }

  /**
   * Reads the folders of unconfirmed changes, whose writers may have died before or after the
   * change, and of jobs that were set aside.
   */
  async lookIntoFolders(): Promise<void> {
    const nowMs = monotonicMs()
    for (const [id, look] of this.#unsettled) {
      if (look.lookAtMs > nowMs) continue
      look.delayMs = Math.min(look.delayMs * 2, UNSETTLED_MOST_MS)
      look.lookAtMs = nowMs + look.delayMs
      await this.lookUp(id)
    }
    await this.#setAside.look()
  }

  /** Like `lookUp`, after the other writer has had time to confirm. */
  lookUpSoon(id: string): void {
    this.#lookUpAfter(id, UNSETTLED_MS)
  }

  /** Like `lookUp` after a failure, with a delay that doubles. */
  lookUpLater(id: string): void {
    const delayMs = this.#failed.get(id) ?? UNSETTLED_MS
    this.#failed.set(id, Math.min(delayMs * 2, UNSETTLED_MOST_MS))
    this.#lookUpAfter(id, delayMs)
  }

  #lookUpAfter(id: string, delayMs: number): void {
    setTimeout(() => this.#callbacks.runInBackground(() => this.lookUp(id)), delayMs).unref()
  }

  /** Reads the job's folder where the journal is incomplete. */
  async lookUp(id: string): Promise<void> {
    const entry = await readEntry(this.#site, id)
    if (entry !== undefined) this.#take(entry)
  }

  /** Takes in a job as its folder shows it. */
  #take(entry: JobEntry): void {
    this.#view.index.restore([entry])
    this.#setAside.note(entry.id, entry)
    if (isEnded(entry.state)) this.#reconsiderChildren(entry.id)
    this.#consider(entry)
  }

  #consider(entry: JobEntry): void {
    const isTaken = entry.launcher !== undefined || this.#callbacks.isActive(entry.id)
    if (isTaken || !isClaimable(entry.state) || entry.broken !== undefined) return
    if (entry.spec === undefined) return this.#callbacks.runInBackground(() => this.lookUp(entry.id))
    const spec = entry.spec
    const request = requestOf(entry.id, spec, entry.deaths)
    if (!this.#callbacks.accepts(entry, spec, request)) return
    if (this.#delay(entry)) return
    if (spec.parents.length === 0 || !spec.waitForParents) this.#callbacks.onReady(entry, request)
    else this.#callbacks.runInBackground(() => this.#considerParents(entry, request))
  }

  /**
   * Delays a job whose start time lies ahead. Because this node's clock may be wrong, the delay is
   * at most the intended length.
   * @returns true if the job is delayed
   */
  #delay({ id, revision, notBefore, changed }: JobEntry): boolean {
    if (notBefore === undefined) return false
    const known = this.#delayed.get(id)
    if (known !== undefined) return known.timer !== undefined
    const untilMs = Date.parse(notBefore)
    const delayMs = Math.min(untilMs - Date.now(), untilMs - Date.parse(changed))
    if (!(delayMs > 0)) return false
    const delayed: { readonly revision: number; timer?: NodeJS.Timeout } = { revision }
    delayed.timer = setTimeout(() => {
      delete delayed.timer
      this.#callbacks.runInBackground(async () => this.onJobChanged(id))
    }, delayMs).unref()
    this.#delayed.set(id, delayed)
    return true
  }

  async #considerParents(entry: JobEntry, request: PlacementRequest): Promise<void> {
    const readiness = await this.#parents.check(entry)
    if (readiness.kind === 'free') this.#callbacks.onReady(entry, request)
    else if (readiness.kind === 'orphaned') await this.#fail(entry.id, readiness.event)
  }

  async #fail(id: string, event: Orphaned): Promise<void> {
    const failed = await changeJob(this.#site, id, (current) =>
      isEnded(current.state) || isOwned(current)
        ? undefined
        : advance(current, [{ time: new Date().toISOString(), state: 'FAILED', event }]),
    )
    if (failed !== undefined) {
      this.#callbacks.report({ kind: 'job-ended', id, state: 'FAILED', message: `${id} FAILED: ${orphanWords(event)}` })
    }
  }

  #reconsiderChildren(parent: string): void {
    for (const child of this.#parents.takeChildren(parent)) {
      const entry = this.#view.index.get(child)
      if (entry !== undefined) this.#consider(entry)
    }
  }
}

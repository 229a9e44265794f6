/**
 * Keeps a number of allocations queued or running while jobs are runnable, like HyperQueue's
 * automatic allocation. Its state is in `submissions/`: after a restart it counts the existing
 * ones. Jobs interrupted by a walltime are runnable again and get another allocation.
 */
import { BjobError, siteError } from '../../core/text/errors.ts'
import type { JobEntry } from '../../core/index/job-entry.ts'
import { isEnded } from '../../core/life/states.ts'
import { monotonicMs, sleep } from '../../lib/sleep.ts'
import { runCommand } from '../../lib/process/run-command.ts'
import { findScheduler } from '../../platform/schedulers/schedulers.ts'
import { readLease } from '../../site/launcher/launchers.ts'
import type { Site } from '../../site/site.ts'
import { type Submission, listSubmissions, writeSubmission } from '../../site/launcher/submissions.ts'
import { checkDemand, describeMisfits, measureDemand, withoutParents } from './demand.ts'
import { askSchedulers } from './submission-status.ts'
import { type AllocationRequest, renderAllocation, submitAllocation } from './submit-launchers.ts'
import { countOf } from '../../lib/text/count-of.ts'

export interface KeepOptions {
  readonly request: AllocationRequest
  /** Maximum number of this request's allocations queued or running. */
  readonly count: number
  /** Interval between checks of jobs and scheduler. */
  readonly everySeconds: number
  /** Continues without runnable jobs, for a driver that adds some. */
  readonly isPersistent: boolean
  readonly stop: AbortSignal
}

/** Reads the site's jobs: those selected for the allocations, and all. */
export type ReadJobs = () => Promise<{ readonly chosen: readonly JobEntry[]; readonly all: readonly JobEntry[] }>

export interface KeepEvent {
  readonly kind: 'submitted' | 'ended' | 'problem' | 'cancelled'
  readonly message: string
}

export interface KeepSummary {
  readonly submitted: number
  /** Number of this request's allocations queued or running. */
  readonly live: number
  /** Reason why the remaining jobs cannot run in such an allocation, in one line. */
  readonly left?: string
}

/**
 * After this many consecutive allocations without a started job, the script or the nodes must be
 * wrong.
 */
const MOST_IN_VAIN = 3
const LONGEST_PAUSE_SECONDS = 600
const CANCEL_TIMEOUT_MS = 60_000

/**
 * Submits until no job is runnable.
 * @throws BjobError `no-runnable-job`, and errors of a submission at the first check; later ones
 *   are reported and retried. `no-progress` after three consecutive allocations that started no job
 */
export async function keepAllocations(
  site: Site,
  options: KeepOptions,
  readJobs: ReadJobs,
  report: (event: KeepEvent) => void,
): Promise<KeepSummary> {
  return new Keeper(site, options, readJobs, report).run()
}

class Keeper {
  readonly #site: Site
  readonly #options: KeepOptions
  readonly #readJobs: ReadJobs
  readonly #report: (event: KeepEvent) => void
  /** Progress of the jobs when an allocation was submitted or first seen. */
  readonly #progressAt = new Map<string, number>()
  readonly #beats = new Map<string, { readonly beat: number | undefined; readonly sinceMs: number }>()
  #submitted = 0
  #inVain = 0
  #refusals = 0
  #pausedUntilMs = -Infinity
  #said = ''

  constructor(site: Site, options: KeepOptions, readJobs: ReadJobs, report: (event: KeepEvent) => void) {
    this.#site = site
    this.#options = options
    this.#readJobs = readJobs
    this.#report = report
  }

  async run(): Promise<KeepSummary> {
    const { stop, everySeconds } = this.#options
    for (let isFirst = true; ; isFirst = false) {
      let live: readonly Submission[] = []
      try {
        const look = await this.#look(isFirst)
        if (look.isDone) return look.summary
        ;({ live } = look)
        this.#said = this.#refusals === 0 ? '' : this.#said
      } catch (error) {
        if (isFirst || !isPassing(error)) throw error
        this.#tellOnce(error.message)
      }
      if (!stop.aborted) await sleep(everySeconds * 1000, stop)
      if (stop.aborted) return { submitted: this.#submitted, live: live.length }
    }
  }

  async #look(isFirst: boolean) {
    const { request, count, isPersistent, stop } = this.#options
    const { chosen, all } = await this.#readJobs()
    const progress = measureProgress(all)
    const live = await this.#liveSubmissions(progress)
    const demand = measureDemand(chosen, request, this.#site.settings)
    const orphans = await this.#withoutOwner(demand.held)
    const runnable = withoutParents(demand.waiting, all).length + orphans
    if (isFirst && live.length === 0 && !isPersistent && demand.held.length === 0 && !chosen.some(hasEnded))
      checkDemand(demand, request)
    const wanted = Math.min(count, runnable) - live.length
    for (let at = 0; at < wanted && !stop.aborted && monotonicMs() >= this.#pausedUntilMs; at++) {
      const submission = await this.#submit(isFirst && live.length === 0)
      if (submission === undefined) break
      this.#progressAt.set(submission.id, progress)
      live.push(submission)
    }
    // A running job may be interrupted and need another allocation.
    const isDone = runnable === 0 && demand.held.length === orphans && !isPersistent
    if (isDone) await this.#cancelQueued(live)
    const left = [...demand.misfits, ...demand.waiting.map(({ id }) => `${id} waits for its parents`)]
    const summary = {
      submitted: this.#submitted,
      live: live.length,
      ...(left.length === 0 ? {} : { left: describeMisfits(left) }),
    }
    return { isDone, live, summary }
  }

  /**
   * This request's unfinished submissions. For others, the end is recorded, because schedulers
   * forget.
   */
  async #liveSubmissions(progress: number): Promise<Submission[]> {
    const { request } = this.#options
    const open = (await listSubmissions(this.#site)).filter(
      ({ record }) => record.ended === undefined && isOf(request, record),
    )
    const states = await askSchedulers(open)
    const live: Submission[] = []
    for (const submission of open) {
      const { id, record } = submission
      if (!this.#progressAt.has(id)) this.#progressAt.set(id, progress)
      const status = states.get(id)
      const isOver =
        status === undefined ? isUnanswered(record) : status.state === 'ended' || status.state === 'unknown'
      if (!isOver) {
        live.push(submission)
        continue
      }
      const ended = status === undefined || status.raw === '' ? 'forgotten' : status.raw
      await writeSubmission(this.#site, { id, record: { ...record, ended } })
      this.#report({ kind: 'ended', message: `${nameOf(submission)} has ended (${ended})` })
      this.#judge(submission, progress)
    }
    return live
  }

  /** @throws BjobError `no-progress` */
  #judge({ id, record }: Submission, progress: number): void {
    const isInVain = record.scheduler_id !== undefined && progress <= (this.#progressAt.get(id) ?? 0)
    this.#inVain = isInVain ? this.#inVain + 1 : 0
    if (this.#inVain < MOST_IN_VAIN) return
    throw siteError('no-progress', `${MOST_IN_VAIN} allocations in a row ended without starting a job`, {
      path: this.#site.layout.submission(id).output,
    })
  }

  /**
   * @returns undefined if the scheduler refused; the first check throws, later ones retry with a
   *   growing pause
   */
  async #submit(isFirst: boolean): Promise<Submission | undefined> {
    const { request, everySeconds, count } = this.#options
    try {
      const submission = await submitAllocation(this.#site, await renderAllocation(this.#site, request))
      this.#submitted += 1
      this.#refusals = 0
      const nodes = countOf(request.nodes, 'node')
      const message = `${nameOf(submission)} submitted: ${nodes} for ${request.minutes} min, at most ${count} at once`
      this.#report({ kind: 'submitted', message })
      return submission
    } catch (error) {
      if (isFirst || !isPassing(error)) throw error
      this.#refusals += 1
      const pause = Math.min(everySeconds * 2 ** (this.#refusals - 1), Math.max(everySeconds, LONGEST_PAUSE_SECONDS))
      this.#pausedUntilMs = monotonicMs() + pause * 1000
      this.#tellOnce(error.message)
      return undefined
    }
  }

  /** Number of jobs of dead launchers, which wait for another launcher. */
  async #withoutOwner(held: readonly JobEntry[]): Promise<number> {
    const launchers = new Map<string, number>()
    for (const { launcher = '' } of held) launchers.set(launcher, (launchers.get(launcher) ?? 0) + 1)
    for (const known of this.#beats.keys()) if (!launchers.has(known)) this.#beats.delete(known)
    let count = 0
    for (const [launcher, jobs] of launchers) if (await this.#isDead(launcher)) count += jobs
    return count
  }

  /** True if the lease has not changed for the lease period while this process watched. */
  async #isDead(launcher: string): Promise<boolean> {
    const lease = await readLease(this.#site, launcher).catch(() => undefined)
    if (lease?.ended !== undefined) return true
    const seen = this.#beats.get(launcher)
    if (seen === undefined || seen.beat !== lease?.beat) {
      this.#beats.set(launcher, { beat: lease?.beat, sinceMs: monotonicMs() })
      return false
    }
    return monotonicMs() - seen.sinceMs > this.#site.settings.lease_seconds * 1000
  }

  /** Without runnable jobs, queued allocations would be idle. */
  async #cancelQueued(live: readonly Submission[]): Promise<void> {
    const states = await askSchedulers(live)
    for (const submission of live) {
      const { scheduler, scheduler_id: id } = submission.record
      if (id === undefined || states.get(submission.id)?.state !== 'queued') continue
      const { code, stderr } = await runCommand(findScheduler(scheduler).cancelCommand([id]), CANCEL_TIMEOUT_MS)
      if (code === 0) this.#report({ kind: 'cancelled', message: `${nameOf(submission)} cancelled in the queue` })
      else this.#report({ kind: 'problem', message: `${nameOf(submission)} stays in the queue: ${stderr.trim()}` })
    }
  }

  /** Reports a problem only once while it lasts. */
  #tellOnce(message: string): void {
    if (message === this.#said) return
    this.#said = message
    this.#report({ kind: 'problem', message: `${message}; trying again` })
  }
}

/** Increases whenever a job starts or ends. */
function measureProgress(entries: readonly JobEntry[]): number {
  return entries.reduce((sum, { attempt, state }) => sum + attempt + Number(isEnded(state)), 0)
}

function hasEnded({ state }: JobEntry): boolean {
  return isEnded(state)
}

function isOf(request: AllocationRequest, record: Submission['record']): boolean {
  return (
    record.nodes === request.nodes &&
    record.minutes === request.minutes &&
    record.queue === request.queue &&
    record.account === request.account &&
    record.options.join('\n') === request.options.join('\n')
  )
}

/**
 * The scheduler did not say if it accepted the job: it counts for as long as it could run after an
 * immediate start.
 */
function isUnanswered({ scheduler_id: id, submitted, minutes }: Submission['record']): boolean {
  return id === undefined && Date.now() - Date.parse(submitted) > minutes * 60_000
}

function nameOf({ record }: Submission): string {
  return `${record.scheduler} job ${record.scheduler_id ?? '?'}`
}

/**
 * Errors that may pass: a refusal by the scheduler, a file-system failure. Not a bug, nor
 * `no-progress`.
 */
function isPassing(error: unknown): error is Error {
  if (error instanceof BjobError) return error.code !== 'no-progress'
  return error instanceof Error && 'syscall' in error
}

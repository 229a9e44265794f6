/**
 * Keeps a number of allocations queued or running while there are jobs that could run, as HyperQueue's automatic allocation does. All it has to
 * remember is in `submissions/`: killed and started again, it counts what is still there. An allocation that the walltime cut off leaves jobs
 * that can run again, and so is followed by another one.
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

export interface KeepOptions {
  readonly request: AllocationRequest
  /** At most so many allocations of this request are queued or running at once. */
  readonly count: number
  /** Between two looks at the jobs and at the scheduler. */
  readonly everySeconds: number
  /** Goes on though no job could run: a driver may bring more. */
  readonly isPersistent: boolean
  readonly stop: AbortSignal
}

/** The site's jobs, each time anew: those that the allocations are for, and all. */
export type ReadJobs = () => Promise<{ readonly chosen: readonly JobEntry[]; readonly all: readonly JobEntry[] }>

export interface KeepEvent {
  readonly kind: 'submitted' | 'ended' | 'problem' | 'cancelled'
  readonly message: string
}

export interface KeepSummary {
  readonly submitted: number
  /** Of this request, queued or running now. */
  readonly live: number
  /** Why jobs are left that no such allocation can run; in one line. */
  readonly left?: string
}

/** Allocations in a row that end without any job having been started in the meantime: something is wrong with the script or the nodes. */
const MOST_IN_VAIN = 3
const LONGEST_PAUSE_SECONDS = 600
const CANCEL_TIMEOUT_MS = 60_000

/**
 * Submits until no job is left that could run.
 * @throws BjobError `no-runnable-job` and what a single submission throws, at the first look; later, these are told and tried again.
 * `no-progress` when three allocations in a row have ended without starting a job
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
  /** How far the jobs were when an allocation was submitted, or first seen. */
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
    // What somebody runs may yet be cut off, and then wants another allocation.
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

  /** Those of this very request that have not ended; of the others, the end is written down, for schedulers forget. */
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

  /** @returns undefined when the scheduler refused; at the first look that is thrown, later it is tried again after a pause that grows */
  async #submit(isFirst: boolean): Promise<Submission | undefined> {
    const { request, everySeconds, count } = this.#options
    try {
      const submission = await submitAllocation(this.#site, await renderAllocation(this.#site, request))
      this.#submitted += 1
      this.#refusals = 0
      const nodes = `${request.nodes} ${request.nodes === 1 ? 'node' : 'nodes'}`
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

  /** How many jobs belong to a launcher that is dead, and wait for another one to take them back. */
  async #withoutOwner(held: readonly JobEntry[]): Promise<number> {
    const launchers = new Map<string, number>()
    for (const { launcher = '' } of held) launchers.set(launcher, (launchers.get(launcher) ?? 0) + 1)
    for (const known of this.#beats.keys()) if (!launchers.has(known)) this.#beats.delete(known)
    let count = 0
    for (const [launcher, jobs] of launchers) if (await this.#isDead(launcher)) count += jobs
    return count
  }

  /** By change: a counter that stands still for the lease time while this process looks. */
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

  /** With nothing left to run, what is still queued would start for nothing. */
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

  /** The same trouble again is no news. */
  #tellOnce(message: string): void {
    if (message === this.#said) return
    this.#said = message
    this.#report({ kind: 'problem', message: `${message}; trying again` })
  }
}

/** Grows whenever a job starts or ends. */
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

/** The scheduler never said whether it took it: it counts for as long as it could run if it had started at once, and no longer. */
function isUnanswered({ scheduler_id: id, submitted, minutes }: Submission['record']): boolean {
  return id === undefined && Date.now() - Date.parse(submitted) > minutes * 60_000
}

function nameOf({ record }: Submission): string {
  return `${record.scheduler} job ${record.scheduler_id ?? '?'}`
}

/** What may well be over at the next look: a scheduler that refuses, a file system that failed. Not a fault of bjob's own, nor `no-progress`. */
function isPassing(error: unknown): error is Error {
  if (error instanceof BjobError) return error.code !== 'no-progress'
  return error instanceof Error && 'syscall' in error
}

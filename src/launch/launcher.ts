/**
 * The launcher: finds jobs by the journal, runs what fits, takes back the jobs of dead launchers,
 * and leaves in good order.
 *
 *   news ──▶ consider ──▶ queue ──▶ fill ──▶ JobRun (claim, processes, end)
 *              │                      ▲            │
 *              └─ parents: waits      └────────────┘ capacity is free again
 *
 * It lives under one name until it ends or loses its lease.
 */
import { formatSeconds } from '../core/text/duration.ts'
import { type Filter, compileFilter } from '../core/index/filter.ts'
import type { JobEntry } from '../core/index/job-entry.ts'
import { lossWords } from '../core/life/event-words.ts'
import type { Loss } from '../core/life/history-event.ts'
import type { Stop } from '../core/life/outcome.ts'
import type { PlacementRequest } from '../core/placement/node-need.ts'
import type { JobSpec } from '../core/job/job-spec.ts'
import { monotonicMs } from '../lib/sleep.ts'
import { isForbidden } from '../site/disk/disk.ts'
import type { JobView } from '../site/view/job-view.ts'
import { drainSeconds } from '../site/settings.ts'
import type { Site } from '../site/site.ts'
import type { JournalWatch } from '../site/follow/journal-watch.ts'
import { type LaunchSummary, type Reporter, errorCause, messageOf, problemText } from './launch-events.ts'
import { JobRun } from './run/job-runner.ts'
import { Intake } from './intake.ts'
import { Recovery } from './recovery.ts'
import type { Placed, Capacity } from './capacity.ts'
import { NodeHealth } from './node-health.ts'
import { type QueuedJob, RunQueue } from './run-queue.ts'
import type { RunResult, RunContext } from './run/run-context.ts'

export interface LaunchLimits {
  readonly jobMode: 'auto' | 'serial' | 'mpi'
  /** Exits after this many idle seconds. */
  readonly idleSeconds: number
  /** Keeps running when idle. */
  readonly persistent: boolean
  readonly filter: Filter
  /** End of the allocation on the monotonic clock. */
  readonly deadlineMs: number
}

const HOUSEKEEPING_MS = 500
/** Number of looks at other leases per lease period. */
const LOOKS_PER_LEASE = 6

export class Launcher {
  readonly counts = { finished: 0, failed: 0, interrupted: 0, killed: 0, outrun: 0 }
  readonly #site: Site
  readonly #view: JobView
  readonly #limits: LaunchLimits
  readonly #capacity: Capacity
  readonly #context: RunContext
  readonly #report: Reporter
  readonly #queue: RunQueue
  readonly #intake: Intake
  readonly #recovery: Recovery
  readonly #health: NodeHealth
  readonly #matchesFilter: (entry: JobEntry) => boolean
  readonly #active = new Map<string, JobRun>()
  readonly #runs = new Set<Promise<void>>()
  readonly #over = new AbortController()
  /** True while no queued job can start: until resources are released or a job is added. */
  #isBlocked = false
  /**
   * True while other launchers' claims are ahead of the journal: further claims would fail as well.
   */
  #isBehind = false
  #reason: string | undefined
  #idleSinceMs = monotonicMs()

  constructor(view: JobView, capacity: Capacity, limits: LaunchLimits, context: RunContext) {
    this.#site = context.site
    this.#view = view
    this.#limits = limits
    this.#capacity = capacity
    this.#context = context
    this.#report = context.report
    this.#queue = new RunQueue(view.index, context.launcher)
    this.#intake = new Intake(this.#site, view, {
      accepts: (entry, spec, request) => this.#accepts(entry, spec, request),
      isActive: (id) => this.#active.has(id),
      onReady: (entry, request) => this.#enqueue(entry, request),
      onKill: (id, by) => this.#active.get(id)?.stop({ kind: 'killed', by }, this.#graceMs),
      runInBackground: (task) => this.#runInBackground(task),
      applicationOf: context.applicationOf,
      report: (event) => {
        // Settling the children of a failed job counts as work.
        this.#idleSinceMs = monotonicMs()
        this.#report(event)
      },
    })
    this.#recovery = new Recovery(this.#site, context.launcher, view.index, context.report, {
      clear: (launcher) => context.agents.clear(launcher),
      isActive: (id) => this.#active.has(id),
    })
    this.#health = new NodeHealth((placed) => {
      this.#vacate(placed)
      this.#fill()
    }, context.report)
    this.#matchesFilter = compileFilter(limits.filter)
  }

  /**
   * Runs jobs until the launcher ends.
   * @returns the reason and the counts
   */
  async run(watch: JournalWatch): Promise<LaunchSummary> {
    await this.#intake.takeAll()
    this.#queue.spread()
    this.#idleSinceMs = monotonicMs()
    const timers = [
      setInterval(() => this.#housekeep(), HOUSEKEEPING_MS),
      setInterval(
        () => this.#runInBackground(() => this.#recovery.look()),
        (this.#site.settings.lease_seconds * 1000) / LOOKS_PER_LEASE,
      ),
    ]
    this.#runInBackground(() => this.#recovery.look())
    try {
      this.#fill()
      while (!this.#over.signal.aborted) {
        await watch.next(this.#over.signal)
        if (!this.#over.signal.aborted) await this.#takeNews()
      }
      while (this.#runs.size > 0) await Promise.race(this.#runs)
    } finally {
      for (const timer of timers) clearInterval(timer)
    }
    if (!this.#context.lease.isLost()) await this.#recovery.lookAtOwn()
    const leftBehind = [...this.#recovery.leftBehind].map(([id, why]) => ({ id, reason: why }))
    return { launcher: this.#context.launcher, reason: this.#reason ?? 'ended', ...this.counts, leftBehind }
  }

  /** Starts no more jobs and stops the running ones. A second call can only shorten the grace. */
  finish(reason: string, outcome: Stop, graceMs = this.#graceMs): void {
    if (this.#reason === undefined) {
      this.#reason = reason
      if (this.#active.size > 0)
        this.#report({ kind: 'draining', message: `${reason}: stopping ${this.#active.size} running jobs` })
    }
    for (const run of this.#active.values()) run.stop(outcome, graceMs)
    this.#over.abort()
  }

  /** The agent of a node and its jobs died. Jobs on several nodes have to be stopped explicitly. */
  suspendNode(node: string): void {
    this.#capacity.suspendNode(node)
    this.#report({ kind: 'problem', message: `the agent on ${node} died with its jobs; starting a new agent` })
    this.#stopOn(node, { why: 'agent-died', node })
  }

  resumeNode(node: string): void {
    this.#capacity.resumeNode(node)
    this.#isBlocked = false
    this.#fill()
  }

  /** A node is lost for good. */
  loseNode(node: string): void {
    this.#capacity.removeNode(node)
    const loss = { why: 'node-lost', node } as const
    this.#report({ kind: 'problem', message: `${lossWords(loss)}; continuing with the other nodes` })
    this.#stopOn(node, loss)
    if (this.#capacity.isEmpty) this.finish('all nodes were lost', { kind: 'lost', loss }, 0)
  }

  /** Some application has changed: jobs that were set aside may be runnable now. */
  reconsiderBroken(): void {
    this.#intake.reconsiderBroken()
  }

  #stopOn(node: string, loss: Loss): void {
    for (const run of this.#active.values()) if (run.isOn(node)) run.stop({ kind: 'lost', loss }, 0)
  }

  async #takeNews(): Promise<void> {
    try {
      await this.#intake.takeNews()
    } catch (error) {
      this.#report({
        kind: 'problem',
        message: `cannot read the journal: ${messageOf(error)}`,
        cause: errorCause(error),
      })
    }
    this.#fill()
  }

  #accepts(entry: JobEntry, { numNodes, ranksPerNode }: JobSpec, request: PlacementRequest): boolean {
    const { jobMode } = this.#limits
    const isOfMode = jobMode === 'auto' || (jobMode === 'serial') === (numNodes * ranksPerNode === 1)
    return isOfMode && this.#matchesFilter(entry) && this.#capacity.explainUnfit(request) === undefined
  }

  #enqueue(entry: JobEntry, request: PlacementRequest): void {
    this.#queue.push(entry, request)
    this.#isBlocked = false
  }

  /** Starts the jobs that fit now. */
  #fill(): void {
    if (this.#reason !== undefined || this.#isBlocked || this.#isBehind) return
    this.#isBlocked = true
    this.#queue.fill(this.#capacity, (candidate, placed) => this.#start(candidate, placed))
  }

  #start(candidate: QueuedJob, placed: Placed): void {
    const run = new JobRun(candidate, placed.assignment, this.#context, (vacancy) => {
      if (typeof vacancy !== 'string') return this.#health.fail(vacancy.node ?? '?', placed, lossWords(vacancy))
      this.#vacate(placed)
      if (vacancy === 'outrun') this.#catchUp()
      else this.#fill()
    })
    this.#active.set(candidate.id, run)
    const done = run
      .run()
      .then((result) => {
        this.#count(candidate, result)
        if (result.kind === 'ended' && result.state.state !== 'RESTART_READY')
          for (const { name } of placed.assignment.shares) this.#health.succeed(name)
        this.#idleSinceMs = monotonicMs()
      })
      .catch((error: unknown) => {
        // A failed file system may recover, so the launcher stays. A forbidden folder may be opened
        // later, but does not count as work.
        if (!isForbidden(error)) this.#idleSinceMs = monotonicMs()
        const message = `${candidate.id}: ${problemText(error)}`
        this.#report({
          kind: 'problem',
          id: candidate.id,
          message,
          ...(isForbidden(error) ? {} : { cause: errorCause(error) }),
        })
        this.#intake.lookUpLater(candidate.id)
      })
      .finally(() => {
        this.#active.delete(candidate.id)
        this.#runs.delete(done)
        // The job may be ready for its next attempt; the entry from before the claim is outdated.
        const entry = this.#view.index.get(candidate.id)
        if (entry !== undefined && entry.revision > candidate.revision) this.#intake.onJobChanged(candidate.id)
        this.#fill()
      })
    this.#runs.add(done)
  }

  #vacate(placed: Placed): void {
    this.#capacity.release(placed)
    this.#isBlocked = false
  }

  #catchUp(): void {
    if (this.#isBehind) return
    this.#isBehind = true
    this.#queue.spread('outrun')
    this.#runInBackground(() => this.#takeNews().finally(() => (this.#isBehind = false)))
  }

  #count(candidate: QueuedJob, result: RunResult): void {
    if (result.kind === 'absent') this.#view.index.forget(candidate.id)
    // Another launcher was first. The journal or, failing that, the folder will show it.
    if (result.kind === 'not-mine') {
      this.counts.outrun += 1
      this.#intake.lookUpSoon(candidate.id)
    }
    if (result.kind !== 'ended') return
    const { state } = result.state
    if (state === 'JOB_FINISHED') this.counts.finished += 1
    else if (state === 'USER_KILLED') this.counts.killed += 1
    else if (state === 'FAILED') this.counts.failed += 1
    else if (this.#reason !== undefined) this.counts.interrupted += 1
  }

  #housekeep(): void {
    if (this.#context.lease.isLost()) return
    this.#runInBackground(() => this.#intake.lookIntoFolders())
    const now = monotonicMs()
    if (now >= this.#limits.deadlineMs - drainSeconds(this.#site.settings) * 1000) {
      this.finish('time limit', { kind: 'interrupted', why: 'walltime' })
    } else if (this.#active.size > 0 || this.#isExpecting) this.#idleSinceMs = now
    else if (this.#isIdle) this.#runInBackground(() => this.#leave())
  }

  /** True if work may arrive soon. */
  get #isExpecting(): boolean {
    return this.#recovery.isUndecided || this.#intake.isDelaying || this.#capacity.isSuspended || this.#health.isHolding
  }

  get #isIdle(): boolean {
    const { persistent, idleSeconds } = this.#limits
    const isFree = this.#active.size === 0 && !this.#intake.isExpecting
    return isFree && !persistent && monotonicMs() - this.#idleSinceMs >= idleSeconds * 1000
  }

  /** Ends for lack of work, after a last look: on a loaded node, file notifications can be late. */
  async #leave(): Promise<void> {
    await this.#takeNews()
    if (!this.#isIdle) return
    const reason = `idle for ${formatSeconds(this.#limits.idleSeconds)}`
    this.finish(reason, { kind: 'interrupted', why: 'idle' }, 0)
  }

  get #graceMs(): number {
    return this.#site.settings.grace_seconds * 1000
  }

  /** Runs a background task. Errors are reported; the next event retries. */
  #runInBackground(task: () => Promise<void>): void {
    const done = task()
      .catch((error: unknown) => this.#report({ kind: 'problem', message: messageOf(error), cause: errorCause(error) }))
      .finally(() => {
        this.#runs.delete(done)
        this.#fill()
      })
    this.#runs.add(done)
  }
}

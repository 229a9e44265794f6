/**
 * The launcher: finds jobs by the journal, runs what fits, takes back the jobs of dead launchers,
 * and leaves in good order.
 *
 *   journal ──▶ intake ──▶ dispatcher: queue ──▶ fill ──▶ JobRun (claim, processes, end)
 *                 │                                ▲            │
 *                 └─ parents: waits                └────────────┘ resources are free again
 *
 * It lives under one name until it ends or loses its lease.
 */
import { formatSeconds } from '../core/text/duration.ts'
import { type Filter, compileFilter } from '../core/index/filter.ts'
import type { JobEntry } from '../core/index/job-entry.ts'
import { lossWords } from '../core/life/event-words.ts'
import type { Stop } from '../core/life/outcome.ts'
import type { PlacementRequest } from '../core/placement/node-need.ts'
import type { JobSpec } from '../core/job/job-spec.ts'
import { monotonicMs } from '../lib/sleep.ts'
import type { JobView } from '../site/view/job-view.ts'
import { drainSeconds } from '../site/settings.ts'
import type { Site } from '../site/site.ts'
import type { JournalWatch } from '../site/follow/journal-watch.ts'
import { type LaunchSummary, type Reporter, errorCause, messageOf } from './launch-events.ts'
import { BackgroundTasks } from './background-tasks.ts'
import type { Capacity } from './capacity.ts'
import { Dispatcher } from './dispatcher.ts'
import { Intake } from './intake.ts'
import { Recovery } from './recovery.ts'
import type { RunContext } from './run/run-context.ts'
import { countOf } from '../lib/text/count-of.ts'

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
  readonly #site: Site
  readonly #limits: LaunchLimits
  readonly #capacity: Capacity
  readonly #context: RunContext
  readonly #report: Reporter
  readonly #tasks: BackgroundTasks
  readonly #intake: Intake
  readonly #dispatcher: Dispatcher
  readonly #recovery: Recovery
  readonly #matchesFilter: (entry: JobEntry) => boolean
  readonly #over = new AbortController()
  #reason: string | undefined
  #idleSinceMs = monotonicMs()

  constructor(view: JobView, capacity: Capacity, limits: LaunchLimits, context: RunContext) {
    const { site, launcher, report } = context
    const onWork = (): void => {
      this.#idleSinceMs = monotonicMs()
    }
    this.#site = site
    this.#limits = limits
    this.#capacity = capacity
    this.#context = context
    this.#report = report
    this.#matchesFilter = compileFilter(limits.filter)
    this.#tasks = new BackgroundTasks(report, () => this.#dispatcher.fill())
    this.#intake = new Intake(site, view, {
      accepts: (entry, spec, request) => this.#accepts(entry, spec, request),
      isActive: (id) => this.#dispatcher.isRunning(id),
      onReady: (entry, request) => this.#dispatcher.enqueue(entry, request),
      onKill: (id, by) => this.#dispatcher.stop(id, { kind: 'killed', by }, this.#graceMs),
      runInBackground: (task) => this.#tasks.run(task),
      applicationOf: context.applicationOf,
      report: (event) => {
        // Settling the children of a failed job counts as work.
        onWork()
        report(event)
      },
    })
    this.#dispatcher = new Dispatcher(view.index, capacity, context, this.#tasks, {
      onJobChanged: (id) => this.#intake.onJobChanged(id),
      onClaimLost: (id) => this.#intake.lookUpSoon(id),
      onFailed: (id) => this.#intake.lookUpLater(id),
      catchUp: () => this.#readJournal(),
      onWork,
    })
    this.#recovery = new Recovery(site, launcher, view.index, report, {
      clear: (other) => context.agents.clear(other),
      isActive: (id) => this.#dispatcher.isRunning(id),
    })
  }

  /** Runs jobs until the launcher ends. @returns the reason and the counts */
  async run(watch: JournalWatch): Promise<LaunchSummary> {
    await this.#intake.takeAll()
    this.#dispatcher.spread()
    this.#idleSinceMs = monotonicMs()
    const timers = [
      setInterval(() => this.#housekeep(), HOUSEKEEPING_MS),
      setInterval(
        () => this.#tasks.run(() => this.#recovery.look()),
        (this.#site.settings.lease_seconds * 1000) / LOOKS_PER_LEASE,
      ),
    ]
    this.#tasks.run(() => this.#recovery.look())
    try {
      this.#dispatcher.fill()
      while (!this.#over.signal.aborted) {
        await watch.next(this.#over.signal)
        if (!this.#over.signal.aborted) await this.#readJournal()
      }
      await this.#tasks.drain()
    } finally {
      for (const timer of timers) clearInterval(timer)
    }
    if (!this.#context.lease.isLost()) await this.#recovery.lookAtOwn()
    const leftBehind = [...this.#recovery.leftBehind].map(([id, why]) => ({ id, reason: why }))
    const { counts } = this.#dispatcher
    return { launcher: this.#context.launcher, reason: this.#reason ?? 'ended', ...counts, leftBehind }
  }

  /** Starts no more jobs and stops the running ones. A second call can only shorten the grace. */
  finish(reason: string, outcome: Stop, graceMs = this.#graceMs): void {
    const { runningCount } = this.#dispatcher
    if (this.#reason === undefined && runningCount > 0)
      this.#report({ kind: 'draining', message: `${reason}: stopping ${countOf(runningCount, 'running job')}` })
    this.#reason ??= reason
    this.#dispatcher.drain(outcome, graceMs)
    this.#over.abort()
  }

  /** The agent of a node and its jobs died. */
  suspendNode(node: string): void {
    this.#report({ kind: 'problem', message: `the agent on ${node} died with its jobs; starting a new agent` })
    this.#dispatcher.suspendNode(node)
  }

  resumeNode(node: string): void {
    this.#dispatcher.resumeNode(node)
  }

  /** A node is lost for good. */
  loseNode(node: string): void {
    const loss = { why: 'node-lost', node } as const
    this.#report({ kind: 'problem', message: `${lossWords(loss)}; continuing with the other nodes` })
    this.#dispatcher.removeNode(node, loss)
    if (this.#capacity.isEmpty) this.finish('all nodes were lost', { kind: 'lost', loss }, 0)
  }

  /** Some application has changed: jobs that were set aside may be runnable now. */
  reconsiderBroken(): void {
    this.#intake.reconsiderBroken()
  }

  async #readJournal(): Promise<void> {
    try {
      await this.#intake.takeNews()
    } catch (error) {
      this.#report({
        kind: 'problem',
        message: `cannot read the journal: ${messageOf(error)}`,
        cause: errorCause(error),
      })
    }
    this.#dispatcher.fill()
  }

  #accepts(entry: JobEntry, { numNodes, ranksPerNode }: JobSpec, request: PlacementRequest): boolean {
    const { jobMode } = this.#limits
    const isOfMode = jobMode === 'auto' || (jobMode === 'serial') === (numNodes * ranksPerNode === 1)
    return isOfMode && this.#matchesFilter(entry) && this.#capacity.explainUnfit(request) === undefined
  }

  #housekeep(): void {
    if (this.#context.lease.isLost()) return
    // A task may find work: one that reads a job's folder, for example.
    const isQuiet = this.#tasks.count === 0
    this.#tasks.run(() => this.#intake.lookIntoFolders())
    const now = monotonicMs()
    if (now >= this.#limits.deadlineMs - drainSeconds(this.#site.settings) * 1000) {
      this.finish('time limit', { kind: 'interrupted', why: 'walltime' })
    } else if (this.#dispatcher.runningCount > 0 || this.#isExpecting) this.#idleSinceMs = now
    else if (isQuiet && this.#isIdle) this.#tasks.run(() => this.#leave())
  }

  /** True if work may arrive soon. */
  get #isExpecting(): boolean {
    return this.#recovery.isUndecided || this.#intake.isDelaying || this.#dispatcher.isWithholding
  }

  get #isIdle(): boolean {
    const { persistent, idleSeconds } = this.#limits
    const isFree = this.#dispatcher.runningCount === 0 && !this.#intake.isExpecting
    return isFree && !persistent && monotonicMs() - this.#idleSinceMs >= idleSeconds * 1000
  }

  /** Ends for lack of work, after a last look: on a loaded node, file notifications can be late. */
  async #leave(): Promise<void> {
    await this.#readJournal()
    const hasOtherTasks = this.#tasks.count > 1
    if (hasOtherTasks || !this.#isIdle) return
    const reason = `idle for ${formatSeconds(this.#limits.idleSeconds)}`
    this.finish(reason, { kind: 'interrupted', why: 'idle' }, 0)
  }

  get #graceMs(): number {
    return this.#site.settings.grace_seconds * 1000
  }
}

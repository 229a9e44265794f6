/**
 * Starts queued jobs as capacity becomes free, follows their runs to the end, and stops them when
 * their node or the launcher ends.
 */
import type { JobEntry } from '../core/index/job-entry.ts'
import type { JobIndex } from '../core/index/job-index.ts'
import { lossWords } from '../core/life/event-words.ts'
import type { Loss } from '../core/life/history-event.ts'
import type { Stop } from '../core/life/outcome.ts'
import type { PlacementRequest } from '../core/placement/node-need.ts'
import { isForbidden } from '../site/disk/disk.ts'
import type { BackgroundTasks } from './background-tasks.ts'
import type { Capacity, Placed } from './capacity.ts'
import { errorCause, problemText } from './launch-events.ts'
import { NodeHealth } from './node-health.ts'
import { JobRun } from './run/job-run.ts'
import type { ResourceRelease, RunContext, RunResult } from './run/run-context.ts'
import { type QueuedJob, RunQueue } from './run-queue.ts'

/** Callbacks to the launcher. */
export interface DispatchCallbacks {
  /** A run is over, and the job may be ready for its next attempt. */
  readonly onJobChanged: (id: string) => void
  /** Another launcher claimed the job first. The journal or, failing that, the folder shows it. */
  readonly onClaimLost: (id: string) => void
  /** A run failed for a reason outside the job. */
  readonly onFailed: (id: string) => void
  /** Reads the journal. */
  readonly catchUp: () => Promise<void>
  /** A run ended: the launcher is not idle. */
  readonly onWork: () => void
}

export class Dispatcher {
  readonly counts = { finished: 0, failed: 0, interrupted: 0, killed: 0, outrun: 0 }
  readonly #index: JobIndex
  readonly #capacity: Capacity
  readonly #context: RunContext
  readonly #tasks: BackgroundTasks
  readonly #callbacks: DispatchCallbacks
  readonly #queue: RunQueue
  readonly #health: NodeHealth
  readonly #running = new Map<string, JobRun>()
  /** True while no queued job can start: until resources are released or a job is added. */
  #isBlocked = false
  /**
   * True while other launchers' claims are ahead of the journal: further claims would fail as well.
   */
  #isBehind = false
  #isDraining = false

  constructor(
    index: JobIndex,
    capacity: Capacity,
    context: RunContext,
    tasks: BackgroundTasks,
    callbacks: DispatchCallbacks,
  ) {
    this.#index = index
    this.#capacity = capacity
    this.#context = context
    this.#tasks = tasks
    this.#callbacks = callbacks
    this.#queue = new RunQueue(index, context.launcher)
    this.#health = new NodeHealth((placed) => {
      this.#release(placed)
      this.fill()
    }, context.report)
  }

  get runningCount(): number {
    return this.#running.size
  }

  isRunning(id: string): boolean {
    return this.#running.has(id)
  }

  /** True while resources are withheld from jobs, but may return. */
  get isWithholding(): boolean {
    return this.#capacity.isSuspended || this.#health.isHolding
  }

  enqueue(entry: JobEntry, request: PlacementRequest): void {
    this.#queue.push(entry, request)
    this.#isBlocked = false
  }

  /** Shuffles the whole queue, after many jobs were added. */
  spread(): void {
    this.#queue.spread()
  }

  /** Starts the jobs that fit now. */
  fill(): void {
    if (this.#isDraining || this.#isBlocked || this.#isBehind) return
    this.#isBlocked = true
    this.#queue.fill(this.#capacity, (candidate, placed) => this.#start(candidate, placed))
  }

  /** Stops one job, if it runs here. */
  stop(id: string, outcome: Stop, graceMs: number): void {
    this.#running.get(id)?.stop(outcome, graceMs)
  }

  /** Starts no more jobs and stops the running ones. */
  drain(outcome: Stop, graceMs: number): void {
    this.#isDraining = true
    for (const run of this.#running.values()) run.stop(outcome, graceMs)
  }

  /** The agent of a node and its jobs died. Jobs on several nodes have to be stopped explicitly. */
  suspendNode(node: string): void {
    this.#capacity.suspendNode(node)
    this.#stopOn(node, { why: 'agent-died', node })
  }

  resumeNode(node: string): void {
    this.#capacity.resumeNode(node)
    this.#isBlocked = false
    this.fill()
  }

  /** A node is lost for good. */
  removeNode(node: string, loss: Loss): void {
    this.#capacity.removeNode(node)
    this.#stopOn(node, loss)
  }

  #stopOn(node: string, loss: Loss): void {
    for (const run of this.#running.values()) if (run.isOn(node)) run.stop({ kind: 'lost', loss }, 0)
  }

  #start(candidate: QueuedJob, placed: Placed): void {
    const run = new JobRun(candidate, placed.assignment, this.#context, (reason) => this.#onRelease(placed, reason))
    this.#running.set(candidate.id, run)
    this.#tasks.add(
      run
        .run()
        .then((result) => this.#onResult(candidate, placed, result))
        .catch((error: unknown) => this.#onError(candidate, error))
        .finally(() => {
          this.#running.delete(candidate.id)
          // The entry from before the claim is outdated.
          const entry = this.#index.get(candidate.id)
          if (entry !== undefined && entry.revision > candidate.revision) this.#callbacks.onJobChanged(candidate.id)
          this.fill()
        }),
    )
  }

  #onRelease(placed: Placed, reason: ResourceRelease): void {
    if (typeof reason !== 'string') return this.#health.fail(reason.node ?? '?', placed, lossWords(reason))
    this.#release(placed)
    if (reason === 'outrun') this.#catchUp()
    else this.fill()
  }

  #onResult({ id }: QueuedJob, { assignment }: Placed, result: RunResult): void {
    this.#callbacks.onWork()
    if (result.kind === 'absent') this.#index.forget(id)
    if (result.kind === 'not-mine') {
      this.counts.outrun += 1
      this.#callbacks.onClaimLost(id)
    }
    if (result.kind !== 'ended') return
    const { state } = result.state
    if (state === 'JOB_FINISHED') this.counts.finished += 1
    else if (state === 'USER_KILLED') this.counts.killed += 1
    else if (state === 'FAILED') this.counts.failed += 1
    else if (this.#isDraining) this.counts.interrupted += 1
    if (state !== 'RESTART_READY') for (const { name } of assignment.shares) this.#health.succeed(name)
  }

  /** The launcher stays, because a failed file system may recover. */
  #onError({ id }: QueuedJob, error: unknown): void {
    const message = `${id}: ${problemText(error)}`
    // A forbidden folder may be opened later, but does not count as work.
    const isOpen = !isForbidden(error)
    if (isOpen) this.#callbacks.onWork()
    this.#context.report({ kind: 'problem', id, message, ...(isOpen ? { cause: errorCause(error) } : {}) })
    this.#callbacks.onFailed(id)
  }

  #release(placed: Placed): void {
    this.#capacity.release(placed)
    this.#isBlocked = false
  }

  #catchUp(): void {
    if (this.#isBehind) return
    this.#isBehind = true
    this.#queue.spread('outrun')
    this.#tasks.run(() => this.#callbacks.catchUp().finally(() => (this.#isBehind = false)))
  }
}

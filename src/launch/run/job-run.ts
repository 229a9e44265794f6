/**
 * Runs one job from claim to end: preparation, the processes of the attempt, completion. Only the
 * owner of an attempt can commit its end.
 */
import { setImmediate } from 'node:timers/promises'
import { deathOf } from '../../core/life/deaths.ts'
import { type Stop, countFailures, isForPostprocess, stepsFor } from '../../core/life/outcome.ts'
import { isHandled } from '../../core/life/states.ts'
import type { Assignment } from '../../core/placement/node-pool.ts'
import type { QueuedJob } from '../run-queue.ts'
import { ClaimedRun, withEarlyStop } from './claimed-run.ts'
import { completeJob, endForPostprocess, postprocess, stageFilesOut } from './completion.ts'
import { executeJob } from './execution.ts'
import { claimJob } from './job-claim.ts'
import { prepareJob } from './preparation.ts'
import type { ResourceRelease, RunContext, RunResult } from './run-context.ts'
import { hasStageOut } from './staging.ts'
import { Stopping } from './stopping.ts'

export class JobRun {
  readonly #candidate: QueuedJob
  readonly #assignment: Assignment
  readonly #context: RunContext
  readonly #onRelease: (reason: ResourceRelease) => void
  readonly #stopping = new Stopping()
  #isReleased = false

  /** @param onRelease called once when the job needs its resources no longer */
  constructor(
    candidate: QueuedJob,
    assignment: Assignment,
    context: RunContext,
    onRelease: (reason: ResourceRelease) => void,
  ) {
    this.#candidate = candidate
    this.#assignment = assignment
    this.#context = context
    this.#onRelease = onRelease
  }

  /** Claims the job, runs it and commits its end. Throws only on bugs in bjob. */
  async run(): Promise<RunResult> {
    const release = (reason: ResourceRelease = 'over'): void => this.#release(reason)
    try {
      const claim = await claimJob(this.#context, this.#candidate, this.#assignment, this.#stopping)
      if (claim.kind === 'claimed')
        return await runClaimed(new ClaimedRun(this.#context, claim, this.#stopping, release))
      release(claim.kind === 'not-mine' ? 'outrun' : 'over')
      return claim
    } finally {
      release()
    }
  }

  /** Stops the job: TERM, KILL after `graceMs`; it ends as `outcome`. Later calls only hurry it. */
  stop(outcome: Stop, graceMs: number): void {
    this.#stopping.stop(outcome, graceMs)
  }

  isOn(node: string): boolean {
    return this.#assignment.shares.some(({ name }) => name === node)
  }

  #release(reason: ResourceRelease): void {
    if (!this.#isReleased) this.#onRelease(reason)
    this.#isReleased = true
  }
}

/** Runs all steps of a claimed job. */
async function runClaimed(run: ClaimedRun): Promise<RunResult> {
  if (isHandled(run.state.state)) return postprocess(run)
  if (run.state.state === 'POSTPROCESSED') return stageFilesOut(run)
  const refused = await prepareJob(run)
  if (refused !== undefined) return refused
  const { spec, application } = run.job
  const outcome = await executeJob(run.context, run.job, run.stopping)
  if (outcome.kind === 'lost') {
    if (outcome.loss.why === 'node-error') run.release(outcome.loss)
    if (deathOf(outcome.loss) !== undefined) return run.recordLoss(outcome.loss)
  }
  if (application.postprocess !== undefined && isForPostprocess(outcome, spec)) return endForPostprocess(run, outcome)
  if (!hasStageOut(spec)) {
    run.release()
    // The next job starts first: a free core should not wait for this end to be written.
    await setImmediate()
  }
  return completeJob(
    run,
    (current, now) => stepsFor(withEarlyStop(outcome, current), spec, countFailures(current.history), now),
    spec,
  )
}

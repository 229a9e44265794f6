/** Leads a job from the end of its attempt to its end: postprocess and stage-out. */
import type { HistoryEntry } from '../../core/life/job-state.ts'
import {
  type AttemptOutcome,
  countFailures,
  stepsAfterPostprocess,
  stepsAfterStaging,
  stepsFor,
  stepsWithoutPostprocess,
} from '../../core/life/outcome.ts'
import type { JobSpec } from '../../core/job/job-spec.ts'
import { clearVerdict, readVerdict } from '../../site/job/verdict.ts'
import { beginStep } from './claim-steps.ts'
import type { ClaimedRun, Decide } from './claimed-run.ts'
import { runHook } from './hooks.ts'
import type { RunResult } from './run-context.ts'
import { hasStageOut, isDoneWell, stageOut } from './staging.ts'

/** Commits the attempt's end and runs the postprocess, or leaves that to the next launcher. */
export async function endForPostprocess(run: ClaimedRun, outcome: AttemptOutcome): Promise<RunResult> {
  run.stopping.settle()
  const attemptEnd: Decide = (_, now) => stepsFor(outcome, run.job.spec, 0, now).slice(0, 1)
  if (run.stopping.outcome !== undefined) return run.end(attemptEnd)
  const refused = await run.move((current, now) => ({ steps: attemptEnd(current, now) }))
  return refused ?? postprocess(run)
}

export async function postprocess(run: ClaimedRun): Promise<RunResult> {
  const { context, job, stopping } = run
  const { state } = run.state
  if (job.application.postprocess === undefined)
    return completeJob(run, (_, now) => stepsWithoutPostprocess(state, now))
  await clearVerdict(context.site, job.id)
  const end = await runHook(context, job, 'postprocess', state, stopping)
  if (end.kind === 'stopped') return run.requeue(end.outcome)
  const verdict = await readVerdict(context.site, job.id)
  if (!hasStageOut(job.spec)) run.release()
  const result = await completeJob(run, (_, now) => stepsAfterPostprocess(state, end, verdict, now))
  if (verdict !== undefined) await clearVerdict(context.site, job.id)
  return result
}

/**
 * Commits the end of a job, or everything but the end if its run succeeded and files are to be
 * staged out.
 */
export async function completeJob(run: ClaimedRun, decide: Decide, policy?: JobSpec): Promise<RunResult> {
  const { context, job, stopping } = run
  if (!hasStageOut(job.spec) || !isDoneWell(run.state, decide(run.state, ''))) return run.end(decide, policy)
  const withoutEnd: Decide = (current, now): HistoryEntry[] => [
    ...decide(current, now).filter(({ state }) => state !== 'JOB_FINISHED'),
    beginStep(context, job, 'stage-out', 'POSTPROCESSED', now),
  ]
  if (stopping.outcome !== undefined) return run.end(withoutEnd)
  const refused = await run.move((current, now) => ({ steps: withoutEnd(current, now) }))
  return refused ?? stageFilesOut(run)
}

/** Stages out the files of a successful job, which then has finished. */
export async function stageFilesOut(run: ClaimedRun): Promise<RunResult> {
  const { context, job, stopping } = run
  const end = await stageOut(context, job, stopping)
  run.release()
  if (end.kind === 'stopped') return run.requeue(end.outcome)
  if (end.kind === 'ok') return run.end((_, now) => [{ time: now, state: 'JOB_FINISHED', event: end.staged }])
  return run.end(
    ({ state, history }, now) => stepsAfterStaging('stage-out', state, end, job.spec, countFailures(history), now),
    job.spec,
  )
}

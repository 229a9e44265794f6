/** Leads a claimed job to RUNNING: links or copies its inputs, and runs its preprocess. */
import { BjobError } from '../../core/text/errors.ts'
import { inputsAtStart } from '../../core/life/job-inputs.ts'
import type { HistoryEntry } from '../../core/life/job-state.ts'
import { countFailures, stepsAfterPreprocess, stepsAfterStaging, stepsFor } from '../../core/life/outcome.ts'
import { linkInputs } from '../../site/job/stage-in.ts'
import { beginStep, isToPreprocess, isToStageIn, startStep } from './claim-steps.ts'
import type { ClaimedRun } from './claimed-run.ts'
import { runHook } from './hooks.ts'
import type { RunResult } from './run-context.ts'
import { stageIn } from './staging.ts'

/** @returns the result if the job went no further */
export async function prepareJob(run: ClaimedRun): Promise<RunResult | undefined> {
  return (await linkParentFiles(run)) ?? (await stageFilesIn(run)) ?? (await preprocess(run))
}

/** Links the parents' files, or fails the job. */
async function linkParentFiles(run: ClaimedRun): Promise<RunResult | undefined> {
  const { id, spec } = run.job
  if (inputsAtStart(run.state, spec) !== 'link') return undefined
  try {
    const { unmatched } = await linkInputs(run.context.site, id, spec)
    if (unmatched.length === 0) return undefined
    const event = { kind: 'unmatched', patterns: unmatched } as const
    return await run.move(({ state }, time) => ({ steps: [{ time, state, event }] }))
  } catch (error) {
    if (!(error instanceof BjobError)) throw error
    const impossible = { kind: 'impossible', reason: error.message } as const
    return run.end((_, now) => stepsFor(impossible, spec, 0, now))
  }
}

async function stageFilesIn(run: ClaimedRun): Promise<RunResult | undefined> {
  const { context, job, stopping } = run
  if (!isToStageIn(run.state, job)) return undefined
  const end = await stageIn(context, run.state, job, stopping)
  if (end.kind === 'stopped') return run.requeue(end.outcome)
  if (end.kind === 'failed') {
    return run.end(
      ({ state, history }, now) => stepsAfterStaging('stage-in', state, end, job.spec, countFailures(history), now),
      job.spec,
    )
  }
  const staged = (now: string): HistoryEntry => ({ time: now, state: 'STAGED_IN', event: end.staged })
  const { outcome: stop } = stopping
  if (stop !== undefined) return run.requeue(stop, (now) => [staged(now)])
  return run.move((current, now) => {
    if (isToPreprocess(current, job))
      return { steps: [staged(now), beginStep(context, job, 'preprocess', 'STAGED_IN', now)] }
    const next = { ...job, attempt: current.attempt + 1 }
    return { steps: [staged(now), startStep(context, next, now)], alteration: { attempt: next.attempt } }
  })
}

async function preprocess(run: ClaimedRun): Promise<RunResult | undefined> {
  const { context, job, stopping } = run
  if (run.state.state !== 'STAGED_IN') return undefined
  const end = await runHook(context, job, 'preprocess', 'STAGED_IN', stopping)
  if (end.kind === 'stopped') return run.requeue(end.outcome)
  if (end.kind === 'failed') return run.end((_, now) => stepsAfterPreprocess(end, now))
  const { outcome: stop } = stopping
  if (stop !== undefined) return run.requeue(stop, (now) => stepsAfterPreprocess(end, now))
  return run.move((current, now) => {
    const next = { ...job, attempt: current.attempt + 1 }
    const steps = [...stepsAfterPreprocess(end, now), startStep(context, next, now)]
    return { steps, alteration: { attempt: next.attempt } }
  })
}

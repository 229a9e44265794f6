/**
 * Runs an application's hooks, preprocess and postprocess, on the job's first node and in its
 * folder, with a time limit and a log.
 */
import type { HookName, StepFault } from '../../core/life/history-event.ts'
import type { HookResult, Stop } from '../../core/life/outcome.ts'
import type { State } from '../../core/life/states.ts'
import { hookOf } from '../../site/applications.ts'
import { fileTail, stepLogPath } from '../../site/job/output.ts'
import type { AgentExit } from '../agent/agents.ts'
import { lossOf, refusalOf } from './execution.ts'
import { type JobCommand, type JobToRun, buildHookCommand } from './job-command.ts'
import type { RunContext } from './run-context.ts'
import type { Stopping } from './stopping.ts'

/** The end of a hook; `stopped`: it says nothing about the job. */
export type HookEnd = HookResult | { readonly kind: 'stopped'; readonly outcome: Stop }

/**
 * Runs a hook that the application has.
 * @param state the job's state, which a postprocess handles
 */
export async function runHook(
  context: RunContext,
  job: JobToRun,
  hook: HookName,
  state: State,
  stopping: Stopping,
): Promise<HookEnd> {
  const { site, allocation } = context
  const words = hookOf(job.application, hook, site.layout.root) ?? []
  const command = buildHookCommand(site, allocation, job, words, variablesOf(hook, state))
  const output = stepLogPath(site, job.id, hook)
  return runStep(context, job, { ...command, output, limit: 'hook_seconds' }, stopping)
}

/** A command run for a job in addition to its own processes. */
export interface HookStep extends Pick<JobCommand, 'node' | 'words' | 'environment'> {
  /** File for its output. */
  readonly output: string
  /** Setting with its time limit. */
  readonly limit: 'hook_seconds' | 'stage_seconds'
}

/** Runs a step in the job's folder. */
export async function runStep(
  { site, agents, lease }: RunContext,
  job: JobToRun,
  { limit, ...step }: HookStep,
  stopping: Stopping,
): Promise<HookEnd> {
  const early = stopping.outcome
  if (early !== undefined) return { kind: 'stopped', outcome: early }
  if (lease.isLost()) return { kind: 'stopped', outcome: { kind: 'lost', loss: { why: 'lease-lost' } } }
  const seconds = site.settings[limit]
  const before = (await site.disk.stat(step.output))?.size ?? 0
  const attempt = agents.start({ ...step, cwd: site.layout.job(job.id).dir })
  stopping.watch(attempt)
  let isLate = false
  const timer = setTimeout(() => {
    isLate = true
    attempt.stop(site.settings.grace_seconds * 1000)
  }, seconds * 1000)
  const exit = await attempt.exit
  clearTimeout(timer)
  stopping.watch(undefined)
  const { outcome } = stopping
  if (outcome?.kind === 'killed') return { kind: 'stopped', outcome }
  // A step that finished its work counts as done, even if a stop had begun.
  if (exit.kind === 'exited' && exit.code === 0 && !isLate) return { kind: 'ok', seconds: exit.seconds }
  if (outcome !== undefined) return { kind: 'stopped', outcome }
  if (exit.kind === 'lost') return { kind: 'stopped', outcome: lossOf(exit) }
  const refusal = exit.kind === 'not-started' ? refusalOf(exit, step.node) : undefined
  if (refusal !== undefined) return { kind: 'stopped', outcome: refusal }
  const fault = isLate ? { limit, seconds } : faultOf(exit)
  return { kind: 'failed', fault, tail: await fileTail(site, step.output, before) }
}

function faultOf(exit: Exclude<AgentExit, { kind: 'lost' }>): StepFault {
  if (exit.kind === 'not-started') return { error: exit.message }
  return exit.kind === 'exited' ? { exit: exit.code } : { signal: exit.signal }
}

/** Variables with the reason of the call, named as in Balsam with the prefix BJOB_. */
function variablesOf(hook: HookName, state: State): Record<string, string> {
  return {
    BJOB_HOOK: hook,
    ...(state === 'RUN_ERROR' ? { BJOB_ERROR: 'TRUE' } : {}),
    ...(state === 'RUN_TIMEOUT' ? { BJOB_TIMEOUT: 'TRUE' } : {}),
  }
}

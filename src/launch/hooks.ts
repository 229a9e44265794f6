/** The application's hooks, preprocess and postprocess: run on the job's first node, in its folder, with a time limit and a log of their own. */
import type { HookResult, Stop } from '../core/outcome.ts'
import type { State } from '../core/states.ts'
import { hookOf } from '../site/applications.ts'
import { fileTail, hookLogPath } from '../site/output.ts'
import type { AgentExit } from './agents.ts'
import { type JobToRun, buildHookCommand } from './job-command.ts'
import type { Surroundings } from './job-runner.ts'
import type { Stopping } from './stopping.ts'

export type HookName = 'preprocess' | 'postprocess'

/** What a hook came to; `stopped`: its end says nothing about the job. */
export type HookEnd = HookResult | { readonly kind: 'stopped'; readonly outcome: Stop }

/**
 * Runs a hook of the job's application, which has it.
 * @param state the state that the job is in, for a postprocess that handles it
 */
export async function runHook(
  surroundings: Surroundings,
  job: JobToRun,
  hook: HookName,
  state: State,
  stopping: Stopping,
): Promise<HookEnd> {
  const { site, agents, allocation, lease } = surroundings
  const early = stopping.outcome
  if (early !== undefined) return { kind: 'stopped', outcome: early }
  if (lease.isLost()) return { kind: 'stopped', outcome: { kind: 'lost', reason: 'its launcher lost its lease' } }
  const { hook_seconds, grace_seconds } = site.settings
  const words = hookOf(job.application, hook, site.layout.root) ?? []
  const command = buildHookCommand(site, allocation, job, words, variablesOf(hook, state))
  const output = hookLogPath(site, job.id, hook)
  const before = (await site.disk.stat(output))?.size ?? 0
  const attempt = agents.start({ ...command, cwd: site.layout.job(job.id).dir, output })
  stopping.watch(attempt)
  let isLate = false
  const limit = setTimeout(() => {
    isLate = true
    attempt.stop(grace_seconds * 1000)
  }, hook_seconds * 1000)
  const exit = await attempt.exit
  clearTimeout(limit)
  stopping.watch(undefined)
  const { outcome } = stopping
  if (outcome?.kind === 'killed') return { kind: 'stopped', outcome }
  // Work that was finished is finished, even if somebody had begun to stop it.
  if (exit.kind === 'exited' && exit.code === 0 && !isLate) return { kind: 'ok', seconds: exit.seconds }
  if (outcome !== undefined) return { kind: 'stopped', outcome }
  if (exit.kind === 'lost') return { kind: 'stopped', outcome: { kind: 'lost', reason: `node ${exit.node} was lost` } }
  const reason = isLate ? `ran for longer than hook_seconds, ${hook_seconds}` : reasonOf(exit)
  return { kind: 'failed', reason, tail: await fileTail(site, output, before) }
}

function reasonOf(exit: Exclude<AgentExit, { kind: 'lost' }>): string {
  if (exit.kind === 'not-started') return `cannot be started: ${exit.message}`
  return exit.kind === 'exited' ? `exit ${exit.code}` : `was killed by ${exit.signal}`
}

/** Balsam's names under BJOB_: what the hook is called for. */
function variablesOf(hook: HookName, state: State): Record<string, string> {
  return {
    BJOB_HOOK: hook,
    ...(state === 'RUN_ERROR' ? { BJOB_ERROR: 'TRUE' } : {}),
    ...(state === 'RUN_TIMEOUT' ? { BJOB_TIMEOUT: 'TRUE' } : {}),
  }
}

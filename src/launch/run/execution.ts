/** Runs one attempt of a job: its processes, its time limit, and the meaning of their end. */
import { BjobError } from '../../core/text/errors.ts'
import type { ProcessEnd } from '../../core/life/history-event.ts'
import type { AttemptOutcome, Stop } from '../../core/life/outcome.ts'
import { isFaultOfNode } from '../../core/life/start-faults.ts'
import type { FinishedRun } from '../../core/life/usage.ts'
import { sleep } from '../../lib/sleep.ts'
import { saysOutOfMemory } from '../../platform/mpi/srun.ts'
import { outputPath, outputTail } from '../../site/job/output.ts'
import type { Site } from '../../site/site.ts'
import type { AgentExit, Lost } from '../agent/agents.ts'
import { type JobCommand, type JobToRun, buildJobCommand } from './job-command.ts'
import type { RunContext } from './run-context.ts'
import type { Stopping } from './stopping.ts'

/** Maximum time between a scheduler's signal to a job and the same signal to its launcher. */
const SIGNAL_ECHO_MS = 2000

/** Runs the attempt to its end. */
export async function executeJob(context: RunContext, job: JobToRun, stopping: Stopping): Promise<AttemptOutcome> {
  const { site, agents, allocation, lease } = context
  let command: JobCommand
  try {
    command = buildJobCommand(site, allocation, job)
  } catch (error) {
    if (error instanceof BjobError) return { kind: 'impossible', reason: error.message }
    throw error
  }
  await context.warnOfRanks(job.spec)
  const early = stopping.outcome
  if (early !== undefined) return early
  if (lease.isLost()) return { kind: 'lost', loss: { why: 'lease-lost' } }
  const { terminate, ...start } = command
  const output = outputPath(site, job.id, job.attempt)
  const attempt = agents.start({ ...start, cwd: site.layout.job(job.id).dir, output })
  stopping.watch(attempt, terminate)
  const overrun = limitTime(site, job, stopping)
  const exit = await attempt.exit
  clearTimeout(overrun)
  stopping.watch(undefined)
  // At the end of an allocation, jobs may be signalled before their launcher. They did not fail.
  if (stopping.outcome === undefined && allocation.schedulerId !== undefined && wasSignalled(exit))
    await sleep(SIGNAL_ECHO_MS)
  return outcomeOf(site, job, command.node, exit, stopping.outcome)
}

/** Shells and MPI launchers report a child killed by a signal as 128 plus its number. */
function wasSignalled(exit: AgentExit): boolean {
  return exit.kind === 'signalled' || (exit.kind === 'exited' && exit.code > 128)
}

/** The job's own limit, unlike the estimate used for placement. */
function limitTime(site: Site, { spec }: JobToRun, stopping: Stopping): NodeJS.Timeout | undefined {
  const { timeoutMinutes: minutes } = spec
  if (minutes === undefined) return undefined
  const stop = (): void => stopping.stop({ kind: 'overran', minutes }, site.settings.grace_seconds * 1000)
  return setTimeout(stop, minutes * 60_000)
}

async function outcomeOf(
  site: Site,
  job: JobToRun,
  node: string,
  exit: AgentExit,
  stop: Stop | undefined,
): Promise<AttemptOutcome> {
  // An attempt that finished its work counts as done, even if a stop had begun.
  if (exit.kind === 'exited' && exit.code === 0 && stop?.kind !== 'killed') return { kind: 'done', ...ranOf(job, exit) }
  if (stop !== undefined)
    return exit.kind === 'exited' || exit.kind === 'signalled' ? { ...stop, ran: ranOf(job, exit) } : stop
  if (exit.kind === 'lost') return lossOf(exit)
  if (exit.kind === 'not-started') return refusalOf(exit, node) ?? { kind: 'impossible', error: exit.message }
  const tail = await outputTail(site, job.id, job.attempt)
  return { kind: 'error', end: endOf(exit, tail), tail, ...ranOf(job, exit) }
}

/** The error of a start that may succeed later. */
export function refusalOf(
  { code, message }: Extract<AgentExit, { kind: 'not-started' }>,
  node: string,
): Stop | undefined {
  return isFaultOfNode(code) ? { kind: 'lost', loss: { why: 'node-error', node, reason: message } } : undefined
}

/** The reason why the end of an attempt was not observed. */
export function lossOf({ node, hasAgentDied }: Lost): Stop {
  return { kind: 'lost', loss: { why: hasAgentDied ? 'agent-died' : 'lease-lost', node } }
}

type RealExit = Extract<AgentExit, { kind: 'exited' | 'signalled' }>

/** Ranks may be children of another daemon, so the usage seen here is partial and no bound. */
function ranOf({ spec }: JobToRun, { seconds, usage }: RealExit): FinishedRun {
  const isSeenWhole = spec.numNodes * spec.ranksPerNode === 1
  if (isSeenWhole || usage?.cpuSeconds === undefined) return { seconds, usage }
  const { cpuSeconds, cpuIs, ...memory } = usage
  return { seconds, usage: cpuIs === 'at most' ? memory : { ...memory, cpuSeconds, cpuIs: 'at least' } }
}

/**
 * A job killed while memory ran out was killed for that; other failures may have the same cause.
 */
function endOf(exit: RealExit, tail: string): ProcessEnd {
  const end = exit.kind === 'exited' ? { exit: exit.code } : { signal: exit.signal }
  if (saysOutOfMemory(tail)) return { ...end, oom: 'here' }
  if (exit.isOutOfMemory !== true) return end
  const isKilled = exit.kind === 'signalled' ? exit.signal === 'SIGKILL' : exit.code === 128 + 9
  return { ...end, oom: isKilled ? 'here' : 'near' }
}

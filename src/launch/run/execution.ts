/** One attempt of a job: its processes, its own time limit, and what their end means. */
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
import type { Surroundings } from './run-context.ts'
import type { Stopping } from './stopping.ts'

/** Between a scheduler's signal to a job and the same signal to its launcher. */
const SIGNAL_ECHO_MS = 2000

/** Runs the attempt to its end. */
export async function executeJob(
  surroundings: Surroundings,
  job: JobToRun,
  stopping: Stopping,
): Promise<AttemptOutcome> {
  const { site, agents, allocation, lease } = surroundings
  let command: JobCommand
  try {
    command = buildJobCommand(site, allocation, job)
  } catch (error) {
    if (error instanceof BjobError) return { kind: 'impossible', reason: error.message }
    throw error
  }
  await surroundings.warnOfRanks(job.specification)
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
  // A scheduler that ends an allocation may signal the jobs a moment before their launcher hears of it: then they did not fail.
  if (stopping.outcome === undefined && allocation.schedulerId !== undefined && wasSignalled(exit))
    await sleep(SIGNAL_ECHO_MS)
  return judge(site, job, command.node, exit, stopping.outcome)
}

/** A shell and an MPI launcher tell of a child that a signal has killed by 128 and its number. */
function wasSignalled(exit: AgentExit): boolean {
  return exit.kind === 'signalled' || (exit.kind === 'exited' && exit.code > 128)
}

/** The job's own limit, which is not the estimate that placement goes by. */
function limitTime(site: Site, { specification }: JobToRun, stopping: Stopping): NodeJS.Timeout | undefined {
  const { timeoutMinutes: minutes } = specification
  if (minutes === undefined) return undefined
  const graceMs = site.settings.grace_seconds * 1000
  return setTimeout(() => stopping.stop({ kind: 'overran', minutes }, graceMs), minutes * 60_000)
}

async function judge(
  site: Site,
  job: JobToRun,
  node: string,
  exit: AgentExit,
  stop: Stop | undefined,
): Promise<AttemptOutcome> {
  // Work that was finished is finished, even if somebody had begun to stop it.
  if (exit.kind === 'exited' && exit.code === 0 && stop?.kind !== 'killed') return { kind: 'done', ...ranOf(job, exit) }
  if (stop !== undefined)
    return exit.kind === 'exited' || exit.kind === 'signalled' ? { ...stop, ran: ranOf(job, exit) } : stop
  if (exit.kind === 'lost') return lossOf(exit)
  if (exit.kind === 'not-started') return refusalOf(exit, node) ?? { kind: 'impossible', error: exit.message }
  const tail = await outputTail(site, job.id, job.attempt)
  return { kind: 'error', end: endOf(exit, tail), tail, ...ranOf(job, exit) }
}

/** What cannot be started now, and may be later. */
export function refusalOf(
  { code, message }: Extract<AgentExit, { kind: 'not-started' }>,
  node: string,
): Stop | undefined {
  return isFaultOfNode(code) ? { kind: 'lost', loss: { why: 'node-error', node, reason: message } } : undefined
}

/** Why nobody saw the end of what ran on a node. */
export function lossOf({ node, hasAgentDied }: Lost): Stop {
  return { kind: 'lost', loss: { why: hasAgentDied ? 'agent-died' : 'lease-lost', node } }
}

type RealExit = Extract<AgentExit, { kind: 'exited' | 'signalled' }>

/** Ranks may be the children of another node's daemon, or of the scheduler's own: what is seen here is a part, and of whose parts it is no bound. */
function ranOf({ specification }: JobToRun, { seconds, usage }: RealExit): FinishedRun {
  const isSeenWhole = specification.numNodes * specification.ranksPerNode === 1
  if (isSeenWhole || usage?.cpuSeconds === undefined) return { seconds, usage }
  const { cpuSeconds, cpuIs, ...memory } = usage
  return { seconds, usage: cpuIs === 'at most' ? memory : { ...memory, cpuSeconds, cpuIs: 'at least' } }
}

/** A job that was killed while memory ran out was killed for that; one that failed otherwise may have failed for that. */
function endOf(exit: RealExit, tail: string): ProcessEnd {
  const end = exit.kind === 'exited' ? { exit: exit.code } : { signal: exit.signal }
  if (saysOutOfMemory(tail)) return { ...end, oom: 'here' }
  if (exit.isOutOfMemory !== true) return end
  const isKilled = exit.kind === 'signalled' ? exit.signal === 'SIGKILL' : exit.code === 128 + 9
  return { ...end, oom: isKilled ? 'here' : 'near' }
}

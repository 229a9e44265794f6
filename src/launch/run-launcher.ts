/**
 * Runs a launcher from start to end with its folder, lease, log and journal, and restarts it under
 * a new name when it loses its lease.
 */
import { randomBytes } from 'node:crypto'
import { siteError } from '../core/text/errors.ts'
import { type Filter, compileFilter } from '../core/index/filter.ts'
import { explainSystemError } from '../core/text/system-error.ts'
import { monotonicMs, sleep } from '../lib/sleep.ts'
import { shortHost } from '../lib/token.ts'
import { defined } from '../lib/defined.ts'
import { codeOf } from '../site/disk/disk.ts'
import { JobView } from '../site/view/job-view.ts'
import { LauncherLog } from '../site/launcher/launcher-log.ts'
import { createLauncher } from '../site/launcher/launchers.ts'
import { LiveSite } from '../site/live-site.ts'
import { drainSeconds } from '../site/settings.ts'
import { type Site, refuseLinks } from '../site/site.ts'
import { watchJournal } from '../site/follow/journal-watch.ts'
import { type LaunchSummary, type Reporter, formatEvent, messageOf } from './launch-events.ts'
import type { MpiLauncher } from '../platform/mpi/mpi.ts'
import { type AgentNode, Agents } from './agent/agents.ts'
import { type Allocation, type AllocationPart, findAllocation } from './allocation.ts'
import { Launcher } from './launcher.ts'
import { LeaseKeeper } from './lease.ts'
import { createRankWarning } from './run/rank-warning.ts'
import { RepeatedProblems } from './repeated-problems.ts'
import { Capacity } from './capacity.ts'
import { countOf } from '../lib/text/count-of.ts'

export interface LaunchOptions extends AllocationPart {
  readonly jobMode: 'auto' | 'serial' | 'mpi'
  /** Exits after this many idle seconds. */
  readonly idleSeconds: number
  /** Keeps running when idle. */
  readonly persistent: boolean
  readonly timeLimitMinutes?: number
  readonly filter: Filter
  /** The command that started this launcher, without its options. */
  readonly starter: readonly string[]
  /** Path of the compiled agent.ts. */
  readonly agentFile: string
}

const LOST = 'lost its lease'

/**
 * Runs jobs until the launcher is idle, its time is up, or `stop` fires, whose reason is recorded.
 * Jobs get their grace period, which `hurry` ends.
 * @throws the file system's errors if it cannot start; BjobError `no-agent`
 */
export async function runLauncher(
  site: Site,
  options: LaunchOptions,
  report: Reporter,
  stop: AbortSignal,
  hurry: AbortSignal,
): Promise<LaunchSummary> {
  // Checked first, so that an invalid request leaves nothing behind.
  compileFilter(options.filter)
  const limitMs = options.timeLimitMinutes === undefined ? Infinity : monotonicMs() + options.timeLimitMinutes * 60_000
  const allocation = await findAllocation(site.settings, options)
  const deadlineMs = Math.min(limitMs, allocation.deadlineMs)
  const total = { finished: 0, failed: 0, interrupted: 0, killed: 0, outrun: 0 }
  let hasRun = false
  for (;;) {
    const summary = await waitingForSpace(
      hasRun,
      () => runOnce(site, options, allocation, report, deadlineMs, stop, hurry),
      {
        report,
        stop,
        deadlineMs,
      },
    )
    hasRun = true
    for (const key of ['finished', 'failed', 'interrupted', 'killed', 'outrun'] as const) total[key] += summary[key]
    if (summary.reason !== LOST || stop.aborted) return { ...summary, ...total }
  }
}

/** Errors that may pass by themselves, when space is freed, or when a removed entry returns. */
const PASSING = new Set(
  'ENOSPC EDQUOT EIO ESTALE ENFILE EMFILE ENOMEM EAGAIN ETIMEDOUT EACCES EPERM EROFS ENOTDIR ENOTCONN linked-folder'.split(
    ' ',
  ),
)
const SPACE_CHECK_MS = 1000

/**
 * A launcher that has run jobs and finds the disk full keeps its allocation and restarts when
 * possible.
 */
async function waitingForSpace(
  hasRun: boolean,
  run: () => Promise<LaunchSummary>,
  { report, stop, deadlineMs }: { readonly report: Reporter; readonly stop: AbortSignal; readonly deadlineMs: number },
): Promise<LaunchSummary> {
  for (let isTold = false; ; isTold = true) {
    try {
      return await run()
    } catch (error) {
      const code = codeOf(error)
      if (!hasRun || !PASSING.has(code) || stop.aborted || monotonicMs() > deadlineMs) throw error
      const { meaning } = explainSystemError(error) ?? { meaning: messageOf(error) }
      if (!isTold) report({ kind: 'problem', message: `${meaning}: waiting until jobs can run again` })
      await sleep(SPACE_CHECK_MS, stop)
    }
  }
}

async function runOnce(
  site: Site,
  options: LaunchOptions,
  allocation: Allocation,
  tell: Reporter,
  deadlineMs: number,
  stop: AbortSignal,
  hurry: AbortSignal,
): Promise<LaunchSummary> {
  // After a restart, a moved site must not be created a second time in the old place.
  await site.disk.readText(site.layout.settings)
  refuseLinks(site.layout)
  // Read before the lease starts: reading a million jobs takes time.
  await using watch = await watchJournal(site)
  const view = await JobView.open(site, 'live')
  const id = `${shortHost()}-${process.pid}-${randomBytes(3).toString('hex')}`
  const { agentFile, filter, starter, ...settings } = options
  const words = Object.entries(filter).filter(([, those = []]) => those.length > 0)
  const { nodes, scheduler, schedulerId } = allocation
  await createLauncher(site, id, {
    ...settings,
    ...(words.length === 0 ? {} : { filter: Object.fromEntries(words) }),
    scheduler: scheduler.name,
    ...defined({ scheduler_id: schedulerId }),
    // Proven to work on compute nodes, which cannot be tested from a login node.
    ...(schedulerId !== undefined && nodes.some(({ name }) => name === allocation.head) ? { starter } : {}),
    nodes: nodes.map(({ name }) => name),
    cores: nodes.reduce((sum, { cores }) => sum + cores, 0),
    gpus: nodes.reduce((sum, { gpus }) => sum + gpus, 0),
    ...(deadlineMs === Infinity ? {} : { ends: new Date(Date.now() + deadlineMs - monotonicMs()).toISOString() }),
  })
  const log = new LauncherLog(site, id)
  const problems = new RepeatedProblems((event) => {
    tell(event)
    log.add(formatEvent(event, new Date()))
  })
  const { report } = problems
  site.onProblem = (message) => report({ kind: 'problem', message })
  let launcher: Launcher | undefined
  let keeper: LeaseKeeper | undefined
  const agents = new Agents(id, agentFile, agentNodes(allocation), site.settings.lease_seconds * 1000, {
    onDown: (node) => launcher?.suspendNode(node),
    onUp: (node) => launcher?.resumeNode(node),
    onLost: (node) => (node === allocation.head ? keeper?.giveUp() : launcher?.loseNode(node)),
  })
  const starting = LeaseKeeper.start(site, id, () => agents.headPids, {
    onBeat: (limitMs) => agents.beat(limitMs),
    onLost: () => {
      launcher?.finish(LOST, { kind: 'lost', loss: { why: 'lease-lost' } }, 0)
      report({ kind: 'problem', message: `${LOST}: stopping all jobs, then restarting` })
    },
  })
  let lease: LeaseKeeper
  try {
    lease = await starting
  } catch (error) {
    // Agents keep this process alive.
    agents.end()
    await log.close()
    await site.close()
    throw error
  }
  keeper = lease
  if (agents.haveFailed) lease.giveUp()
  const ended = new AbortController()
  const live = new LiveSite(site, {
    onEdit: (message) => report({ kind: 'edited', message }),
    onProblem: (message) => report({ kind: 'problem', message }),
    onApplications: () => launcher?.reconsiderBroken(),
  })
  try {
    // Jobs must be over when the other processes are asked to end.
    const capacity = new Capacity(allocation.nodes, () => deadlineMs - drainSeconds(site.settings) * 1000)
    launcher = new Launcher(
      view,
      capacity,
      { ...options, deadlineMs },
      {
        site,
        launcher: id,
        lease,
        agents,
        allocation,
        report,
        applicationOf: (name) => live.applicationOf(name),
        warnOfRanks: createRankWarning(allocation, report),
      },
    )
    const finish = (graceMs?: number): void => {
      const by = String(stop.reason)
      launcher?.finish(`stopped by ${by}`, { kind: 'interrupted', why: 'requested', by }, graceMs)
    }
    stop.addEventListener('abort', () => finish(), { once: true, signal: ended.signal })
    hurry.addEventListener('abort', () => finish(0), { once: true, signal: ended.signal })
    if (stop.aborted) finish()
    report({ kind: 'started', message: `launcher ${id} on ${describeNodes(allocation, options)}` })
    const summary = await launcher.run(watch)
    if (summary.reason === LOST && agents.haveFailed) throw noAgent(agentFile)
    report({
      kind: 'ended',
      message: `${summary.reason}; ${summary.finished} finished, ${summary.failed} failed, ${summary.killed} killed, ${summary.interrupted} to restart`,
    })
    await endLease(lease, summary.reason, report)
    return summary
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    // The caller reports the error; the log keeps it for later.
    log.add(formatEvent({ kind: 'problem', message }, new Date()))
    await endLease(lease, message, report)
    throw error
  } finally {
    ended.abort()
    await live[Symbol.asyncDispose]()
    agents.end()
    problems.end()
    await log.close()
    await site.close()
  }
}

/** A lease whose end cannot be written expires by itself. */
async function endLease(lease: LeaseKeeper, reason: string, report: Reporter): Promise<void> {
  try {
    await lease.end(reason)
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    report({ kind: 'problem', message: `cannot end the lease: ${message}`, cause: codeOf(error) })
  }
}

/** A restart would fail in the same way. */
function noAgent(agentFile: string): Error {
  return siteError('no-agent', "the launcher's agent ended before it could start jobs", {
    path: agentFile,
  })
}

/**
 * The own node's agent is a child; other nodes need a launcher that starts one process on one host.
 */
function agentNodes({ nodes, head, agentLauncher }: Allocation): AgentNode[] {
  const names = nodes.map(({ name }) => name)
  // A launcher outside its nodes starts MPI jobs from its own host.
  if (!names.includes(head)) names.unshift(head)
  return names.map((name) => ({
    name,
    prefix: name === head || agentLauncher === undefined ? [] : prefixFor(agentLauncher, name),
  }))
}

function prefixFor(mpi: MpiLauncher, host: string): string[] {
  const command = '{command}'
  const { args } = mpi.buildInvocation({
    hosts: [host],
    ranksPerNode: 1,
    threadsPerRank: 1,
    threadsPerCore: 1,
    gpusPerRank: 0,
    cpuAffinity: 'none',
    mpiFlags: mpi.agentFlags ?? [],
    forwardEnv: ['BJOB_LAUNCHER'],
    command: [command],
  })
  return args.slice(0, args.indexOf(command))
}

function describeNodes(
  { nodes, scheduler, schedulerId, submissionScheduler }: Allocation,
  { slots }: LaunchOptions,
): string {
  const cores = nodes.reduce((sum, node) => sum + node.cores, 0)
  const where = nodes.length === 1 ? (nodes[0]?.name ?? '') : `${nodes.length} nodes`
  if (submissionScheduler !== undefined && slots === undefined)
    return `${where}, ${countOf(cores, 'slot')}, because this is a submit host of ${submissionScheduler}: use \`bjob submit\` to run jobs on compute nodes, or --slots N for more jobs here`
  return `${where}, ${countOf(cores, slots === undefined ? 'core' : 'slot')}${schedulerId === undefined ? '' : `, ${scheduler.name} job ${schedulerId}`}`
}

/**
 * The agent: the process that starts and ends the jobs of one node. It is small because the cost of
 * starting a process grows with the parent's memory. It also guards the lease: if the launcher dies
 * (its pipe closes), is suspended, or cannot renew its lease (no beat arrives), the agent kills the
 * jobs. Other launchers take them over only after the lease, so no job runs twice at once.
 */
import { type MeasuredExit, type Notice, type Order, lineReader } from './agent-protocol.ts'
import { type ProcessStarter, loadStarter } from '../../lib/process/process-starter.ts'
import { monotonicMs } from '../../lib/sleep.ts'
import { Attempt, type Exit } from './attempt.ts'
import { agentMarks, attemptMark, endLaunched, launchedBy } from './launched.ts'
import { Leftovers } from './leftovers.ts'
import { OomWatch } from './oom-watch.ts'
import { UsageMeter } from './usage-meter.ts'
import { pinCommand } from './pinning.ts'

interface Running {
  readonly attempt: Attempt
  /** Ends the grace period of a stopping attempt. */
  hurry?: AbortController
  isCutOff: boolean
}

/** Variables that differ between nodes and come from the agent's own environment. */
const OF_THE_NODE =
  /^(HOSTNAME|HOST|TMPDIR|SLURMD_NODENAME|SLURM_TOPOLOGY_ADDR|XDG_RUNTIME_DIR|(CUDA|ROCR|HIP)_VISIBLE_DEVICES|GPU_DEVICE_ORDINAL|ZE_AFFINITY_MASK)$/

const [, , launcher = '', index = '0', generation = '0'] = process.argv
const marks = agentMarks(launcher, Number(index))
const running = new Map<number, Running>()
const oomWatch = new OomWatch()
const meter = new UsageMeter(() => oomWatch.look())
let silence: NodeJS.Timeout | undefined
let inherited: NodeJS.ProcessEnv = process.env

function killAll(): void {
  for (const { attempt } of running.values()) attempt.kill()
}

/** Kills every process that the agent started, daemons included, and exits. */
async function leave(): Promise<never> {
  killAll()
  await endLaunched({ marks })
  process.exit(0)
}

function cutOff(): void {
  for (const job of running.values()) job.isCutOff = true
  killAll()
}

function obey(starter: ProcessStarter, leftovers: Leftovers, order: Order): void {
  switch (order.order) {
    case 'environment':
      inherited = { ...order.variables }
      for (const [name, value] of Object.entries(process.env)) if (OF_THE_NODE.test(name)) inherited[name] = value
      return
    case 'start':
      return start(starter, leftovers, order)
    case 'stop':
      return stop(order.key, order.graceMs)
    case 'beat':
      clearTimeout(silence)
      silence = setTimeout(cutOff, order.limitMs)
      return tell({ alive: true })
    case 'clear':
      void endLaunched(launchedBy(order.launcher)).then((isWhole) => tell({ cleared: order.launcher, isWhole }))
      return
    case 'end':
      void leave()
  }
}

function start(starter: ProcessStarter, leftovers: Leftovers, order: Order & { order: 'start' }): void {
  const { key, cwd } = order
  const begunMs = monotonicMs()
  const words = order.pin === undefined ? order.words : pinCommand(order.words, order.pin)
  const environment = { ...order.environment, PWD: cwd, OLDPWD: null }
  const attempt = Attempt.start(starter, { ...order, words, environment, inherited, mark: attemptMark(marks, key) })
  const job: Running = { attempt, isCutOff: false }
  running.set(key, job)
  const { pid } = attempt
  if (pid !== undefined) {
    meter.begin(pid)
    leftovers.begin(key, pid)
  }
  void attempt.exit.then(async (exit) => {
    const measured = measure(attempt, exit)
    if (pid !== undefined) await leftovers.end({ key, pid, begunMs, variables: identityOf(order) })
    running.delete(key)
    tell({ key, exit: job.isCutOff && exit.kind === 'signalled' ? { kind: 'cut-off' } : measured })
  })
}

/** Variables that only processes of this attempt have. */
function identityOf({ environment }: Order & { order: 'start' }): string[] {
  return ['BJOB_SITE', 'BJOB_JOB_ID', 'BJOB_ATTEMPT', 'BJOB_LAUNCHER'].map(
    (name) => `${name}=${environment[name] ?? ''}`,
  )
}

function measure({ pid }: Attempt, exit: Exit): MeasuredExit {
  if (exit.kind === 'not-started' || pid === undefined) return exit
  const isFailure = exit.kind === 'signalled' || exit.code !== 0
  return { ...exit, usage: meter.end(pid, exit.usage), oomKills: isFailure ? oomWatch.recent() : undefined }
}

function tell(notice: Notice): void {
  process.stdout.write(`${JSON.stringify(notice)}\n`)
}

function stop(key: number, graceMs: number): void {
  const job = running.get(key)
  if (job === undefined) return
  if (job.hurry === undefined) void job.attempt.stop(graceMs, (job.hurry = new AbortController()).signal)
  if (graceMs === 0) job.hurry.abort()
}

async function main(): Promise<void> {
  // Ctrl-C or the scheduler's TERM may reach every process, but only the launcher decides to stop.
  // The handler of SIGUSR1 also keeps Node.js from opening its debugger.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGUSR1', 'SIGUSR2', 'SIGXCPU', 'SIGPIPE'] as const)
    process.on(signal, () => {})
  // The launcher is gone; the end of standard input reports the same.
  process.stdout.on('error', () => {})
  const starter = await loadStarter()
  await starter.markSelf(attemptMark(marks, 0))
  // The previous agent died: its jobs must end before new ones start.
  if (generation !== '0') await endLaunched({ marks })
  const leftovers = new Leftovers(marks, starter.keepsAll)
  process.stdin.setEncoding('utf8')
  process.stdin.on(
    'data',
    lineReader<Order>((order) => obey(starter, leftovers, order)),
  )
  process.stdin.on('end', () => void leave())
}

void main()

/**
 * The resources of this launcher: the nodes of the enclosing batch job or this machine, the end
 * of its time, and the commands that start MPI jobs and agents there.
 */
import fs from 'node:fs'
import os from 'node:os'
import type { NodeShape } from '../core/placement/node-need.ts'
import { BjobError, requestError, siteError } from '../core/text/errors.ts'
import { groupByCore, readAllowedCpus, readOnlineCpus } from '../lib/process/cpu-list.ts'
import { hasCommand, runCommand } from '../lib/process/run-command.ts'
import { monotonicMs } from '../lib/sleep.ts'
import { type MpiLauncher, detectMpi } from '../platform/mpi/mpi.ts'
import { findMpiLauncher, readMpiWords } from '../platform/mpi/mpi-launchers.ts'
import { type GpuVariable, chooseGpuVariable } from '../platform/schedulers/gpu.ts'
import { type Processors, countCores } from '../platform/schedulers/cores.ts'
import type { AllocatedNode, DetectedAllocation, Scheduler, SchedulerName } from '../platform/schedulers/scheduler.ts'
import { detectAllocation, findScheduler, findSubmission } from '../platform/schedulers/schedulers.ts'
import type { Settings } from '../site/settings.ts'
import { countOf } from '../lib/text/count-of.ts'

/** Cores that a launcher uses by default on a shared machine. */
const LOGIN_CORES = 2
/** Timeout of scheduler commands. The question is repeated later or skipped. */
const COMMAND_TIMEOUT_MS = 20_000

export interface Allocation {
  readonly scheduler: Scheduler
  /** Id of the batch job; undefined outside one. */
  readonly schedulerId: string | undefined
  readonly nodes: readonly NodeShape[]
  /**
   * The launcher's own node, named as in the allocation; this host if it is not one of the nodes.
   */
  readonly head: string
  /** End of the allocation on the monotonic clock; Infinity if unknown. */
  readonly deadlineMs: number
  /**
   * The scheduler that this machine submits to, if it is shared with others outside a batch job.
   */
  readonly submissionScheduler: SchedulerName | undefined
  /** Number of the scheduler's processors per core. */
  readonly cpusPerCore: number
  /** Undefined if there is none: then only single-rank jobs can run. */
  readonly mpi: MpiLauncher | undefined
  /**
   * Starts the agents on other nodes: the scheduler's own launcher if there is one, else the MPI
   * launcher.
   */
  readonly agentLauncher: MpiLauncher | undefined
  readonly gpuVariable: GpuVariable
}

/** The part of an allocation that a launcher uses. */
export interface AllocationPart {
  /** Cores per node to offer to jobs, overriding the detected number. */
  readonly slots?: number
  /** At most this many nodes, after the first `nodeOffset`: launchers may share an allocation. */
  readonly nodeLimit?: number
  readonly nodeOffset?: number
}

/**
 * Determines the allocation from the environment and the scheduler.
 * @throws BjobError `bad-allocation`, `no-node`, `unknown-scheduler`, `unknown-mpi-launcher` and
 *   others
 */
export async function findAllocation(
  settings: Settings,
  part: AllocationPart,
  env: NodeJS.ProcessEnv = process.env,
): Promise<Allocation> {
  const scheduler = findEnclosingScheduler(settings, env)
  const submissionScheduler = scheduler.name === 'none' ? findSubmissionScheduler(settings) : undefined
  const hostName = os.hostname()
  const { nodeFilePath, command } = scheduler.allocationSources(env)
  const allocation = scheduler.readAllocation(env, {
    hostName,
    ...(nodeFilePath === undefined ? {} : { nodeFile: readNodeFile(nodeFilePath) }),
    ...(command === undefined ? {} : { output: (await runCommand(command, COMMAND_TIMEOUT_MS)).stdout }),
  })
  const names = allocation.nodes.map(({ name }) => name)
  const head = findHead(allocation, hostName)
  const mpi = await findMpi(settings, env)
  const agentLauncher = findNativeLauncher(scheduler, env) ?? mpi
  // Other nodes are usable only if a process can be started there.
  const own = takePart(countCores(allocation.nodes, head, readProcessors), part)
  const usable = agentLauncher === undefined ? own.filter(({ name }) => name === head) : own
  if (usable.length === 0)
    throw requestError('no-mpi', `${names.join(', ')} cannot be reached from ${hostName}: no MPI launcher found`)
  return {
    scheduler,
    schedulerId: allocation.schedulerId,
    nodes: usable.map((node) =>
      shapeOf(node, settings, part.slots, submissionScheduler === undefined ? Infinity : LOGIN_CORES),
    ),
    head,
    submissionScheduler,
    cpusPerCore: usable[0]?.cpusPerCore ?? 1,
    deadlineMs: await deadlineOf(scheduler, allocation.schedulerId, allocation.endEpochSeconds),
    mpi,
    agentLauncher,
    gpuVariable: chooseGpuVariable(env, hasCommand),
  }
}

/**
 * The scheduler of the enclosing batch job. Outside one it is `none`, whatever the site submits
 * to.
 */
function findEnclosingScheduler({ scheduler }: Settings, env: NodeJS.ProcessEnv): Scheduler {
  if (scheduler === 'auto') return detectAllocation(env)
  const named = findScheduler(scheduler)
  return named.isInside(env) ? named : findScheduler('none')
}

function findSubmissionScheduler({ scheduler }: Settings): SchedulerName | undefined {
  const { name } = findSubmission(scheduler, hasCommand)
  return name === 'none' ? undefined : name
}

function readProcessors(): Processors {
  const online = readOnlineCpus()
  const machine = groupByCore(online)
  return { allowed: groupByCore(readAllowedCpus()), cores: machine.length, threads: online.length }
}

function takePart(nodes: readonly AllocatedNode[], { nodeLimit = Infinity, nodeOffset = 0 }: AllocationPart) {
  if (nodeOffset < nodes.length) return nodes.slice(nodeOffset, nodeOffset + nodeLimit)
  const has = countOf(nodes.length, 'node')
  throw requestError('no-node', `no node left: the allocation has ${has}, and --node-offset skips ${nodeOffset}`)
}

function findHead({ nodes, head }: DetectedAllocation, hostName: string): string {
  if (typeof head === 'string') return head
  const own = nodes.find(({ name }) => isSameHost(name, hostName))?.name
  return own ?? (head === null ? hostName : (nodes[0]?.name ?? hostName))
}

/** The scheduler's own command for starting processes on its nodes. */
function findNativeLauncher({ name }: Scheduler, env: NodeJS.ProcessEnv): MpiLauncher | undefined {
  if (name === 'slurm' && hasCommand('srun')) return findMpiLauncher('srun')
  if (name === 'flux' && hasCommand('flux')) return findMpiLauncher('flux')
  return name === 'lsf' && env['CSM_ALLOCATION_ID'] !== undefined && hasCommand('jsrun')
    ? findMpiLauncher('jsrun')
    : undefined
}

function readNodeFile(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8')
  } catch (error) {
    throw siteError('bad-allocation', `cannot read the scheduler's list of nodes: ${file}`, {
      path: file,
      cause: error,
    })
  }
}

function isSameHost(one: string, other: string): boolean {
  return one.split('.')[0] === other.split('.')[0]
}

function shapeOf(node: AllocatedNode, settings: Settings, slots: number | undefined, mostCores: number): NodeShape {
  const { coreIds, gpuIds, memoryMiB } = node
  const cores = slots ?? Math.min(mostCores, settings.node.cores ?? node.cores ?? ownCores())
  return {
    name: node.name,
    cores,
    gpus: settings.node.gpus ?? node.gpus ?? 0,
    memoryMiB: settings.node.memory_mib ?? memoryMiB,
    coreIds: coreIds?.length === cores ? coreIds : undefined,
    gpuIds,
  }
}

/** A control group may limit CPU time below the number of usable processors. */
function ownCores(): number {
  return Math.min(os.availableParallelism(), groupByCore(readAllowedCpus()).length || Infinity)
}

async function deadlineOf(
  scheduler: Scheduler,
  id: string | undefined,
  endEpochSeconds: number | undefined,
): Promise<number> {
  const nowSeconds = Date.now() / 1000
  if (endEpochSeconds !== undefined) return monotonicMs() + (endEpochSeconds - nowSeconds) * 1000
  const command = id === undefined ? undefined : scheduler.timeLeftCommand(id)
  if (command === undefined) return Infinity
  const { code, stdout } = await runCommand(command, COMMAND_TIMEOUT_MS)
  if (code !== 0) return Infinity
  try {
    return monotonicMs() + scheduler.parseTimeLeft(stdout, nowSeconds) * 1000
  } catch (error) {
    // Jobs take priority over an orderly end; the batch script also passes on the scheduler's
    // warning.
    if (error instanceof BjobError) return Infinity
    throw error
  }
}

async function findMpi(settings: Settings, env: NodeJS.ProcessEnv): Promise<MpiLauncher | undefined> {
  if (typeof settings.mpi !== 'string') return readMpiWords(settings.mpi)
  if (settings.mpi !== 'auto') return findMpiLauncher(settings.mpi)
  const probe = ['mpiexec', 'mpirun'].find((name) => hasCommand(name))
  const isAmbiguous =
    probe !== undefined &&
    detectMpi(env, (name) => name !== 'mpiexec' && name !== 'mpirun' && hasCommand(name)) === undefined
  const version = isAmbiguous ? (await runCommand([probe, '--version'], COMMAND_TIMEOUT_MS)).stdout : ''
  const name = detectMpi(env, hasCommand, version)
  return name === undefined ? undefined : findMpiLauncher(name)
}

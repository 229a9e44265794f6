/** Builds the command of a placed job: run directly on its node, or through the MPI launcher. */
import path from 'node:path'
import { requestError } from '../../core/text/errors.ts'
import { jobVariables, launcherVariables } from '../../core/job/job-variables.ts'
import type { Assignment } from '../../core/placement/node-pool.ts'
import type { JobSpec } from '../../core/job/job-spec.ts'
import { findCommand, runCommand } from '../../lib/process/run-command.ts'
import { quoteShellWord } from '../../lib/text/shell-words.ts'
import { defined } from '../../lib/defined.ts'
import { buildGpuEnvironment } from '../../platform/schedulers/gpu.ts'
import { type Application, commandOf } from '../../site/applications.ts'
import type { Site } from '../../site/site.ts'
import type { Allocation } from '../allocation.ts'
import { type Pin, pinTo } from '../agent/pinning.ts'

export interface JobCommand {
  /** Node whose agent starts the command. */
  readonly node: string
  readonly words: readonly string[]
  /** Additions to the agent's own environment; null removes a variable. */
  readonly environment: Readonly<Record<string, string | null>>
  readonly pin?: Pin | undefined
  /**
   * Asks the ranks to end where a signal to their launcher would not reach them; false if that
   * failed.
   */
  readonly terminate?: () => Promise<boolean>
}

const COMMAND_TIMEOUT_MS = 10_000

export interface JobToRun {
  readonly id: string
  /** Name of the launcher. */
  readonly launcher: string
  readonly attempt: number
  readonly spec: JobSpec
  readonly application: Application
  readonly assignment: Assignment
}

/**
 * The command of the attempt that each assignment was made for: the claim's history shows it, and
 * then it is run.
 */
const built = new WeakMap<Assignment, { readonly job: JobToRun; readonly command: JobCommand }>()

/** @throws BjobError `no-mpi` for a job of several ranks without an MPI launcher */
export function buildJobCommand(site: Site, allocation: Allocation, job: JobToRun): JobCommand {
  const last = built.get(job.assignment)
  if (last?.job.attempt === job.attempt && last.job.spec === job.spec) return last.command
  const command = buildCommand(site, allocation, job)
  built.set(job.assignment, { job, command })
  return command
}

function buildCommand(site: Site, allocation: Allocation, job: JobToRun): JobCommand {
  const { spec, assignment } = job
  const hosts = assignment.shares.map(({ name }) => name)
  const command = commandOf(job.application, spec.args, site.layout.root)
  const own = ownEnvironment(site, allocation, job)
  if (spec.numNodes * spec.ranksPerNode === 1)
    return { node: hosts[0] ?? allocation.head, words: command, environment: own, pin: pinOf(allocation, job) }
  if (allocation.mpi === undefined) {
    throw requestError('no-mpi', 'no MPI launcher found')
  }
  const name = `${job.id}#${job.attempt}`
  const { ranksPerNode, threadsPerRank, threadsPerCore, gpusPerRank, cpuAffinity, mpiFlags } = spec
  const { args, env } = allocation.mpi.buildInvocation({
    ranksPerNode,
    threadsPerRank,
    threadsPerCore,
    gpusPerRank,
    cpuAffinity,
    mpiFlags,
    name,
    cpusPerCore: allocation.cpusPerCore,
    graceSeconds: site.settings.grace_seconds,
    hosts,
    coreIds: hosts.length === 1 ? assignment.shares[0]?.coreIds : undefined,
    forwardEnv: Object.entries(own).flatMap(([name, value]) => (value === null ? [] : [name])),
    command,
  })
  const terminate = terminatorOf(allocation, name)
  return {
    node: allocation.head,
    words: args,
    environment: { ...own, ...env },
    ...defined({ terminate }),
  }
}

function pinOf({ nodes }: Allocation, { spec, assignment }: JobToRun): Pin | undefined {
  const [share] = assignment.shares
  if (spec.cpuAffinity === 'none' || share === undefined) return undefined
  const node = nodes.find(({ name }) => name === share.name)
  return node === undefined ? undefined : pinTo(share, node)
}

function terminatorOf({ mpi, schedulerId }: Allocation, name: string): (() => Promise<boolean>) | undefined {
  const terminator = mpi?.terminator
  if (terminator === undefined || schedulerId === undefined) return undefined
  return async () => {
    const { code, stdout } = await runCommand(terminator.listCommand(schedulerId), COMMAND_TIMEOUT_MS)
    const command = code === 0 ? terminator.signalCommand(stdout, name) : undefined
    if (command === undefined) return false
    // The exit status means little: scancel complains about a step that just ended.
    await runCommand(command, COMMAND_TIMEOUT_MS)
    return true
  }
}

/** Programs found on the PATH, cached because similar jobs use the same ones. */
const found = new Map<string, string>()

/**
 * The command as a shell line for the job's folder, with the program's path and without the user's
 * variables, which may be secret.
 */
export function commandText(site: Site, { id, spec }: JobToRun, { words, environment }: JobCommand): string {
  const [first = '', ...args] = words
  const variables = Object.entries(environment).flatMap(([name, value]) =>
    value === null || name.startsWith('BJOB_') || Object.hasOwn(spec.environVars, name)
      ? []
      : [`${name}=${quoteShellWord(value)}`],
  )
  const searchPath = environment['PATH'] ?? process.env['PATH'] ?? ''
  const file = first.includes('/') ? path.resolve(site.layout.job(id).dir, first) : findKnown(first, searchPath)
  return [...variables, ...[file, ...args].map(quoteShellWord)].join(' ')
}

function findKnown(name: string, searchPath: string): string {
  const key = `${name} ${searchPath}`
  const file = found.get(key) ?? findCommand(name, searchPath)
  if (file !== undefined) found.set(key, file)
  return file ?? name
}

/** Builds the command of a hook, which runs on the job's first node. */
export function buildHookCommand(
  site: Site,
  allocation: Allocation,
  job: JobToRun,
  words: readonly string[],
  variables: Readonly<Record<string, string>>,
): JobCommand {
  const node = job.assignment.shares[0]?.name ?? allocation.head
  return { node, words, environment: { ...ownEnvironment(site, allocation, job), ...variables } }
}

function ownEnvironment(
  site: Site,
  allocation: Allocation,
  { id, launcher, attempt, spec, assignment }: JobToRun,
): Record<string, string | null> {
  const gpuIds = assignment.shares[0]?.gpuIds ?? []
  const gpus = gpuIds.length === 0 ? {} : buildGpuEnvironment(allocation.gpuVariable, gpuIds)
  return {
    ...Object.fromEntries(Object.entries(gpus).map(([name, value]) => [name, value ?? null])),
    ...(spec.threadsPerRank > 1 ? { OMP_NUM_THREADS: String(spec.threadsPerRank) } : {}),
    ...spec.environVars,
    ...launcherVariables(launcher, allocation.nodes.length),
    ...withoutLong(
      jobVariables({
        root: site.layout.root,
        id,
        parents: spec.parents,
        attempt,
        nodes: assignment.shares.map(({ name }) => name),
      }),
    ),
  }
}

/** Linux limits one variable to 128 KiB, including name and terminator. */
const LONGEST_VARIABLE_BYTES = 128 * 1024 - 1

/**
 * Drops values that are too long, and inherited ones of the same name. `openSite` reads job.yaml
 * instead.
 */
function withoutLong(variables: Readonly<Record<string, string>>): Record<string, string | null> {
  const isLong = (name: string, value: string): boolean =>
    Buffer.byteLength(`${name}=${value}`) > LONGEST_VARIABLE_BYTES
  return Object.fromEntries(
    Object.entries(variables).map(([name, value]) => [name, isLong(name, value) ? null : value]),
  )
}

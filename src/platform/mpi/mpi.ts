/**
 * The interface of MPI launchers: builds the argument list that starts given ranks on given hosts.
 * No shell is involved, so a job's words reach its program unchanged.
 */
import { requestError } from '../../core/text/errors.ts'
import type { Environment } from '../schedulers/scheduler.ts'
import { readVariable } from '../schedulers/scheduler.ts'

/** One MPI job on its hosts. */
export interface MpiRun {
  /** Each host once, in the order of the ranks. */
  readonly hosts: readonly string[]
  readonly ranksPerNode: number
  readonly threadsPerRank: number
  /** Hardware threads to use per core. */
  readonly threadsPerCore: number
  /** Scheduler's processors per core; 1 unless the scheduler counts hardware threads. */
  readonly cpusPerCore?: number
  readonly gpusPerRank: number
  /**
   * `none`, `depth` (each rank bound to its own cores), or a word for the launcher's own binding
   * option.
   */
  readonly cpuAffinity: string
  /** Processors of the job, the same on each host. Bind to these; other jobs use the others. */
  readonly coreIds?: readonly number[] | undefined
  /** The user's extra words, placed between bjob's options and the command. */
  readonly mpiFlags: readonly string[]
  /** Names of environment variables to pass to the ranks. */
  readonly forwardEnv: readonly string[]
  readonly command: readonly string[]
  /** Name of the run in lists of processes; one word. */
  readonly name?: string | undefined
  /** Time that the ranks have to end after TERM, in seconds. */
  readonly graceSeconds?: number | undefined
}

export interface MpiInvocation {
  readonly args: readonly string[]
  /** Additions to the job's environment. */
  readonly env: Readonly<Record<string, string>>
}

export interface MpiTerminator {
  /** Lists the runs in an allocation. */
  listCommand(schedulerId: string): readonly string[]
  /** Sends TERM to the ranks of the named run found in that list; undefined if it is missing. */
  signalCommand(listing: string, name: string): readonly string[] | undefined
}

export interface MpiLauncher {
  readonly name: string
  /** The site's flags for all runs. */
  readonly flags?: readonly string[]
  /** Flags for a process that is not an MPI program and starts other processes: an agent. */
  readonly agentFlags?: readonly string[]
  /** Asks the ranks of a named run to end, for launchers that kill them at once on TERM. */
  readonly terminator?: MpiTerminator
  buildInvocation(run: MpiRun): MpiInvocation
}

export function countRanks(run: MpiRun): number {
  return run.hosts.length * run.ranksPerNode
}

/** Whole cores that a rank needs for its threads. */
export function countCoresPerRank(run: MpiRun): number {
  return Math.max(1, Math.ceil(run.threadsPerRank / run.threadsPerCore))
}

/** OMP_NUM_THREADS if the job asked for threads, as in Balsam, and the launcher's own additions. */
export function buildThreadEnvironment(run: MpiRun): Record<string, string> {
  return run.threadsPerRank > 1 ? { OMP_NUM_THREADS: String(run.threadsPerRank) } : {}
}

/**
 * Deals the job's processors out to the ranks of one node, evenly and in order. Undefined without
 * coreIds or with fewer of them than ranks.
 */
export function dealCores(run: MpiRun): number[][] | undefined {
  const { coreIds, ranksPerNode } = run
  if (coreIds === undefined || coreIds.length < ranksPerNode) return undefined
  const each = Math.floor(coreIds.length / ranksPerNode)
  return Array.from({ length: ranksPerNode }, (_, rank) => coreIds.slice(rank * each, (rank + 1) * each))
}

/** bjob's options, the user's flags, then the command. */
export function joinWords(options: readonly (string | number)[], run: MpiRun): string[] {
  return [...options.map(String), ...run.mpiFlags, ...run.command]
}

export type MpiName = 'srun' | 'openmpi' | 'hydra' | 'pals' | 'aprun' | 'jsrun' | 'flux'

/**
 * Detects the launcher: the scheduler's own if it has one, else the installed one.
 * @param has tells if a command is on the PATH
 * @param version output of `mpiexec --version`, which distinguishes Open MPI from Hydra
 * @returns undefined if there is none; then only single-rank jobs can run
 */
export function detectMpi(env: Environment, has: (command: string) => boolean, version = ''): MpiName | undefined {
  if (readVariable(env, 'FLUX_URI') !== undefined && has('flux')) return 'flux'
  if (readVariable(env, 'LSB_JOBID') !== undefined && has('jsrun')) return 'jsrun'
  if (readVariable(env, 'SLURM_JOB_ID') !== undefined && has('srun')) return 'srun'
  // PALS and ALPS exist on Cray machines only and install commands that no other product has.
  if (has('palstat') && has('mpiexec')) return 'pals'
  if (has('aprun')) return 'aprun'
  const identified = identifyMpi(version)
  if (identified !== undefined) return identified
  if (has('ompi_info') && has('mpirun')) return 'openmpi'
  return has('mpiexec.hydra') || has('mpiexec') ? 'hydra' : undefined
}

/** The product whose `mpiexec` or `mpirun` printed this version text. */
export function identifyMpi(version: string): MpiName | undefined {
  if (/Open MPI|OpenRTE|PRRTE/i.test(version)) return 'openmpi'
  if (/HYDRA|Intel\(R\) MPI|MVAPICH/i.test(version)) return 'hydra'
  return /\bPALS\b/i.test(version) ? 'pals' : undefined
}

/** @throws BjobError `bad-mpi-run` if the run cannot be written as an argument list */
export function checkRun(run: MpiRun): void {
  if (run.hosts.length === 0) throw badRun('it has no host')
  if (run.command.length === 0) throw badRun('it has no command')
  for (const [name, count] of Object.entries({
    ranks_per_node: run.ranksPerNode,
    threads_per_rank: run.threadsPerRank,
    threads_per_core: run.threadsPerCore,
  })) {
    if (!Number.isInteger(count) || count < 1) throw badRun(`${name} is ${count}`)
  }
  const forwarded = run.forwardEnv.find((name) => !/^[A-Za-z_]\w*$/.test(name))
  if (forwarded !== undefined) throw badRun(`'${forwarded}' is not the name of an environment variable`)
}

function badRun(reason: string): Error {
  return requestError('bad-mpi-run', `cannot start the MPI job: ${reason}`)
}

/**
 * What bjob asks of an MPI launcher: an argument list that starts these ranks on these hosts. Never a shell, so that a job's words reach its
 * program as they are.
 */
import { requestError } from '../../core/text/errors.ts'
import type { Environment } from '../schedulers/scheduler.ts'
import { readVariable } from '../schedulers/scheduler.ts'

/** One MPI job on the hosts that it was given. */
export interface MpiRun {
  /** Each once, in the order of the ranks. */
  readonly hosts: readonly string[]
  readonly ranksPerNode: number
  readonly threadsPerRank: number
  /** Hardware threads that share a core. */
  readonly threadsPerCore: number
  /** How many of the scheduler's processors are one core; 1 unless it counts hardware threads. */
  readonly cpusPerCore?: number
  readonly gpusPerRank: number
  /** `none` (no binding), `depth` (each rank bound to its own cores), or a word that the launcher's own binding option takes. */
  readonly cpuAffinity: string
  /** The processors given to the job, the same ones on each of its hosts: bind to these, because other jobs hold the others. */
  readonly coreIds?: readonly number[] | undefined
  /** The user's extra words, put after bjob's options and before the command. */
  readonly mpiFlags: readonly string[]
  /** Names of environment variables that the ranks must see. */
  readonly forwardEnv: readonly string[]
  readonly command: readonly string[]
  /** What the run is to be called where somebody lists what runs; one word. */
  readonly name?: string | undefined
  /** How long the ranks may take to end once they are asked to. */
  readonly graceSeconds?: number | undefined
}

export interface MpiInvocation {
  readonly args: readonly string[]
  /** Set besides the job's own environment. */
  readonly env: Readonly<Record<string, string>>
}

export interface MpiTerminator {
  /** Lists what runs in an allocation. */
  listCommand(schedulerId: string): readonly string[]
  /** From that list: sends TERM to the ranks of the run of that name; undefined when it is not there. */
  signalCommand(listing: string, name: string): readonly string[] | undefined
}

export interface MpiLauncher {
  readonly name: string
  /** What the site gives to all of its runs. */
  readonly flags?: readonly string[]
  /** Its flags for a process that is no MPI program and starts others: one of bjob's agents. */
  readonly agentFlags?: readonly string[]
  /** How to ask the ranks of a named run to end, where the launcher itself kills them at once when it is asked to. */
  readonly terminator?: MpiTerminator
  buildInvocation(run: MpiRun): MpiInvocation
}

export function countRanks(run: MpiRun): number {
  return run.hosts.length * run.ranksPerNode
}

/** Whole cores a rank needs for its threads. */
export function countCoresPerRank(run: MpiRun): number {
  return Math.max(1, Math.ceil(run.threadsPerRank / run.threadsPerCore))
}

/** OMP_NUM_THREADS when the job asked for threads, as Balsam sets it, and what the launcher adds. */
export function buildThreadEnvironment(run: MpiRun): Record<string, string> {
  return run.threadsPerRank > 1 ? { OMP_NUM_THREADS: String(run.threadsPerRank) } : {}
}

/**
 * The job's processors dealt out to the ranks of one node, evenly and in order; undefined without coreIds or with fewer of them than ranks,
 * where binding would double up.
 */
export function dealCores(run: MpiRun): number[][] | undefined {
  const { coreIds, ranksPerNode } = run
  if (coreIds === undefined || coreIds.length < ranksPerNode) return undefined
  const each = Math.floor(coreIds.length / ranksPerNode)
  return Array.from({ length: ranksPerNode }, (_, rank) => coreIds.slice(rank * each, (rank + 1) * each))
}

/** The options before, the user's flags, then the command. */
export function joinWords(options: readonly (string | number)[], run: MpiRun): string[] {
  return [...options.map(String), ...run.mpiFlags, ...run.command]
}

export type MpiName = 'srun' | 'openmpi' | 'hydra' | 'pals' | 'aprun' | 'jsrun' | 'flux'

/**
 * The launcher that fits: the scheduler's own where it has one, else by what is installed.
 * @param has says whether a command is on the PATH
 * @param version the output of `mpiexec --version`, where somebody has asked: it tells Open MPI from Hydra
 * @returns undefined where there is none, and only jobs of one rank can run
 */
export function detectMpi(env: Environment, has: (command: string) => boolean, version = ''): MpiName | undefined {
  if (readVariable(env, 'FLUX_URI') !== undefined && has('flux')) return 'flux'
  if (readVariable(env, 'LSB_JOBID') !== undefined && has('jsrun')) return 'jsrun'
  if (readVariable(env, 'SLURM_JOB_ID') !== undefined && has('srun')) return 'srun'
  // PALS and ALPS come with a Cray; both install commands that nobody else has.
  if (has('palstat') && has('mpiexec')) return 'pals'
  if (has('aprun')) return 'aprun'
  const identified = identifyMpi(version)
  if (identified !== undefined) return identified
  if (has('ompi_info') && has('mpirun')) return 'openmpi'
  return has('mpiexec.hydra') || has('mpiexec') ? 'hydra' : undefined
}

/** Whose `mpiexec` or `mpirun` printed this version text. */
export function identifyMpi(version: string): MpiName | undefined {
  if (/Open MPI|OpenRTE|PRRTE/i.test(version)) return 'openmpi'
  if (/HYDRA|Intel\(R\) MPI|MVAPICH/i.test(version)) return 'hydra'
  return /\bPALS\b/i.test(version) ? 'pals' : undefined
}

/** @throws BjobError `bad-mpi-run` when a run cannot be written as an argument list at all */
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

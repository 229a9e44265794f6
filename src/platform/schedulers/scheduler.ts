/**
 * The interface of batch schedulers: nodes and time of the allocation, submit, status, cancel.
 * Strings in, strings out: the caller runs commands and reads files, so every scheduler can be
 * tested without being installed.
 */
import { requestError } from '../../core/text/errors.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** Names of environment variables. */
export interface BatchVariables {
  /** Variables that may hold the batch job's id, tried in order. */
  readonly id: readonly string[]
  /** Variables set in its batch jobs or read by its commands. */
  readonly names: RegExp
  /** Variables set in its batch jobs whose names other programs may use too. */
  readonly plainNames?: RegExp
  /**
   * The subset that configures its commands (server, output format); valid inside and outside a
   * job.
   */
  readonly configuration: RegExp
  /** The subset that describes one task of one step, such as a rank of a parallel program. */
  readonly task: RegExp
}

/** Matches no name. */
export const NO_VARIABLE = /^(?!)/

export type SchedulerName = 'slurm' | 'pbs' | 'lsf' | 'flux' | 'cobalt' | 'grid-engine' | 'none'

/**
 * A node of an allocation. Values that the scheduler does not report are undefined and come from
 * the site's settings or the node itself.
 */
export interface AllocatedNode {
  readonly name: string
  /** Processors as the scheduler counts them, which may be hardware threads. */
  readonly cores?: number
  /** Scheduler's processors per core; undefined if not reported. */
  readonly cpusPerCore?: number
  /** The operating system's ids of these processors, if reported. */
  readonly coreIds?: readonly number[]
  readonly gpus?: number
  /** The value for a `*_VISIBLE_DEVICES` variable, if reported. */
  readonly gpuIds?: readonly string[]
  readonly memoryMiB?: number
}

export interface DetectedAllocation {
  /** Id of the batch job; undefined outside one. */
  readonly schedulerId?: string
  /** At least one node. The first runs the batch script, unless the scheduler runs it elsewhere. */
  readonly nodes: readonly AllocatedNode[]
  /**
   * The node of this process; null if it is none of the nodes (login or launch node). If undefined,
   * it is the node with this host's name, or the first.
   */
  readonly head?: string | null
  /**
   * End of the allocation in seconds since 1970 on the scheduler's clock, if the environment has
   * it.
   */
  readonly endEpochSeconds?: number
}

/** Inputs of readAllocation in addition to the environment. */
export interface AllocationSources {
  readonly nodeFilePath?: string
  /** A command whose output lists the nodes. */
  readonly command?: readonly string[]
}

/** The texts of AllocationSources, and this host's name, for schedulers that name no host. */
export interface AllocationTexts {
  readonly nodeFile?: string
  readonly output?: string
  readonly hostName: string
}

/**
 * `unknown`: the scheduler does not list the job. Schedulers forget ended jobs, so after `queued`
 * or `running` it means ended.
 */
export type BatchState = 'queued' | 'running' | 'ended' | 'unknown'

export interface BatchStatus {
  readonly state: BatchState
  /** The scheduler's own word, or ''. */
  readonly raw: string
}

/** A command to run; `stdinPath` is a file for its standard input (bsub reads its script there). */
export interface SchedulerCommand {
  readonly args: readonly string[]
  readonly stdinPath?: string
}

export interface Scheduler {
  readonly name: SchedulerName
  /** True if this environment is that of one of its batch jobs. */
  isInside(env: Environment): boolean
  /** True if its submit command is on the PATH. */
  isInstalled(has: (command: string) => boolean): boolean
  allocationSources(env: Environment): AllocationSources
  /** @throws BjobError `bad-allocation` or `bad-host-list`, with the variable or line */
  readAllocation(env: Environment, texts: AllocationTexts): DetectedAllocation
  /** Prints the time left to a batch job; undefined if there is no such command. */
  timeLeftCommand(schedulerId: string): readonly string[] | undefined
  /**
   * Seconds left, at least 0; Infinity without a limit.
   * @param nowSeconds time of the command, seconds since 1970: some schedulers report only the
   *   start time
   * @throws BjobError `bad-scheduler-output`
   */
  parseTimeLeft(output: string, nowSeconds: number): number
  submitCommand(scriptPath: string): SchedulerCommand
  /** Id of the submitted batch job. @throws BjobError `bad-scheduler-output` */
  parseSubmitted(output: string): string
  /**
   * Prints the states of many batch jobs. Its exit status is unreliable: some schedulers fail if
   * one id is unknown.
   */
  statusCommand(schedulerIds: readonly string[]): readonly string[]
  /** One entry per requested id; `unknown` if the output lacks it. */
  parseStatus(output: string, schedulerIds: readonly string[]): Map<string, BatchStatus>
  cancelCommand(schedulerIds: readonly string[]): readonly string[]
  /** Prefix of a directive in a batch script: `#SBATCH`. */
  readonly directivePrefix: string
  readonly variables: BatchVariables
  /**
   * Writes the path of an output file as a directive; undefined if the scheduler would misread it.
   */
  formatOutput(path: string): string | undefined
  /** Writes a time limit as a directive. */
  formatLimit(seconds: number): string
}

/** The error for unreadable scheduler output; `what` names the value sought. */
export function badOutput(scheduler: SchedulerName, what: string, output: string): Error {
  const shown = output.trim().split('\n', 1)[0]?.slice(0, 120) ?? ''
  const said = shown === '' ? 'it printed nothing' : `it printed '${shown}'`
  return requestError('bad-scheduler-output', `cannot read ${what} from ${scheduler}: ${said}`)
}

/** The error for an unreadable environment or node file of an allocation. */
export function badAllocation(scheduler: SchedulerName, reason: string): Error {
  return requestError('bad-allocation', `cannot read the ${scheduler} allocation: ${reason}`)
}

/**
 * True if a failed status command reported an unknown job: squeue ("Invalid job id specified"),
 * qstat of PBS ("Unknown Job Id", "Job has finished") and of Grid Engine ("Following jobs do not
 * exist"), bjobs ("Job <1> is not found") and flux jobs ("JobID 1 unknown"). Other failures may
 * mean an unreachable scheduler.
 */
export function saysUnknownJob(message: string): boolean {
  return /invalid job ?id|unknown job|job has finished|not found|do(es)? not exist|jobid \S+ unknown/i.test(message)
}

/** Adds `unknown` for ids that the answer lacks. */
export function completeStatus(found: ReadonlyMap<string, BatchStatus>, schedulerIds: readonly string[]) {
  return new Map(schedulerIds.map((id): [string, BatchStatus] => [id, found.get(id) ?? { state: 'unknown', raw: '' }]))
}

/** The value of a variable; undefined if unset or empty. */
export function readVariable(env: Environment, name: string): string | undefined {
  const value = env[name]?.trim()
  return value === undefined || value === '' ? undefined : value
}

/** A whole number of at least 1, or undefined. */
export function parseCount(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d+$/.test(text)) return undefined
  const count = Number(text)
  return Number.isSafeInteger(count) && count > 0 ? count : undefined
}

/**
 * The hosts of a node file (one line per host, slot or process; `#` starts a comment) with their
 * number of lines.
 */
export function countHosts(text: string): Map<string, number> {
  const lines = new Map<string, number>()
  for (const line of text.split('\n')) {
    const host = line.replace(/#.*/, '').trim()
    if (host !== '') lines.set(host, (lines.get(host) ?? 0) + 1)
  }
  return lines
}

/** Quotes a word of a directive with double quotes, if needed; undefined if it cannot be quoted. */
export function quoteDirective(word: string): string | undefined {
  if (/^[\w@%+=:,./{}[\]$^-]+$/.test(word)) return word
  // eslint-disable-next-line no-control-regex -- a directive is one line
  return /["\\\u0000-\u001F]/.test(word) ? undefined : `"${word}"`
}

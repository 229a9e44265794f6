/**
 * What bjob asks of a batch scheduler, and nothing more: which nodes are mine, how long, submit, status, cancel. Strings in, strings out:
 * somebody else runs the commands and reads the files, so every scheduler is tested without having one.
 */
import { requestError } from '../../core/text/errors.ts'

export type Environment = Readonly<Record<string, string | undefined>>

/** Names of environment variables. */
export interface BatchVariables {
  /** Those that may hold the batch job's id, the first that does. */
  readonly id: readonly string[]
  /** Set in its batch jobs, or read by its commands. */
  readonly names: RegExp
  /** Set in its batch jobs under names that anybody may use for something else. */
  readonly plainNames?: RegExp
  /** Of these, what tells its commands where their scheduler is and how they print: it holds inside and outside of a batch job. */
  readonly configuration: RegExp
  /** Of these, what describes one task of one step, such as a rank of a parallel program. */
  readonly task: RegExp
}

/** Matches no name. */
export const NO_VARIABLE = /^(?!)/

export type SchedulerName = 'slurm' | 'pbs' | 'lsf' | 'flux' | 'cobalt' | 'grid-engine' | 'none'

/** One node of an allocation; what the scheduler does not tell is absent, and the site's settings or the node itself have to say it. */
export interface AllocatedNode {
  readonly name: string
  /** As the scheduler counts them: hardware threads where it was configured so and does not tell how many of them a core has. */
  readonly cores?: number
  /** Of the scheduler's processors, how many are one core; absent where it does not tell. */
  readonly cpusPerCore?: number
  /** The operating system's numbers of these processors, where told. */
  readonly coreIds?: readonly number[]
  readonly gpus?: number
  /** What a `*_VISIBLE_DEVICES` variable takes, where told. */
  readonly gpuIds?: readonly string[]
  readonly memoryMiB?: number
}

export interface DetectedAllocation {
  /** The batch job's id; absent outside of one. */
  readonly schedulerId?: string
  /** At least one; the first is the one that the batch script runs on, unless the scheduler runs it elsewhere. */
  readonly nodes: readonly AllocatedNode[]
  /**
   * The node that this process runs on; null when the scheduler runs it on none of them (a login or a launch node). Absent where nothing
   * tells: then it is the node of this host's name, or the first.
   */
  readonly head?: string | null
  /** When the allocation ends, seconds since 1970 on the scheduler's clock, where the environment tells. */
  readonly endEpochSeconds?: number
}

/** What readAllocation needs besides the environment. */
export interface AllocationSources {
  readonly nodeFilePath?: string
  /** An argument list whose output tells the nodes. */
  readonly command?: readonly string[]
}

/** The texts of AllocationSources, and the name of the host that this runs on, for schedulers that name no host. */
export interface AllocationTexts {
  readonly nodeFile?: string
  readonly output?: string
  readonly hostName: string
}

/** `unknown`: the scheduler does not (or no longer) know the job; schedulers forget what ended, so after `queued` or `running` it has ended. */
export type BatchState = 'queued' | 'running' | 'ended' | 'unknown'

export interface BatchStatus {
  readonly state: BatchState
  /** The scheduler's own word, '' where it has none. */
  readonly raw: string
}

/** A command to run; `stdinPath` is a file to give it as standard input (bsub reads its script there). */
export interface SchedulerCommand {
  readonly args: readonly string[]
  readonly stdinPath?: string
}

export interface Scheduler {
  readonly name: SchedulerName
  /** Whether this environment is that of one of its batch jobs. */
  isInside(env: Environment): boolean
  /** Whether its submit command is here; `has` says whether a command is on the PATH. */
  isInstalled(has: (command: string) => boolean): boolean
  allocationSources(env: Environment): AllocationSources
  /** @throws BjobError `bad-allocation` or `bad-host-list`, naming the variable or line */
  readAllocation(env: Environment, texts: AllocationTexts): DetectedAllocation
  /** Asks for the time left to a batch job; undefined where there is nothing to ask. */
  timeLeftCommand(schedulerId: string): readonly string[] | undefined
  /**
   * Seconds left, at least 0; Infinity without a limit.
   * @param nowSeconds the time when the command ran, seconds since 1970: some schedulers tell only when the job began
   * @throws BjobError `bad-scheduler-output`
   */
  parseTimeLeft(output: string, nowSeconds: number): number
  submitCommand(scriptPath: string): SchedulerCommand
  /** The batch job's id. @throws BjobError `bad-scheduler-output` */
  parseSubmitted(output: string): string
  /** Asks for the state of many batch jobs at once. Its exit status says little: some fail when one id of many is unknown. */
  statusCommand(schedulerIds: readonly string[]): readonly string[]
  /** An entry for every id asked for, `unknown` where the output has none. */
  parseStatus(output: string, schedulerIds: readonly string[]): Map<string, BatchStatus>
  cancelCommand(schedulerIds: readonly string[]): readonly string[]
  /** What a directive line of a batch script starts with: `#SBATCH`. */
  readonly directivePrefix: string
  readonly variables: BatchVariables
  /** The path of an output file as a directive of its batch script names it; undefined for one that it would take for another. */
  formatOutput(path: string): string | undefined
  /** A time limit as its directive takes it. */
  formatLimit(seconds: number): string
}

/** A scheduler said something that cannot be read; `what` says what was wanted. */
export function badOutput(scheduler: SchedulerName, what: string, output: string): Error {
  const shown = output.trim().split('\n', 1)[0]?.slice(0, 120) ?? ''
  const said = shown === '' ? 'it printed nothing' : `it printed '${shown}'`
  return requestError('bad-scheduler-output', `cannot read ${what} from ${scheduler}: ${said}`)
}

/** An allocation's environment or node file cannot be read. */
export function badAllocation(scheduler: SchedulerName, reason: string): Error {
  return requestError('bad-allocation', `cannot read the ${scheduler} allocation: ${reason}`)
}

/**
 * Whether a status command that failed has answered all the same: that it does not know (or no longer knows) the job. In the words of squeue
 * ("Invalid job id specified"), qstat of PBS ("Unknown Job Id", "Job has finished") and of Grid Engine ("Following jobs do not exist"), bjobs
 * ("Job <1> is not found") and flux jobs ("JobID 1 unknown"). Anything else may be a scheduler that cannot be reached.
 */
export function saysUnknownJob(message: string): boolean {
  return /invalid job ?id|unknown job|job has finished|not found|do(es)? not exist|jobid \S+ unknown/i.test(message)
}

/** Fills in `unknown` for the ids that a scheduler's answer does not have. */
export function completeStatus(found: ReadonlyMap<string, BatchStatus>, schedulerIds: readonly string[]) {
  return new Map(schedulerIds.map((id): [string, BatchStatus] => [id, found.get(id) ?? { state: 'unknown', raw: '' }]))
}

/** A variable's value, undefined where it is unset or empty. */
export function readVariable(env: Environment, name: string): string | undefined {
  const value = env[name]?.trim()
  return value === undefined || value === '' ? undefined : value
}

/** A whole number of at least 1, undefined for anything else. */
export function parseCount(text: string | undefined): number | undefined {
  if (text === undefined || !/^\d+$/.test(text)) return undefined
  const count = Number(text)
  return Number.isSafeInteger(count) && count > 0 ? count : undefined
}

/** The hosts of a node file (one line per host, slot or process; `#` starts a comment), each once, with its number of lines. */
export function countHosts(text: string): Map<string, number> {
  const lines = new Map<string, number>()
  for (const line of text.split('\n')) {
    const host = line.replace(/#.*/, '').trim()
    if (host !== '') lines.set(host, (lines.get(host) ?? 0) + 1)
  }
  return lines
}

/** A word of a directive, in double quotes where it needs them; undefined where these do not help. */
export function quoteDirective(word: string): string | undefined {
  if (/^[\w@%+=:,./{}[\]$^-]+$/.test(word)) return word
  // eslint-disable-next-line no-control-regex -- a directive is one line
  return /["\\\u0000-\u001F]/.test(word) ? undefined : `"${word}"`
}

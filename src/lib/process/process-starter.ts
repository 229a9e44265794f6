/**
 * Starts processes as session leaders, in one of two ways: through the C library's posix_spawn
 * (native-starter.ts), whose cost is independent of this process's size, or through Node.js, which
 * copies this process.
 */
import { ChildStarter } from './child-starter.ts'
import { loadNativeStarter } from './native-starter.ts'

export interface StartCommand {
  /** Program and arguments; the program is looked up on the PATH of its environment. */
  readonly words: readonly string[]
  readonly cwd: string
  /** Inherited environment; share one object among processes with the same. */
  readonly inherited: NodeJS.ProcessEnv
  /** Additions; null removes a variable. */
  readonly environment: Readonly<Record<string, string | null>>
  /** Descriptor of standard output and error. Standard input is empty. */
  readonly output: number
  /** Mark of the process and its descendants (see process-mark.ts), if supported. */
  readonly mark?: bigint
}

/** Usage of a process and its waited-for descendants. */
export interface ProcessUse {
  readonly cpuSeconds?: number
  /** `at most`: includes other processes that ended at the same moment. */
  readonly cpuIs?: 'exact' | 'at most'
  /** Of the largest of these processes. */
  readonly peakMiB?: number
}

/** The end of a process: a signal, or else `code`. */
export interface ProcessExit {
  readonly code: number
  readonly signal: NodeJS.Signals | undefined
  readonly used: ProcessUse
}

export interface StartedProcess {
  /** `undefined` if it could not be started. */
  readonly pid: number | undefined
  /** Rejects if it could not be started. */
  readonly ended: Promise<ProcessExit>
}

export interface ProcessStarter {
  /** True if processes are marked and orphaned descendants become children of this process. */
  readonly keepsAll: boolean
  /** Marks this process and the processes that it starts without their own mark. */
  markSelf(mark: bigint): Promise<void>
  /** @throws Error if it cannot be started, unless `ended` rejects */
  start(command: StartCommand): StartedProcess
  /** Kills the remaining processes of an ended process's group. */
  killGroup(group: number): void
}

/**
 * The best way available. Its user must start all processes through it: it waits for all children.
 */
export async function loadStarter(): Promise<ProcessStarter> {
  return (await loadNativeStarter()) ?? new ChildStarter()
}

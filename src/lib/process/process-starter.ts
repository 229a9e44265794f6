/**
 * Starting processes, each as the leader of a session of its own. There are two ways: through the C library's posix_spawn (native-starter.ts), where
 * a start costs the same however large this process is, and through Node.js, which copies this process for each one.
 */
import { ChildStarter } from './child-starter.ts'
import { loadNativeStarter } from './native-starter.ts'

export interface StartCommand {
  /** The program, looked for on the PATH of the environment that it gets, and its arguments. */
  readonly words: readonly string[]
  readonly cwd: string
  /** What it inherits: the same object for all that inherit the same. */
  readonly inherited: NodeJS.ProcessEnv
  /** Beside that; null takes a variable away. */
  readonly environment: Readonly<Record<string, string | null>>
  /** The descriptor of its standard output and error. It reads nothing. */
  readonly output: number
  /** What it and all its descendants are marked with (see process-mark.ts), where this starter can. */
  readonly mark?: bigint
}

/** What a process and those of its descendants that were waited for have used. */
export interface ProcessUse {
  readonly cpuSeconds?: number
  /** `at most`: others that ended at the same moment may have a part in it. */
  readonly cpuIs?: 'exact' | 'at most'
  /** Of the one of them that held the most. */
  readonly peakMiB?: number
}

/** How a process ended: by a signal, or else with `code`. */
export interface ProcessExit {
  readonly code: number
  readonly signal: NodeJS.Signals | undefined
  readonly used: ProcessUse
}

export interface StartedProcess {
  /** `undefined` when it could not be started. */
  readonly pid: number | undefined
  /** Rejects when it could not be started. */
  readonly ended: Promise<ProcessExit>
}

export interface ProcessStarter {
  /** Whether processes get their marks, and those whose parent has ended become children of this process. */
  readonly keepsAll: boolean
  /** Marks this process, and what it starts without a mark of its own. */
  markSelf(mark: bigint): Promise<void>
  /** @throws Error when it cannot be started, unless `ended` says so */
  start(command: StartCommand): StartedProcess
  /** Kills what a process that has ended left in its group, most often nothing. */
  killGroup(group: number): void
}

/** The best way there is here. Whoever starts processes with it starts none in another way: it waits for all children of this process. */
export async function loadStarter(): Promise<ProcessStarter> {
  return (await loadNativeStarter()) ?? new ChildStarter()
}

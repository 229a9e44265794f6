/** One attempt of a job as processes on this machine: a process group, its output, and its end. */
import fs from 'node:fs'
import type { Usage } from '../../core/life/usage.ts'
import type { ProcessExit, ProcessStarter, StartCommand } from '../../lib/process/process-starter.ts'
import { signalGroup } from '../../lib/process/process-table.ts'
import { monotonicMs, sleep } from '../../lib/sleep.ts'
import { systemCode, explainStart } from './start-failure.ts'

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = fs.constants
/**
 * O_NOFOLLOW: a link would redirect the output into another file. O_NONBLOCK: opening a pipe must
 * not block this thread.
 */
const APPEND = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK

export interface AttemptCommand extends Omit<StartCommand, 'output'> {
  /** File that standard output and error are appended to. */
  readonly output: string
}

/** The end of an attempt. */
export type Exit =
  | ({ readonly kind: 'exited'; readonly code: number } & Facts)
  | ({ readonly kind: 'signalled'; readonly signal: NodeJS.Signals } & Facts)
  | {
      readonly kind: 'not-started'
      readonly message: string
      /** The system's error code, such as ENOENT, if there is one. */
      readonly code?: string | undefined
    }

/** Facts of an attempt that ran. */
interface Facts {
  readonly seconds: number
  readonly usage?: Usage
  /** The kernel killed a process of this node for lack of memory during the attempt. */
  readonly isOutOfMemory?: true
}

export class Attempt {
  readonly exit: Promise<Exit>
  readonly #group: number | undefined
  #hasExited = false

  private constructor(starter: ProcessStarter, group: number | undefined, exit: Promise<Exit>) {
    this.#group = group
    this.exit = exit.then((facts) => {
      this.#hasExited = true
      // Processes left in the group would keep using the slot's cores unobserved.
      if (group !== undefined) starter.killGroup(group)
      return facts
    })
  }

  /** Process id of the leader of the group and session; `undefined` if it could not be started. */
  get pid(): number | undefined {
    return this.#group
  }

  /** Starts the command. Never throws: a failed start is an exit too. */
  static start(starter: ProcessStarter, command: AttemptCommand): Attempt {
    const begin = monotonicMs()
    const toExit = ({ code, signal, used }: ProcessExit): Exit => {
      const facts = { seconds: (monotonicMs() - begin) / 1000, usage: used }
      return signal === undefined ? { kind: 'exited', code, ...facts } : { kind: 'signalled', signal, ...facts }
    }
    let output: number | undefined
    try {
      output = fs.openSync(command.output, APPEND, 0o666)
      const { pid, ended } = starter.start({ ...command, output })
      return new Attempt(
        starter,
        pid,
        ended.then(toExit, (error: unknown) => notStarted(error, command)),
      )
    } catch (error) {
      return new Attempt(starter, undefined, Promise.resolve(notStarted(error, command)))
    } finally {
      if (output !== undefined) fs.closeSync(output)
    }
  }

  /**
   * Sends TERM, and KILL after `graceMs` or when `hurry` fires. Resolves when the attempt has
   * ended.
   */
  async stop(graceMs: number, hurry: AbortSignal): Promise<void> {
    if (this.#hasExited || this.#group === undefined) return
    signalGroup(this.#group, 'SIGTERM')
    const done = new AbortController()
    const over = this.exit.then(() => done.abort())
    await sleep(graceMs, AbortSignal.any([hurry, done.signal]))
    this.kill()
    await over
  }

  /** Kills the attempt immediately. */
  kill(): void {
    if (!this.#hasExited && this.#group !== undefined) signalGroup(this.#group, 'SIGKILL')
  }
}

function notStarted(error: unknown, command: AttemptCommand): Exit {
  const { environment, inherited } = command
  const searchPath = 'PATH' in environment ? (environment['PATH'] ?? undefined) : inherited['PATH']
  return { kind: 'not-started', code: systemCode(error), message: explainStart(error, command, searchPath) }
}

/** One attempt of one job as processes on this machine: a process group, its output, and the facts of its end. */
import fs from 'node:fs'
import type { Usage } from '../../core/life/usage.ts'
import type { ProcessExit, ProcessStarter, StartCommand } from '../../lib/process/process-starter.ts'
import { signalGroup } from '../../lib/process/process-table.ts'
import { monotonicMs, sleep } from '../../lib/sleep.ts'
import { systemCode, explainStart } from './start-failure.ts'

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = fs.constants
/** A link there would lead what the job says into somebody else's file; a pipe, to which O_NONBLOCK means something, would keep this thread waiting. */
const APPEND = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK

export interface AttemptCommand extends Omit<StartCommand, 'output'> {
  /** The file for standard output and error; added to. */
  readonly output: string
}

/** How an attempt ended. */
export type Exit =
  | ({ readonly kind: 'exited'; readonly code: number } & Facts)
  | ({ readonly kind: 'signalled'; readonly signal: NodeJS.Signals } & Facts)
  | {
      readonly kind: 'not-started'
      readonly message: string
      /** The system's, such as ENOENT, where it said one. */
      readonly code?: string | undefined
    }

/** What is known of any that ran. */
interface Facts {
  readonly seconds: number
  readonly usage?: Usage
  /** The kernel has killed a process of this node for want of memory while it ran. */
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
      // What the job left running in its group would outlive it unseen, and hold its slot's cores.
      if (group !== undefined) starter.killGroup(group)
      return facts
    })
  }

  /** The process that leads its group and session; `undefined` when it could not be started. */
  get pid(): number | undefined {
    return this.#group
  }

  /** Starts the command. Never throws: a command that cannot be started is an exit, too. */
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

  /** Ends it: TERM, then after `graceMs`, or when `hurry` fires, KILL. Resolves when it has ended. */
  async stop(graceMs: number, hurry: AbortSignal): Promise<void> {
    if (this.#hasExited || this.#group === undefined) return
    signalGroup(this.#group, 'SIGTERM')
    const done = new AbortController()
    const over = this.exit.then(() => done.abort())
    await sleep(graceMs, AbortSignal.any([hurry, done.signal]))
    this.kill()
    await over
  }

  /** Ends it at once. */
  kill(): void {
    if (!this.#hasExited && this.#group !== undefined) signalGroup(this.#group, 'SIGKILL')
  }
}

function notStarted(error: unknown, command: AttemptCommand): Exit {
  const { environment, inherited } = command
  const searchPath = 'PATH' in environment ? (environment['PATH'] ?? undefined) : inherited['PATH']
  return { kind: 'not-started', code: systemCode(error), message: explainStart(error, command, searchPath) }
}

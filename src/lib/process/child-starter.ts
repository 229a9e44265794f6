/**
 * Starts processes through Node.js, which does not pass on the usage from wait4(2). The kernel adds
 * a child's usage to this process's counters once it is waited for. If one child ended since the
 * last reading, the difference is its usage (to 0.01 s); for several, only the sum is known.
 */
import { spawn } from 'node:child_process'
import { markByCommand } from './process-mark.ts'
import type { ProcessExit, ProcessStarter, StartCommand, StartedProcess } from './process-starter.ts'
import { signalGroup } from './process-table.ts'
import { ChildrenCpu } from './process-usage.ts'

type Outcome = Omit<ProcessExit, 'used'>

export class ChildStarter implements ProcessStarter {
  readonly keepsAll = false
  readonly markSelf = markByCommand
  readonly #children = new ChildrenCpu()
  #counted = this.#children.read()
  #ended: ((end: Pick<ProcessExit, 'used'>) => void)[] = []

  start({ words: [file = '', ...args], cwd, inherited, environment, output }: StartCommand): StartedProcess {
    const env = { ...inherited }
    for (const [name, value] of Object.entries(environment)) {
      if (value === null) delete env[name]
      else env[name] = value
    }
    const child = spawn(file, args, { cwd, env, stdio: ['ignore', output, output], detached: true })
    const outcome = new Promise<Outcome>((resolve, reject) => {
      child.once('error', reject)
      child.once('exit', (code, signal) => resolve({ code: code ?? 0, signal: signal ?? undefined }))
    })
    return { pid: child.pid, ended: this.#measured(outcome) }
  }

  killGroup(group: number): void {
    signalGroup(group, 'SIGKILL')
  }

  async #measured(outcome: Promise<Outcome>): Promise<ProcessExit> {
    const end = await outcome
    const { used } = await new Promise<Pick<ProcessExit, 'used'>>((resolve) => {
      this.#ended.push(resolve)
      // All children waited for together are reported before the callback, and no other is waited
      // for meanwhile.
      if (this.#ended.length === 1) setImmediate(() => this.#count())
    })
    return { ...end, used }
  }

  #count(): void {
    const ended = this.#ended
    this.#ended = []
    const before = this.#counted
    this.#counted = this.#children.read()
    const used =
      this.#counted === undefined || before === undefined
        ? {}
        : { cpuSeconds: this.#counted - before, cpuIs: ended.length === 1 ? ('exact' as const) : ('at most' as const) }
    for (const tell of ended) tell({ used })
  }
}

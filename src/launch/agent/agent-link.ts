/**
 * A launcher's link to the agent of one node. It starts the agent, sends it orders, and restarts it
 * after its death with a growing delay. When an agent dies, its jobs have ended too.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { monotonicMs } from '../../lib/sleep.ts'
import { withoutTask } from '../../platform/schedulers/surrounding-job.ts'
import { type MeasuredExit, type Notice, type Order, lineReader } from './agent-protocol.ts'
import { agentMarks, endLaunched, launchedBy } from './launched.ts'

/**
 * Limit for an agent's first message. A scheduler that starts a thousand agents at once is slow.
 */
const START_MS = 120_000
/** Delay before the second restart, doubled each time. The first restart is immediate. */
const DELAY_MS = 1000
const LONGEST_DELAY_MS = 30_000
/** An agent that lived for this long did not die of its start. */
const STEADY_MS = 60_000
/**
 * A node is lost after this many agents in a row died before their first message. The launcher's
 * own node is never lost.
 */
const MOST_STILLBORN = 3

/** The end of an attempt as reported by its agent, or `died` with the agent. */
export type LinkExit = MeasuredExit | { readonly kind: 'cut-off' } | { readonly kind: 'died' }

export interface LinkEvents {
  /** The agent is dead and is being restarted. */
  readonly onDown: () => void
  readonly onUp: () => void
  /** The agent cannot be started again. */
  readonly onLost: () => void
}

interface Waiting {
  readonly order: Order
  readonly resolve: (exit: LinkExit) => void
}

export interface LinkPlace {
  readonly launcher: string
  readonly node: string
  /** Index of the node among the launcher's nodes. */
  readonly index: number
  /**
   * Command that starts the agent. The launcher, the index and the number of earlier deaths are
   * appended.
   */
  readonly words: readonly string[]
  /** True for the agent that is the launcher's own child, on the same node. */
  readonly isHead: boolean
  /** An agent that has been silent for this long has killed its jobs by itself. */
  readonly silenceMs: number
}

export class AgentLink {
  readonly place: LinkPlace
  readonly #events: LinkEvents
  /** Running attempts, by key. */
  readonly #waiting = new Map<number, Waiting>()
  /** Attempts of a dead agent, which may still be running. */
  #dying: Waiting[] = []
  /** Callers of `clear`, by launcher. */
  readonly #clearing = new Map<string, ((isWhole: boolean) => void)[]>()
  #process!: ChildProcess
  /** The last process that is being replaced. */
  #dead: ChildProcess | undefined
  #deaths = 0
  #stillborn = 0
  #begunMs = 0
  #heardMs = 0
  /** Time until which the lease holds, as of the last beat. */
  #holdsUntilMs = 0
  #hasSpoken = false
  #hasEverSpoken = false
  #isDown = false
  #isLost = false
  #isOver = false

  constructor(place: LinkPlace, events: LinkEvents) {
    this.place = place
    this.#events = events
    this.#open()
  }

  get pid(): number {
    return this.#process.pid ?? 0
  }

  /** True if no agent has sent its first message and the last one is dead. */
  get hasFailed(): boolean {
    return this.#isLost && !this.#hasEverSpoken
  }

  get #holdsMs(): number {
    return Math.max(0, this.#holdsUntilMs - monotonicMs())
  }

  start(key: number, command: Omit<Order & { order: 'start' }, 'order' | 'key'>): Promise<LinkExit> {
    if (this.#isLost || this.#isOver) return Promise.resolve({ kind: 'died' })
    const order: Order = { order: 'start', key, ...command }
    // While the agent is down, the order waits for the next agent.
    if (!this.#isDown) this.#tell(order)
    return new Promise((resolve) => this.#waiting.set(key, { order, resolve }))
  }

  stop(key: number, graceMs: number): void {
    if (!this.#isDown) return this.#tell({ order: 'stop', key, graceMs })
    this.#waiting.get(key)?.resolve({ kind: 'died' })
    this.#waiting.delete(key)
  }

  /**
   * Kills the processes that a dead launcher left on this node. @returns false if any may still run
   */
  clear(launcher: string): Promise<boolean> {
    if (this.#isDown || this.#isLost)
      return this.place.isHead ? endLaunched(launchedBy(launcher)) : Promise.resolve(true)
    return new Promise((resolve) => {
      const waiting = this.#clearing.get(launcher)
      if (waiting !== undefined) return void waiting.push(resolve)
      this.#clearing.set(launcher, [resolve])
      this.#tell({ order: 'clear', launcher })
    })
  }

  /**
   * Tells the agent that the lease holds for `limitMs`. An agent that has been silent for too long
   * is abandoned.
   */
  beat(limitMs: number): void {
    this.#holdsUntilMs = monotonicMs() + limitMs
    const { silenceMs } = this.place
    const patienceMs = this.#hasSpoken ? silenceMs : Math.max(silenceMs, START_MS)
    if (monotonicMs() - this.#heardMs > patienceMs) this.#die(this.#process, 0)
    this.#tell({ order: 'beat', limitMs })
  }

  /** Ends the agent, which kills its running attempts. */
  end(): void {
    this.#isOver = true
    const child = this.#process
    this.#tell({ order: 'end' })
    child.stdin?.end()
    const patience = setTimeout(() => this.#abandonForGood(child), this.place.silenceMs)
    child.once('exit', () => {
      clearTimeout(patience)
      if (!this.place.isHead) abandon(child)
    })
  }

  #open(): void {
    const { launcher, index, words, isHead } = this.place
    const [file, ...args] = [...words, launcher, String(index), String(this.#deaths)]
    const environment = { ...withoutTask(process.env), BJOB_LAUNCHER: launcher }
    const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'], detached: true, env: environment })
    this.#process = child
    this.#begunMs = this.#heardMs = monotonicMs()
    this.#hasSpoken = false
    child.stdout?.setEncoding('utf8').on(
      'data',
      lineReader<Notice>((notice) => this.#hear(child, notice)),
    )
    child.stdin?.on('error', () => {})
    child.once('error', () => this.#die(child, 0))
    // A remote process may outlive the pipe for as long as its last beat allows.
    child.once('exit', () => this.#die(child, isHead ? 0 : this.#holdsMs))
    if (!isHead) this.#tell({ order: 'environment', variables: environment })
  }

  #hear(child: ChildProcess, notice: Notice): void {
    if (child !== this.#process) return
    this.#heardMs = monotonicMs()
    if (!this.#hasSpoken) this.#hearFirst()
    if ('cleared' in notice) {
      for (const resolve of this.#clearing.get(notice.cleared) ?? []) resolve(notice.isWhole)
      this.#clearing.delete(notice.cleared)
    }
    if (!('key' in notice)) return
    this.#waiting.get(notice.key)?.resolve(notice.exit)
    this.#waiting.delete(notice.key)
  }

  /** An agent sends its first message after it has killed the leftovers of its predecessor. */
  #hearFirst(): void {
    this.#hasSpoken = this.#hasEverSpoken = true
    this.#stillborn = 0
    this.#release()
    if (!this.#isDown) return
    this.#isDown = false
    for (const { order } of this.#waiting.values()) this.#tell(order)
    this.#events.onUp()
  }

  /** @param restMs time after which none of its jobs can be running */
  #die(child: ChildProcess, restMs: number): void {
    if (this.#isOver || child !== this.#process || child === this.#dead || this.#isLost) return
    // A silent agent is killed, and then exits.
    this.#dead = child
    abandon(child)
    const wasDown = this.#isDown
    this.#isDown = true
    if (!this.#hasSpoken) this.#stillborn += 1
    this.#deaths = monotonicMs() - this.#begunMs > STEADY_MS ? 1 : this.#deaths + 1
    for (const resolve of [...this.#clearing.values()].flat()) resolve(true)
    this.#clearing.clear()
    if (!wasDown) {
      this.#dying.push(...this.#waiting.values())
      this.#waiting.clear()
      this.#events.onDown()
    }
    if (!this.#hasEverSpoken && this.place.isHead) return this.#lose()
    if (!this.place.isHead && this.#stillborn >= MOST_STILLBORN) return this.#lose()
    void this.#replace(restMs)
  }

  async #replace(restMs: number): Promise<void> {
    const { launcher, index, isHead } = this.place
    if (isHead) {
      await endLaunched({ marks: agentMarks(launcher, index) })
      this.#release()
    } else setTimeout(() => this.#release(), restMs).unref()
    const delayMs = this.#deaths === 1 ? 0 : Math.min(DELAY_MS * 2 ** (this.#deaths - 2), LONGEST_DELAY_MS)
    setTimeout(() => {
      if (this.#isOver) return
      this.#open()
      if (this.#holdsMs > 0) this.#tell({ order: 'beat', limitMs: this.#holdsMs })
    }, delayMs)
  }

  #abandonForGood(child: ChildProcess): void {
    const { launcher, index, isHead } = this.place
    abandon(child)
    if (isHead) void endLaunched({ marks: agentMarks(launcher, index) })
  }

  #release(): void {
    for (const { resolve } of this.#dying) resolve({ kind: 'died' })
    this.#dying = []
  }

  #lose(): void {
    this.#isLost = true
    this.#dying.push(...this.#waiting.values())
    this.#waiting.clear()
    this.#release()
    this.#events.onLost()
  }

  #tell(order: Order): void {
    if (!this.#isLost && this.#process.stdin?.writable === true) this.#process.stdin.write(`${JSON.stringify(order)}\n`)
  }
}

/** Closes the pipes: a hung launcher process, or its helper, may hold them open for ever. */
function abandon(child: ChildProcess): void {
  child.kill('SIGKILL')
  child.stdin?.destroy()
  child.stdout?.destroy()
  child.unref()
}

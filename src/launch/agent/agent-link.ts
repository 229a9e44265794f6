/**
 * A launcher's link to the agent of one node: starts it, hands it orders, and starts it again when it dies, later each time. What ran there has ended
 * with it by then.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { monotonicMs } from '../../lib/sleep.ts'
import { withoutTask } from '../../platform/schedulers/surrounding-job.ts'
import { type MeasuredExit, type Notice, type Order, lineReader } from './agent-protocol.ts'
import { agentMarks, endLaunched, launchedBy } from './launched.ts'

/** Until an agent says its first word: a scheduler that starts a thousand of them at once takes its time. */
const START_MS = 120_000
/** Before it is started again: at once, then after this long, then after twice as long each time. */
const DELAY_MS = 1000
const LONGEST_DELAY_MS = 30_000
/** An agent that has lived for this long did not die of its start. */
const STEADY_MS = 60_000
/** A node is lost after this many agents in a row that die before their first word. The own node of a launcher never is. */
const MOST_STILLBORN = 3

/** An end as the agent tells it, or `died`: with the agent. */
export type LinkExit = MeasuredExit | { readonly kind: 'cut-off' } | { readonly kind: 'died' }

export interface LinkEvents {
  /** Its agent is dead, and is being started again. */
  readonly onDown: () => void
  readonly onUp: () => void
  /** It cannot be started any more. */
  readonly onLost: () => void
}

interface Waiting {
  readonly order: Order
  readonly resolve: (exit: LinkExit) => void
}

export interface LinkPlace {
  readonly launcher: string
  readonly node: string
  /** The node's place among those of the launcher. */
  readonly index: number
  /** The words that start it; the launcher's, its index and how often it has died before are added. */
  readonly words: readonly string[]
  /** Whether it is the launcher's own child, on the same node. */
  readonly isHead: boolean
  /** An agent that does not answer for this long has, by itself, killed its jobs. */
  readonly silenceMs: number
}

export class AgentLink {
  readonly place: LinkPlace
  readonly #events: LinkEvents
  /** Attempts under way, by key. */
  readonly #waiting = new Map<number, Waiting>()
  /** Attempts of an agent that has died, which may still run. */
  #dying: Waiting[] = []
  /** By launcher, who waits for that to be cleared away. */
  readonly #clearing = new Map<string, (isWhole: boolean) => void>()
  #process!: ChildProcess
  #deaths = 0
  #stillborn = 0
  #begunMs = 0
  #heardMs = 0
  /** Until when the lease holds, as the last beat had it. */
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

  /** Whether none of its agents has come to its first word, and the last one is dead. */
  get hasFailed(): boolean {
    return this.#isLost && !this.#hasEverSpoken
  }

  get #holdsMs(): number {
    return Math.max(0, this.#holdsUntilMs - monotonicMs())
  }

  start(key: number, command: Omit<Order & { order: 'start' }, 'order' | 'key'>): Promise<LinkExit> {
    if (this.#isLost || this.#isOver) return Promise.resolve({ kind: 'died' })
    const order: Order = { order: 'start', key, ...command }
    // While it is down the order waits with the others for the next agent.
    if (!this.#isDown) this.#tell(order)
    return new Promise((resolve) => this.#waiting.set(key, { order, resolve }))
  }

  stop(key: number, graceMs: number): void {
    if (!this.#isDown) return this.#tell({ order: 'stop', key, graceMs })
    this.#waiting.get(key)?.resolve({ kind: 'died' })
    this.#waiting.delete(key)
  }

  /** Kills what a launcher that is dead has left on this node. @returns whether nothing is known to run any more */
  clear(launcher: string): Promise<boolean> {
    if (this.#isDown || this.#isLost)
      return this.place.isHead ? endLaunched(launchedBy(launcher)) : Promise.resolve(true)
    this.#tell({ order: 'clear', launcher })
    return new Promise((resolve) => this.#clearing.set(launcher, resolve))
  }

  /** Tells the agent that the lease holds for `limitMs`; one that has not answered for too long is given up. */
  beat(limitMs: number): void {
    this.#holdsUntilMs = monotonicMs() + limitMs
    const { isHead, silenceMs } = this.place
    const patienceMs = this.#hasSpoken ? silenceMs : Math.max(silenceMs, START_MS)
    if (!isHead && monotonicMs() - this.#heardMs > patienceMs) this.#die(this.#process, 0)
    this.#tell({ order: 'beat', limitMs })
  }

  /** Lets the agent go; what still runs is killed. */
  end(): void {
    this.#isOver = true
    const child = this.#process
    this.#tell({ order: 'end' })
    child.stdin?.end()
    if (this.place.isHead) return
    const patience = setTimeout(() => abandon(child), this.place.silenceMs)
    child.once('exit', () => {
      clearTimeout(patience)
      abandon(child)
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
    // What the pipe led to on another node may live on for as long as its last beat allows.
    child.once('exit', () => this.#die(child, isHead ? 0 : this.#holdsMs))
    if (!isHead) this.#tell({ order: 'environment', variables: environment })
  }

  #hear(child: ChildProcess, notice: Notice): void {
    if (child !== this.#process) return
    this.#heardMs = monotonicMs()
    if (!this.#hasSpoken) this.#hearFirst()
    if ('cleared' in notice) {
      this.#clearing.get(notice.cleared)?.(notice.isWhole)
      this.#clearing.delete(notice.cleared)
    }
    if (!('key' in notice)) return
    this.#waiting.get(notice.key)?.resolve(notice.exit)
    this.#waiting.delete(notice.key)
  }

  /** An agent speaks when it has killed all that the one before it has left. */
  #hearFirst(): void {
    this.#hasSpoken = this.#hasEverSpoken = true
    this.#stillborn = 0
    this.#release()
    if (!this.#isDown) return
    this.#isDown = false
    for (const { order } of this.#waiting.values()) this.#tell(order)
    this.#events.onUp()
  }

  /** @param restMs after which none of its jobs runs any more */
  #die(child: ChildProcess, restMs: number): void {
    if (this.#isOver || child !== this.#process || this.#isLost) return
    abandon(child)
    const wasDown = this.#isDown
    this.#isDown = true
    if (!this.#hasSpoken) this.#stillborn += 1
    this.#deaths = monotonicMs() - this.#begunMs > STEADY_MS ? 1 : this.#deaths + 1
    for (const resolve of this.#clearing.values()) resolve(true)
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

/** A launcher that hangs, or a helper of one that is gone, may hold the pipes for ever: nobody here waits for that. */
function abandon(child: ChildProcess): void {
  child.kill('SIGKILL')
  child.stdin?.destroy()
  child.stdout?.destroy()
  child.unref()
}

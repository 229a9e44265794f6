/**
 * Processes that an attempt leaves running when its first process has ended, such as daemons in
 * their own sessions. The agent is the subreaper of its jobs, so every leftover is, or descends
 * from, a child that the agent did not start itself. An attempt is over when its leftovers are.
 */
import { type MarkRange, isInMarkRange, readMark } from '../../lib/process/process-mark.ts'
import { isInEnvironment, killQuietly } from '../../lib/process/process-table.ts'
import { OwnChildren, listProcesses, withDescendants } from '../../lib/process/process-usage.ts'
import { monotonicMs } from '../../lib/sleep.ts'
import { attemptMark } from './launched.ts'

const AGAIN_MS = 5
/** A process blocked in the kernel (hung file system) holds its attempt no longer than this. */
const LIMIT_MS = 30_000
/** When all processes have to be scanned, shorter attempts are assumed to have left few. */
const SHORT_MS = 200

export interface EndedAttempt {
  readonly key: number
  /** Leader of the session. */
  readonly pid: number
  readonly begunMs: number
  /** NAME=VALUE pairs that only processes of this attempt have. */
  readonly variables: readonly string[]
}

interface Ending extends EndedAttempt {
  readonly untilMs: number
  readonly done: () => void
}

export class Leftovers {
  readonly #marks: MarkRange
  readonly #keepsAll: boolean
  /** Keys of the running attempts. */
  readonly #running = new Set<number>()
  /** Their first processes. */
  readonly #started = new Set<number>()
  readonly #children = new OwnChildren()
  readonly #ending = new Set<Ending>()
  /** Keys of the attempts that a process may belong to, by process. */
  readonly #suspected = new Map<number, ReadonlySet<number>>()
  #isDue = false

  /** @param keepsAll true if marks are set and this process is the subreaper */
  constructor(marks: MarkRange, keepsAll: boolean) {
    this.#marks = marks
    this.#keepsAll = keepsAll
  }

  begin(key: number, pid: number): void {
    this.#running.add(key)
    this.#started.add(pid)
  }

  /** Kills the leftovers of an ended attempt. Resolves when none runs any more. */
  end(attempt: EndedAttempt): Promise<void> {
    this.#running.delete(attempt.key)
    this.#started.delete(attempt.pid)
    if (!this.#keepsAll && monotonicMs() - attempt.begunMs < SHORT_MS) return Promise.resolve()
    return new Promise((done) => {
      this.#ending.add({ ...attempt, done, untilMs: monotonicMs() + LIMIT_MS })
      if (this.#isDue) return
      this.#isDue = true
      // Attempts that ended together share one scan.
      queueMicrotask(() => this.#look())
    })
  }

  #look(): void {
    this.#isDue = false
    const left = this.#keepsAll ? this.#findChildren() : this.#findByScan()
    if (left.size > 0) for (const pid of withDescendants(listProcesses(), left.keys())) killQuietly(pid)
    const keys = new Set([...left.values()].flatMap((suspects) => [...suspects]))
    const now = monotonicMs()
    for (const ending of this.#ending) {
      if (keys.has(ending.key) && now < ending.untilMs) continue
      this.#ending.delete(ending)
      ending.done()
    }
    if (this.#ending.size === 0) return
    this.#isDue = true
    setTimeout(() => this.#look(), AGAIN_MS)
  }

  /** Children of this process that belong to no running attempt, with their possible attempts. */
  #findChildren(): Map<number, ReadonlySet<number>> {
    const children = this.#children.read() ?? childrenByScan()
    const left = new Map<number, ReadonlySet<number>>()
    const orphans = new Set(children.filter((pid) => !this.#started.has(pid)))
    for (const pid of this.#suspected.keys()) if (!orphans.has(pid)) this.#suspected.delete(pid)
    for (const pid of orphans) {
      const keys = this.#suspected.get(pid) ?? this.#keysOf(pid)
      this.#suspected.set(pid, keys)
      if (![...keys].some((key) => this.#running.has(key))) left.set(pid, keys)
    }
    return left
  }

  /**
   * A mark identifies the attempt. A process with another launcher's mark, or none, may belong to
   * any.
   */
  #keysOf(pid: number): ReadonlySet<number> {
    const all = [...this.#running, ...[...this.#ending].map(({ key }) => key)]
    const mark = readMark(pid)
    const own = all.filter((key) => attemptMark(this.#marks, key) === mark)
    return new Set(own.length === 0 && !isInMarkRange(this.#marks, mark) ? all : own)
  }

  #findByScan(): Map<number, ReadonlySet<number>> {
    const left = new Map<number, ReadonlySet<number>>()
    for (const { pid, session, isOver } of listProcesses()) {
      if (isOver) continue
      const keys = [...this.#ending]
        .filter((one) => session === one.pid || one.variables.every((variable) => isInEnvironment(pid, variable)))
        .map(({ key }) => key)
      if (keys.length > 0) left.set(pid, new Set(keys))
    }
    return left
  }
}

function childrenByScan(): number[] {
  return listProcesses().flatMap(({ pid, parent }) => (parent === process.pid ? [pid] : []))
}

/**
 * What jobs use, measured by the agent that has started them, at next to no cost: Node.js does not pass on what wait4(2) says of a child. Two sources.
 *
 * CPU time: the kernel adds what a child and its descendants have used to the agent's own count when the agent has waited for it. When one job was
 * waited for since the last look, the difference is just its own (to 0.01 s); of several that ended at the same moment only their sum is known.
 *
 * Memory, and CPU time in that case: all processes of the node are looked at once in a while, seldom enough to take a fiftieth of a core at
 * most. What a job does after the last look at it is not seen, nor are ranks on other nodes.
 */
import type { Usage } from '../core/usage.ts'
import { ChildrenCpu, groupByLeader, listProcesses, readMemory } from '../lib/process-usage.ts'
import { monotonicMs } from '../lib/sleep.ts'

/** Most jobs of a great many are over before that. */
const FIRST_LOOK_MS = 200
const LOOK_MS = 250
/** The time between looks, as a multiple of the CPU time that one takes. */
const IDLE_SHARE = 50

interface Watched {
  readonly begunMs: number
  cpuSeconds?: number
  peakMiB?: number
}

interface Ended {
  readonly watched: Watched
  readonly tell: (usage: Usage) => void
}

export class UsageMeter {
  readonly #children = new ChildrenCpu()
  readonly #watched = new Map<number, Watched>()
  readonly #onLook: () => void
  #ended: Ended[] = []
  #countedSeconds = this.#children.read()
  #timer: NodeJS.Timeout | undefined

  /** @param onLook called when the first of several jobs begins, and whenever there has been a look */
  constructor(onLook: () => void) {
    this.#onLook = onLook
  }

  /** A job has been started: `pid` leads its session. */
  begin(pid: number): void {
    this.#watched.set(pid, { begunMs: monotonicMs() })
    if (this.#timer === undefined) this.#onLook()
    this.#timer ??= setTimeout(() => this.#look(), LOOK_MS).unref()
  }

  /** The job has been waited for: call it at once. */
  async end(pid: number): Promise<Usage> {
    const watched = this.#watched.get(pid)
    if (watched === undefined) return {}
    this.#watched.delete(pid)
    return new Promise((resolve) => {
      this.#ended.push({ watched, tell: resolve })
      // All that were waited for together are told of before that, and nothing is waited for meanwhile.
      if (this.#ended.length === 1) setImmediate(() => this.#count())
    })
  }

  #count(): void {
    const ended = this.#ended
    this.#ended = []
    const now = this.#children.read()
    const used = now === undefined || this.#countedSeconds === undefined ? undefined : now - this.#countedSeconds
    this.#countedSeconds = now
    for (const { watched, tell } of ended) tell(usageOf(watched, used, ended.length === 1))
  }

  #look(): void {
    const begunMs = monotonicMs()
    const before = process.cpuUsage()
    const due = new Map([...this.#watched].filter(([, watched]) => begunMs - watched.begunMs >= FIRST_LOOK_MS))
    if (due.size > 0) {
      for (const [leader, group] of groupByLeader(listProcesses(), new Set(due.keys()))) {
        const watched = due.get(leader)
        const sizes = group.map(({ pid }) => readMemory(pid) ?? { nowMiB: 0, peakMiB: 0 })
        const together = sizes.reduce((sum, { nowMiB }) => sum + nowMiB, 0)
        const peak = Math.ceil(Math.max(together, ...sizes.map(({ peakMiB }) => peakMiB)))
        const cpuSeconds = group.reduce((sum, one) => sum + one.cpuSeconds, 0)
        if (watched === undefined) continue
        if (peak > 0) watched.peakMiB = Math.max(peak, watched.peakMiB ?? 0)
        watched.cpuSeconds = Math.max(cpuSeconds, watched.cpuSeconds ?? 0)
      }
    }
    this.#onLook()
    const spent = process.cpuUsage(before)
    const pauseMs = Math.max(LOOK_MS, (spent.user + spent.system) * 1e-3 * IDLE_SHARE)
    this.#timer = this.#watched.size === 0 ? undefined : setTimeout(() => this.#look(), pauseMs).unref()
  }
}

function usageOf({ cpuSeconds: seen, peakMiB }: Watched, used: number | undefined, isAlone: boolean): Usage {
  const peak = peakMiB === undefined ? {} : { peakMiB }
  // A job that did not wait for its own children has used more than the kernel hands on.
  if (used !== undefined && isAlone && used >= (seen ?? 0)) return { cpuSeconds: used, cpuIs: 'exact', ...peak }
  if (seen !== undefined) return { cpuSeconds: seen, cpuIs: 'at least', ...peak }
  return used === undefined ? peak : { cpuSeconds: used, cpuIs: 'at most', ...peak }
}

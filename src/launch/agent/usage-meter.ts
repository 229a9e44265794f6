/**
 * What jobs use, measured by the agent that has started them, at next to no cost. What the kernel tells at the end of a job's first process counts those
 * that were waited for, and the memory of one of them. So all processes of the node are looked at once in a while as well, seldom enough to take a
 * fiftieth of a core at most: what a job does after the last look at it is not seen by that, nor are ranks on other nodes.
 */
import type { Usage } from '../../core/life/usage.ts'
import { groupByLeader, listProcesses, readMemory } from '../../lib/process/process-usage.ts'
import { monotonicMs } from '../../lib/sleep.ts'

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

export class UsageMeter {
  readonly #watched = new Map<number, Watched>()
  readonly #onLook: () => void
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

  /** @param told what the kernel told of the job's end. @returns that, and what was seen */
  end(pid: number, told: Usage = {}): Usage {
    const { cpuSeconds: seen, peakMiB = 0 } = this.#watched.get(pid) ?? {}
    this.#watched.delete(pid)
    const peak = Math.ceil(Math.max(peakMiB, told.peakMiB ?? 0))
    const peaked = peak === 0 ? {} : { peakMiB: peak }
    const { cpuSeconds, cpuIs = 'exact' } = told
    // A job that did not wait for its own children has used more than the kernel hands on.
    if (cpuSeconds !== undefined && cpuIs === 'exact' && cpuSeconds >= (seen ?? 0))
      return { cpuSeconds, cpuIs, ...peaked }
    if (seen !== undefined) return { cpuSeconds: seen, cpuIs: 'at least', ...peaked }
    return cpuSeconds === undefined ? peaked : { cpuSeconds, cpuIs, ...peaked }
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

/**
 * Measures the resources used by jobs, in the agent that started them. At the end of a job's first
 * process the kernel reports the waited-for processes and the memory of one of them. The meter
 * therefore also samples all processes of the node, using at most 1/50 of a core. Usage after the
 * last sample, and of ranks on other nodes, is not seen.
 */
import type { Usage } from '../../core/life/usage.ts'
import { groupByLeader, listProcesses, readMemory } from '../../lib/process/process-usage.ts'
import { monotonicMs } from '../../lib/sleep.ts'

/** Delay of the first sample. Most short jobs end earlier. */
const FIRST_LOOK_MS = 200
const LOOK_MS = 250
/** Time between samples, as a multiple of the CPU time of one. */
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

  /** @param onLook called when the first of several jobs starts, and at each sample */
  constructor(onLook: () => void) {
    this.#onLook = onLook
  }

  /** A job has started; `pid` leads its session. */
  begin(pid: number): void {
    this.#watched.set(pid, { begunMs: monotonicMs() })
    if (this.#timer === undefined) this.#onLook()
    this.#timer ??= setTimeout(() => this.#look(), LOOK_MS).unref()
  }

  /** @param told the kernel's figures at the job's end @returns those, combined with the samples */
  end(pid: number, told: Usage = {}): Usage {
    const { cpuSeconds: seen, peakMiB = 0 } = this.#watched.get(pid) ?? {}
    this.#watched.delete(pid)
    const peak = Math.ceil(Math.max(peakMiB, told.peakMiB ?? 0))
    const peaked = peak === 0 ? {} : { peakMiB: peak }
    const { cpuSeconds, cpuIs = 'exact' } = told
    // If the job did not wait for all children, the samples exceed the kernel's figure.
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
        // The parent's counter may already include a zombie's time.
        const cpuSeconds = group.reduce((sum, one) => sum + (one.isOver ? 0 : one.cpuSeconds), 0)
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

/** How a search is going, for people: one line that is drawn again on a terminal, a line for each evaluation elsewhere. */
import { monotonicMs } from '../lib/sleep.ts'
import type { Evaluation, Study } from '../search/study.ts'
import { type ProgressLine, formatProgress } from './progress-line.ts'

const REDRAW_MS = 1000
/** Counting the running jobs may take this share of the time at most. */
const COUNTING_SHARE = 0.05

export class SearchProgress {
  readonly #study: Study
  readonly #evaluations: number
  readonly #countRunning: () => Promise<number>
  readonly #progress: ProgressLine
  readonly #startedMs = monotonicMs()
  #timer: NodeJS.Timeout | undefined
  /** Ends that earlier runs saw. */
  #earlierCount = 0
  #runningCount = 0
  #nextCountMs = 0

  constructor(study: Study, evaluations: number, countRunning: () => Promise<number>, progress: ProgressLine) {
    this.#study = study
    this.#evaluations = evaluations
    this.#countRunning = countRunning
    this.#progress = progress
  }

  /** Call it when what earlier runs left is known. */
  resume(): void {
    const { endCount, count } = this.#study
    this.#earlierCount = endCount
    if (count > 0) this.#progress.print(`going on with ${count} evaluations, of which ${endCount} have ended\n`)
    if (!this.#progress.isDrawn) return
    this.#timer = setInterval(() => this.#redraw(), REDRAW_MS).unref()
    this.#draw()
  }

  tell({ name, result, point }: Evaluation, isBest: boolean): void {
    if (result?.kind === 'failed') this.#progress.print(`${name} failed: ${result.reason}\n`)
    else if (result?.kind === 'stopped') {
      if (!this.#progress.isDrawn)
        this.#progress.print(`${name} stopped at step ${result.step} with ${formatNumber(result.value)}\n`)
    } else if (!this.#progress.isDrawn) {
      const { best, endCount } = this.#study
      const value = result === undefined ? '' : formatNumber(result.value)
      const known =
        isBest || best === undefined ? ' (the best so far)' : ` (best ${formatNumber(best.result.value)}, ${best.name})`
      this.#progress.print(`${endCount}/${this.#evaluations} ${name} ${value}${known} ${formatPoint(point)}\n`)
    }
    if (this.#progress.isDrawn) this.#draw()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#progress.end()
  }

  #redraw(): void {
    this.#draw()
    const before = monotonicMs()
    if (before < this.#nextCountMs) return
    this.#nextCountMs = Infinity
    void this.#countRunning()
      .then(
        (count) => (this.#runningCount = count),
        // A look that fails costs a number on the screen, not the search.
        () => 0,
      )
      .finally(() => {
        const nowMs = monotonicMs()
        this.#nextCountMs = nowMs + (nowMs - before) / COUNTING_SHARE
      })
  }

  #draw(): void {
    const { endCount, failureCount, stoppedCount, pendingCount, best } = this.#study
    const perSecond = (endCount - this.#earlierCount) / ((monotonicMs() - this.#startedMs) / 1000)
    const words = [
      best === undefined ? 'no value yet' : `best ${formatNumber(best.result.value)} ${best.name}`,
      stoppedCount === 0 ? '' : `${stoppedCount} stopped`,
      failureCount === 0 ? '' : `${failureCount} failed`,
      `${Math.min(this.#runningCount, pendingCount)} of ${pendingCount} running`,
    ]
    this.#progress.show((width) => formatProgress(endCount, this.#evaluations, words, perSecond, width))
  }
}

/** Enough digits to tell two values apart, few enough to read. */
export function formatNumber(value: number): string {
  return String(Number(value.toPrecision(6)))
}

export function formatPoint(point: Evaluation['point']): string {
  return Object.entries(point)
    .map(([name, value]) => `${name}=${typeof value === 'number' ? formatNumber(value) : String(value)}`)
    .join(' ')
}

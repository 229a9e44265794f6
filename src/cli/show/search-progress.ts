/** The progress of a search: one updated line on a terminal, otherwise a line per evaluation. */
import { formatValue } from '../../search/space/parameter.ts'
import { monotonicMs } from '../../lib/sleep.ts'
import type { Result } from '../../search/study/objective.ts'
import type { Evaluation, Study } from '../../search/study/study.ts'
import { type ProgressLine, formatProgress } from '../terminal/progress-line.ts'
import { countOf } from '../../lib/text/count-of.ts'

const REDRAW_MS = 1000
/** Maximum share of time for counting running jobs. */
const COUNTING_SHARE = 0.05

export class SearchProgress {
  readonly #study: Study
  readonly #evaluations: number
  readonly #countRunning: () => Promise<number>
  readonly #progress: ProgressLine
  readonly #startedMs = monotonicMs()
  #timer: NodeJS.Timeout | undefined
  /** Ends from earlier runs. */
  #earlierCount = 0
  #runningCount = 0
  #nextCountMs = 0

  constructor(study: Study, evaluations: number, countRunning: () => Promise<number>, progress: ProgressLine) {
    this.#study = study
    this.#evaluations = evaluations
    this.#countRunning = countRunning
    this.#progress = progress
  }

  /** Call once the results of earlier runs are read. */
  resume(): void {
    const { endCount, count } = this.#study
    this.#earlierCount = endCount
    if (count > 0) this.#progress.print(`continuing with ${countOf(count, 'evaluation')}, ${endCount} of them ended\n`)
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
      const { endCount } = this.#study
      const value = result === undefined ? '' : valuesOf(result).map(formatNumber).join(' ')
      this.#progress.print(
        `${endCount}/${this.#evaluations} ${name} ${value} (${this.#standing(isBest)}) ${formatPoint(point)}\n`,
      )
    }
    if (this.#progress.isDrawn) this.#draw()
  }

  #standing(isBest: boolean): string {
    const { best, search } = this.#study
    if (search.space.further.length > 0)
      return isBest ? 'on the front' : `${this.#study.listFront().length} on the front`
    return isBest || best === undefined ? 'the best so far' : `best ${formatNumber(best.result.value)}, ${best.name}`
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
        // On an error, only the displayed number is missing.
        () => 0,
      )
      .finally(() => {
        const nowMs = monotonicMs()
        this.#nextCountMs = nowMs + (nowMs - before) / COUNTING_SHARE
      })
  }

  #draw(): void {
    const { endCount, failureCount, stoppedCount, pendingCount, best, search } = this.#study
    const perSecond = (endCount - this.#earlierCount) / ((monotonicMs() - this.#startedMs) / 1000)
    const words = [
      best === undefined
        ? 'no value yet'
        : search.space.further.length > 0
          ? `${this.#study.listFront().length} on the front`
          : `best ${formatNumber(best.result.value)} ${best.name}`,
      stoppedCount === 0 ? '' : `${stoppedCount} stopped`,
      failureCount === 0 ? '' : `${failureCount} failed`,
      `${Math.min(this.#runningCount, pendingCount)} of ${pendingCount} running`,
    ]
    this.#progress.show((width) => formatProgress(endCount, this.#evaluations, words, perSecond, width))
  }
}

/** One value per objective. */
export function valuesOf(result: Exclude<Result, { kind: 'failed' }>): number[] {
  return result.kind === 'value' ? [result.value, ...(result.further ?? [])] : [result.value]
}

/** Enough digits to distinguish values, few enough to read. */
export function formatNumber(value: number): string {
  return String(Number(value.toPrecision(6)))
}

export function formatPoint(point: Evaluation['point']): string {
  return Object.entries(point)
    .map(([name, value]) => `${name}=${typeof value === 'number' ? formatNumber(value) : formatValue(value)}`)
    .join(' ')
}

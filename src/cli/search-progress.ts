/** How a search is going, for people: one line that is drawn again on a terminal, a line for each evaluation elsewhere. */
import { monotonicMs } from '../lib/sleep.ts'
import type { Evaluation, Study } from '../search/study.ts'
import type { Terminal } from './terminal.ts'

const BAR_WIDTH = 20
const REDRAW_MS = 1000
/** Counting the running jobs may take this share of the time at most. */
const COUNTING_SHARE = 0.05

export class SearchProgress {
  readonly #terminal: Terminal
  readonly #study: Study
  readonly #evaluations: number
  readonly #countRunning: () => Promise<number>
  readonly #isDrawn: boolean
  readonly #print: (line: string) => void
  readonly #startedMs = monotonicMs()
  #timer: NodeJS.Timeout | undefined
  /** Ends that earlier runs saw. */
  #earlierCount = 0
  #runningCount = 0
  #nextCountMs = 0

  /** @param print where lines go when nothing is drawn */
  constructor(
    terminal: Terminal,
    study: Study,
    evaluations: number,
    countRunning: () => Promise<number>,
    print: (line: string) => void,
    isDrawn: boolean,
  ) {
    this.#terminal = terminal
    this.#study = study
    this.#evaluations = evaluations
    this.#countRunning = countRunning
    this.#print = print
    this.#isDrawn = isDrawn
  }

  /** Call it when what earlier runs left is known. */
  resume(): void {
    const { endCount, count } = this.#study
    this.#earlierCount = endCount
    if (count > 0) this.#line(`going on with ${count} evaluations, of which ${endCount} have ended`)
    if (!this.#isDrawn) return
    this.#timer = setInterval(() => this.#redraw(), REDRAW_MS).unref()
    this.#draw()
  }

  tell({ name, result, point }: Evaluation, isBest: boolean): void {
    if (result?.kind === 'failed') this.#line(`${name} failed: ${result.reason}`)
    else if (result?.kind === 'stopped') {
      if (!this.#isDrawn) this.#print(`${name} stopped at step ${result.step} with ${formatNumber(result.value)}`)
    } else if (!this.#isDrawn) {
      const { best, endCount } = this.#study
      const value = result === undefined ? '' : formatNumber(result.value)
      const known =
        isBest || best === undefined ? ' (the best so far)' : ` (best ${formatNumber(best.result.value)}, ${best.name})`
      this.#print(`${endCount}/${this.#evaluations} ${name} ${value}${known} ${formatPoint(point)}`)
    }
    if (this.#isDrawn) this.#draw()
  }

  stop(): void {
    clearInterval(this.#timer)
    if (this.#isDrawn) this.#terminal.writeLater('\r\u001B[K')
  }

  #line(text: string): void {
    if (this.#isDrawn) this.#terminal.writeLater(`\r\u001B[K${text}\n`)
    else this.#print(text)
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
    const filled = Math.min(BAR_WIDTH, Math.round((BAR_WIDTH * endCount) / this.#evaluations))
    const hours = (monotonicMs() - this.#startedMs) / 3_600_000
    const perHour = (endCount - this.#earlierCount) / hours
    const words = [
      `${'█'.repeat(filled)}${'░'.repeat(BAR_WIDTH - filled)} ${endCount}/${this.#evaluations}`,
      best === undefined ? 'no value yet' : `best ${formatNumber(best.result.value)} ${best.name}`,
      ...(stoppedCount > 0 ? [`${stoppedCount} stopped`] : []),
      `${failureCount} failed`,
      `${Math.min(this.#runningCount, pendingCount)} of ${pendingCount} running`,
    ]
    if (perHour > 0) {
      const left = Math.max(0, this.#evaluations - endCount) / perHour
      words.push(`${formatNumber(Math.round(perHour))}/h`, `${formatHours(left)} left`)
    }
    const text = words.join('  ')
    const width = process.stdout.columns
    this.#terminal.writeLater(`\r\u001B[K${text.length < width ? text : text.slice(0, Math.max(0, width - 1))}`)
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

/** `40s`, `12m`, `3h`. */
function formatHours(hours: number): string {
  if (hours < 1 / 60) return `${Math.ceil(hours * 3600)}s`
  return hours < 2 ? `${Math.ceil(hours * 60)}m` : `${Math.round(hours)}h`
}

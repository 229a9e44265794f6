/** Progress: on a terminal one updated line at the bottom, elsewhere only permanent lines. */
import { cutText, textWidth } from '../../lib/text/text-width.ts'
import { monotonicMs } from '../../lib/sleep.ts'
import { formatRate, formatSpan } from './figures-text.ts'
import { formatBar } from './progress-text.ts'
import { type Terminal, terminalWidth } from './terminal.ts'

/** Minimum interval between redraws, which cost bandwidth over ssh. */
const REDRAW_MS = 100
const BAR_WIDTH = 20
/** A shorter bar is useless. */
const LEAST_BAR_WIDTH = 5
const ERASE = '\r\u001B[K'

export class ProgressLine {
  readonly #write: (text: string) => void
  readonly #isDrawn: boolean
  #textFor: ((width: number) => string) | undefined
  #hasEnded = false
  #drawnMs = -Infinity
  #timer: NodeJS.Timeout | undefined

  /**
   * @param isWanted false for programs and quiet mode: nothing is drawn
   * @param write target of all output: a launcher must not wait for its reader, a command that
   *   prints results must lose none
   */
  constructor(terminal: Pick<Terminal, 'isInteractive'>, isWanted: boolean, write: (text: string) => void) {
    this.#write = write
    this.#isDrawn = isWanted && terminal.isInteractive
  }

  get isDrawn(): boolean {
    return this.#isDrawn
  }

  /** Shows the result of `textFor`, given a number of columns, below the printed lines. */
  show(textFor: (width: number) => string): void {
    if (!this.#isDrawn || this.#hasEnded) return
    this.#textFor = textFor
    const restMs = this.#drawnMs + REDRAW_MS - monotonicMs()
    // Also drawn here, because a busy process delays timers.
    if (restMs <= 0) this.#draw()
    else this.#timer ??= setTimeout(() => this.#draw(), restMs).unref()
  }

  /** Prints permanent text with its final newline. */
  print(text: string): void {
    // Redraws the line at once; otherwise frequent prints would keep it erased.
    const line = this.#hasEnded ? '' : this.#drawn()
    this.#write(this.#isDrawn ? `${ERASE}${text}${line}` : text)
  }

  /** Removes the line for good; later draws are ignored. */
  end(): void {
    clearTimeout(this.#timer)
    this.#hasEnded = true
    if (this.#textFor !== undefined) this.#write(ERASE)
    this.#textFor = undefined
  }

  #draw(): void {
    this.#write(`${ERASE}${this.#drawn()}`)
  }

  /** The current line; cancels a pending redraw. */
  #drawn(): string {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#drawnMs = monotonicMs()
    const width = terminalWidth() - 1
    return cutText(this.#textFor?.(width) ?? '', width)
  }
}

/**
 * `██████░░░░ 30 of 60  2 failed  1.2/s  25 s left`: empty parts are omitted, and in few columns
 * the bar shrinks, then disappears.
 */
export function formatProgress(
  done: number,
  total: number,
  words: readonly string[],
  perSecond: number,
  width: number,
): string {
  const left = perSecond > 0 && done < total ? [`${formatSpan((total - done) / perSecond)} left`] : []
  const rate = perSecond > 0 ? [formatRate(perSecond)] : []
  const text = [`${done} of ${total}`, ...words, ...rate, ...left].filter((word) => word !== '').join('  ')
  const barWidth = Math.min(BAR_WIDTH, width - textWidth(text) - 1)
  return barWidth < LEAST_BAR_WIDTH ? text : `${formatBar(done, total, barWidth)} ${text}`
}

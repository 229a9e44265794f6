/** How far something has come: on a terminal one line at the bottom that is drawn again and again; elsewhere nothing but the lines that stay. */
import { cutText, textWidth } from '../../lib/text/text-width.ts'
import { monotonicMs } from '../../lib/sleep.ts'
import { formatRate, formatSpan } from './figures-text.ts'
import { formatBar } from './progress-text.ts'
import { type Terminal, terminalWidth } from './terminal.ts'

/** Nobody reads faster, and over ssh each picture costs. */
const REDRAW_MS = 100
const BAR_WIDTH = 20
/** A bar that is shorter tells nothing. */
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
   * @param isWanted false: for programs, or for those who want it quiet; then nothing is ever drawn
   * @param write where everything goes: a launcher must not wait for whoever reads, a command that prints results must lose none
   */
  constructor(terminal: Pick<Terminal, 'isInteractive'>, isWanted: boolean, write: (text: string) => void) {
    this.#write = write
    this.#isDrawn = isWanted && terminal.isInteractive
  }

  get isDrawn(): boolean {
    return this.#isDrawn
  }

  /** Shows this from now on, below what is printed: what `textFor` makes of so many columns. */
  show(textFor: (width: number) => string): void {
    if (!this.#isDrawn || this.#hasEnded) return
    this.#textFor = textFor
    const restMs = this.#drawnMs + REDRAW_MS - monotonicMs()
    // Here, too, while a timer is set: what is busy lets none come due.
    if (restMs <= 0) this.#draw()
    else this.#timer ??= setTimeout(() => this.#draw(), restMs).unref()
  }

  /** Prints text that stays, with its newline at the end. */
  print(text: string): void {
    // The line again at once, not when it is due: what prints often would leave it erased most of the time.
    const line = this.#hasEnded ? '' : this.#drawn()
    this.#write(this.#isDrawn ? `${ERASE}${text}${line}` : text)
  }

  /** Takes the line away for good: what comes now is printed in its place, and a look that was under way draws nothing below that. */
  end(): void {
    clearTimeout(this.#timer)
    this.#hasEnded = true
    if (this.#textFor !== undefined) this.#write(ERASE)
    this.#textFor = undefined
  }

  #draw(): void {
    this.#write(`${ERASE}${this.#drawn()}`)
  }

  /** The line as it is to be drawn now: nothing is due then. */
  #drawn(): string {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#drawnMs = monotonicMs()
    const width = terminalWidth() - 1
    return cutText(this.#textFor?.(width) ?? '', width)
  }
}

/** `██████░░░░ 30 of 60  2 failed  1.2/s  25 s left`: what is empty is left out, and where `width` columns are few, the bar is short, then none. */
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

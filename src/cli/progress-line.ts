/** How far something has come: on a terminal one line at the bottom that is drawn again and again; elsewhere nothing but the lines that stay. */
import { cutText } from '../lib/text-width.ts'
import { monotonicMs } from '../lib/sleep.ts'
import { formatRate, formatSpan } from './figures-text.ts'
import { formatBar } from './progress-text.ts'
import type { Terminal } from './terminal.ts'

/** Nobody reads faster, and over ssh each picture costs. */
const REDRAW_MS = 100
const BAR_WIDTH = 20
const ERASE = '\r\u001B[K'

export class ProgressLine {
  readonly #write: (text: string) => void
  readonly #isDrawn: boolean
  #text = ''
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

  /** Shows this from now on, below what is printed. */
  show(text: string): void {
    if (!this.#isDrawn || this.#hasEnded) return
    this.#text = text
    const restMs = this.#drawnMs + REDRAW_MS - monotonicMs()
    // Here, too, while a timer is set: what is busy lets none come due.
    if (restMs <= 0) this.#draw()
    else this.#timer ??= setTimeout(() => this.#draw(), restMs).unref()
  }

  /** Prints text that stays, with its newline at the end. */
  print(text: string): void {
    // The line again at once, not when it is due: what prints often would leave it erased most of the time.
    const line = this.#text === '' || this.#hasEnded ? '' : this.#drawn()
    this.#write(this.#isDrawn ? `${ERASE}${text}${line}` : text)
  }

  /** Takes the line away for good: what comes now is printed in its place, and a look that was under way draws nothing below that. */
  end(): void {
    clearTimeout(this.#timer)
    this.#hasEnded = true
    if (this.#text !== '') this.#write(ERASE)
    this.#text = ''
  }

  #draw(): void {
    this.#write(`${ERASE}${this.#drawn()}`)
  }

  /** The line as it is to be drawn now: nothing is due then. */
  #drawn(): string {
    clearTimeout(this.#timer)
    this.#timer = undefined
    this.#drawnMs = monotonicMs()
    const width = process.stdout.columns
    return cutText(this.#text, width > 0 ? width - 1 : 79)
  }
}

/** `██████░░░░ 30 of 60  2 failed  1.2/s  25 s left`: what is empty is left out. */
export function formatProgress(done: number, total: number, words: readonly string[], perSecond: number): string {
  const left = perSecond > 0 && done < total ? [`${formatSpan((total - done) / perSecond)} left`] : []
  const rate = perSecond > 0 ? [formatRate(perSecond)] : []
  return [`${formatBar(done, total, BAR_WIDTH)} ${done} of ${total}`, ...words, ...rate, ...left]
    .filter((word) => word !== '')
    .join('  ')
}

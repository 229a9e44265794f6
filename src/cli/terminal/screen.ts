/**
 * A full screen for a running command: uses the terminal's alternate screen and restores the first
 * one.
 */
import { type Terminal, terminalWidth } from './terminal.ts'

const ENTER = '\u001B[?1049h\u001B[?25l'
const LEAVE = '\u001B[?25h\u001B[?1049l'
const USUAL_HEIGHT = 24

export interface ScreenEvents {
  /** One or more keys, as sent by the terminal. */
  readonly onKeys: (keys: string) => void
  readonly onResize: () => void
}

export class Screen {
  readonly #terminal: Terminal
  readonly #events: ScreenEvents
  readonly #hasKeys = process.stdin.isTTY
  #isOpen = false

  constructor(terminal: Terminal, events: ScreenEvents) {
    this.#terminal = terminal
    this.#events = events
    if (this.#hasKeys) process.stdin.setRawMode(true).on('data', this.#onData).unref()
    process.stdout.on('resize', events.onResize)
    process.on('SIGCONT', this.#onContinue)
    this.#enter()
  }

  /** The usual size for a terminal that does not report one. */
  get size(): { readonly width: number; readonly height: number } {
    const { rows } = process.stdout
    return { width: terminalWidth(), height: rows > 0 ? rows : USUAL_HEIGHT }
  }

  /** Draws from the top; a slow reader gets fewer frames, not old ones. */
  draw(lines: readonly string[]): void {
    if (!this.#isOpen || this.#terminal.isBehind) return
    // The last line has no newline, which would scroll.
    this.#terminal.writeLater(`\u001B[H${lines.map((line) => `${line}\u001B[K`).join('\n')}\u001B[J`)
  }

  async close(): Promise<void> {
    process.stdout.off('resize', this.#events.onResize)
    process.off('SIGCONT', this.#onContinue)
    if (this.#hasKeys) process.stdin.off('data', this.#onData).pause()
    await this.#leave()
  }

  #enter(): void {
    this.#isOpen = true
    this.#terminal.writeLater(ENTER)
  }

  async #leave(): Promise<void> {
    if (!this.#isOpen) return
    this.#isOpen = false
    this.#terminal.writeLater(LEAVE)
    await this.#terminal.settled(1000)
    if (this.#hasKeys) process.stdin.setRawMode(false)
  }

  readonly #onData = (bytes: Buffer): void => {
    const keys = bytes.toString('latin1')
    // In raw mode, Ctrl-Z is an ordinary key.
    if (keys.includes('\u001A')) void this.#leave().then(() => process.kill(process.pid, 'SIGTSTP'))
    else this.#events.onKeys(keys)
  }

  readonly #onContinue = (): void => {
    if (this.#hasKeys) process.stdin.setRawMode(true)
    this.#enter()
    this.#events.onResize()
  }
}

/**
 * The screen: lines, tables cut to its width, and colour on terminals. The only module that writes
 * to it.
 */
import fs from 'node:fs'
import { styleText } from 'node:util'
import type { ShownState } from '../../core/life/states.ts'
import { cutText, padText, printable, textWidth } from '../../lib/text/text-width.ts'
import { codeOf } from '../../site/disk/disk.ts'
import { defuse, defuseBytes } from './defuse.ts'

export type Colour = Parameters<typeof styleText>[0]

export const STATE_COLOURS: Partial<Readonly<Record<ShownState, Colour>>> = {
  RUNNING: 'cyan',
  JOB_FINISHED: 'green',
  FAILED: 'red',
  RUN_ERROR: 'red',
  RUN_TIMEOUT: 'yellow',
  RESTART_READY: 'yellow',
  AWAITING_PARENTS: 'gray',
  USER_KILLED: 'magenta',
  BROKEN: 'red',
}
const COLOUR_OF: ReadonlyMap<string, Colour> = new Map(Object.entries(STATE_COLOURS))

/**
 * Node's stream for standard output takes as long to load as a short command takes to run, so it is
 * loaded on demand.
 */
const STDOUT = 1
const STDERR = 2

/** Maximum number of lines kept for a stalled reader. */
const MOST_LATER = 10_000

/**
 * The reader has gone, like `head`: not an error. A printing command ends, and unwritten text was
 * not delivered.
 */
export class ClosedOutput extends Error {
  override readonly name = 'ClosedOutput'
}

export class Terminal {
  /** True if a person is probably reading. */
  readonly isInteractive = isCharacterDevice(STDOUT) && process.stdout.isTTY
  readonly #colours = wantsColours(this.isInteractive)

  /** Lines queued behind the current write, and the number of unwritten ones. */
  #later: string[] = []
  #laterCount = 0
  #writingLater: Promise<void> | undefined

  /** Resolves when the text is written. @throws ClosedOutput */
  async write(text: string | Uint8Array): Promise<void> {
    const bytes = typeof text === 'string' ? Buffer.from(text) : text
    for (let at = 0; at < bytes.length;) {
      try {
        at += fs.writeSync(STDOUT, bytes, at)
      } catch (error) {
        if (codeOf(error) === 'EPIPE') throw new ClosedOutput()
        if (codeOf(error) !== 'EAGAIN') throw error
        // The reader is slow and its pipe non-blocking: the stream can wait.
        return writeStream(bytes.subarray(at))
      }
    }
  }

  async line(text: string): Promise<void> {
    await this.write(`${defuse(text)}\n`)
  }

  /** A job's output: unchanged, unless it goes to a terminal. */
  async pass(bytes: Uint8Array): Promise<void> {
    await this.write(this.isInteractive ? defuseBytes(bytes) : bytes)
  }

  /** Like `write`, for a command that continues without a reader. */
  async tryWrite(text: string): Promise<void> {
    try {
      await this.write(text)
    } catch (error) {
      if (!(error instanceof ClosedOutput)) throw error
    }
  }

  /**
   * Writes in order, without blocking: a stalled reader (a pager, a stopped terminal) must not stop
   * a launcher, whose lease would expire. Excess text for such a reader is dropped.
   */
  writeLater(text: string): void {
    if (this.#laterCount >= MOST_LATER) return
    this.#laterCount += 1
    this.#later.push(text)
    this.#writingLater ??= this.#writeLater()
  }

  /** Writes all queued text at once, because a busy process gets one callback per turn. */
  async #writeLater(): Promise<void> {
    while (this.#later.length > 0) {
      const texts = this.#later
      this.#later = []
      await writePooled(Buffer.from(texts.join('')))
      this.#laterCount -= texts.length
    }
    this.#writingLater = undefined
  }

  /** True if `writeLater` has unwritten text. */
  get isBehind(): boolean {
    return this.#laterCount > 0
  }

  /** Resolves when all of `writeLater` is written, or after `patienceMs`. */
  async settled(patienceMs: number): Promise<void> {
    await Promise.race([this.#writingLater, new Promise((resolve) => setTimeout(resolve, patienceMs).unref())])
  }

  /** A message for people, on standard error. */
  note(text: string): void {
    const bytes = Buffer.from(`${defuse(text)}\n`)
    for (let at = 0; at < bytes.length;) {
      try {
        at += fs.writeSync(STDERR, bytes, at)
      } catch (error) {
        if (codeOf(error) === 'EAGAIN') process.stderr.write(bytes.subarray(at))
        // There is no reader.
        return
      }
    }
  }

  /** Suggests the next step to a person. */
  suggest(command: string): void {
    if (this.isInteractive) this.note(`Next: ${command}`)
  }

  paint(colour: Colour, text: string): string {
    return this.#colours ? styleText(colour, text, { validateStream: false }) : text
  }

  paintState(state: string, text: string): string {
    const colour = COLOUR_OF.get(state)
    return colour === undefined ? text : this.paint(colour, text)
  }

  /** Rows under headings, in columns; long lines are cut on a terminal. */
  async table(headings: readonly string[], rows: readonly (readonly string[])[]): Promise<void> {
    const cells = rows.map((row) => row.map(printable))
    const widths = headings.map((heading, column) =>
      cells.reduce((width, row) => Math.max(width, textWidth(row[column] ?? '')), heading.length),
    )
    const width = this.isInteractive ? terminalWidth() : Infinity
    const stateColumn = headings.indexOf('STATE')
    const lineOf = (row: readonly string[], isHeading: boolean): string => {
      let left = width
      let line = ''
      for (const [column, cell] of row.entries()) {
        const isLast = column === row.length - 1
        const padded = (column === 0 ? '' : '  ') + (isLast ? cell : padText(cell, widths[column] ?? 0))
        const text = cutText(padded, left)
        if (!isLast) left -= textWidth(text)
        line += column === stateColumn && !isHeading ? this.paintState(cell, text) : text
        if (left <= 0) break
      }
      return isHeading ? this.paint('bold', line) : line.trimEnd()
    }
    await this.write(`${[lineOf(headings, true), ...cells.map((row) => lineOf(row, false))].join('\n')}\n`)
  }
}

/**
 * The conventions of https://no-color.org and https://force-color.org: a non-empty variable counts,
 * the first one wins.
 */
function wantsColours(isInteractive: boolean): boolean {
  if ((process.env['NO_COLOR'] ?? '') !== '') return false
  const forced = process.env['FORCE_COLOR'] ?? ''
  if (forced !== '') return forced !== '0' && forced !== 'false'
  return isInteractive && process.env['TERM'] !== 'dumb'
}

function isCharacterDevice(fd: number): boolean {
  try {
    return fs.fstatSync(fd).isCharacterDevice()
  } catch {
    // Closed.
    return false
  }
}

async function writeStream(bytes: Uint8Array): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    process.stdout.once('error', (error) => reject(codeOf(error) === 'EPIPE' ? new ClosedOutput() : error))
    process.stdout.write(bytes, (error) => (error ? reject(error) : resolve()))
  })
}

/** In columns; the usual width for a terminal that does not report one. */
export function terminalWidth(): number {
  const { columns } = process.stdout
  return columns > 0 ? columns : 80
}

/** An age for people: `12s`, `5m`, `3h`, `2d`. Other nodes' clocks may be ahead. */
export function formatAge(since: string, now: number): string {
  const seconds = Math.max(0, (now - Date.parse(since)) / 1000)
  if (Number.isNaN(seconds)) return '?'
  if (seconds < 60) return `${Math.floor(seconds)}s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)}h`
  return `${Math.floor(seconds / 86_400)}d`
}

/** Uses the thread pool, so that a full pipe blocks nothing; without a reader, nothing is lost. */
function writePooled(bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    fs.write(STDOUT, bytes, (error, written) => {
      if (error !== null && codeOf(error) !== 'EAGAIN') resolve()
      else if (error === null && written === bytes.length) resolve()
      else setTimeout(() => resolve(writePooled(bytes.subarray(error === null ? written : 0))), 10)
    })
  })
}

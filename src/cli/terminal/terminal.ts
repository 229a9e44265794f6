/** What goes to the screen: lines, tables cut to its width, colour where it is a terminal. The one module that writes there. */
import fs from 'node:fs'
import { styleText } from 'node:util'
import type { State } from '../../core/life/states.ts'
import { cutText, padText, printable, textWidth } from '../../lib/text/text-width.ts'
import { codeOf } from '../../site/disk/disk.ts'
import { defuse, defuseBytes } from './defuse.ts'

export type Colour = Parameters<typeof styleText>[0]

export const STATE_COLOURS: Partial<Readonly<Record<State, Colour>>> = {
  RUNNING: 'cyan',
  JOB_FINISHED: 'green',
  FAILED: 'red',
  RUN_ERROR: 'red',
  RUN_TIMEOUT: 'yellow',
  RESTART_READY: 'yellow',
  AWAITING_PARENTS: 'gray',
  USER_KILLED: 'magenta',
}
const COLOUR_OF: ReadonlyMap<string, Colour> = new Map(Object.entries(STATE_COLOURS))

/** Node's stream for standard output takes as long to load as a short command takes to run, so it is asked for only when it is needed. */
const STDOUT = 1
const STDERR = 2

/** Lines kept for a reader who has stopped reading. */
const MOST_LATER = 10_000

/** Whoever read the output has gone, as `head` does: no failure; a command that only prints ends, and what was not written was not delivered. */
export class ClosedOutput extends Error {
  override readonly name = 'ClosedOutput'
}

export class Terminal {
  /** Whether a person is likely to be reading. */
  readonly isInteractive = isCharacterDevice(STDOUT) && process.stdout.isTTY
  readonly #colours = wantsColours(this.isInteractive)

  /** Lines that wait for the one write that is under way, and how many are not written yet. */
  #later: string[] = []
  #laterCount = 0
  #writingLater: Promise<void> | undefined

  /** Resolves when the text has left this process. @throws ClosedOutput */
  async write(text: string | Uint8Array): Promise<void> {
    const bytes = typeof text === 'string' ? Buffer.from(text) : text
    for (let at = 0; at < bytes.length;) {
      try {
        at += fs.writeSync(STDOUT, bytes, at)
      } catch (error) {
        if (codeOf(error) === 'EPIPE') throw new ClosedOutput()
        if (codeOf(error) !== 'EAGAIN') throw error
        // Whoever reads is slow, and gave a pipe that does not block: the stream knows how to wait.
        return writeStream(bytes.subarray(at))
      }
    }
  }

  async line(text: string): Promise<void> {
    await this.write(`${defuse(text)}\n`)
  }

  /** What a job has written: as it is, unless it is for a terminal. */
  async pass(bytes: Uint8Array): Promise<void> {
    await this.write(this.isInteractive ? defuseBytes(bytes) : bytes)
  }

  /** As `write`, for a command that goes on when nobody reads any more. */
  async tryWrite(text: string): Promise<void> {
    try {
      await this.write(text)
    } catch (error) {
      if (!(error instanceof ClosedOutput)) throw error
    }
  }

  /**
   * Writes when it can, in order: a reader who stops reading (a pager, a stopped terminal) must not stop a launcher, whose lease would run out.
   * What is too much to keep for such a reader is dropped.
   */
  writeLater(text: string): void {
    if (this.#laterCount >= MOST_LATER) return
    this.#laterCount += 1
    this.#later.push(text)
    this.#writingLater ??= this.#writeLater()
  }

  /** All that waits in one write: a busy process hears of one that is done once in a turn, and would fall behind with a line each. */
  async #writeLater(): Promise<void> {
    while (this.#later.length > 0) {
      const texts = this.#later
      this.#later = []
      await writePooled(Buffer.from(texts.join('')))
      this.#laterCount -= texts.length
    }
    this.#writingLater = undefined
  }

  /** Whether some of `writeLater` is not written yet. */
  get isBehind(): boolean {
    return this.#laterCount > 0
  }

  /** Resolves when all of `writeLater` is written, or when that takes longer than `patienceMs`. */
  async settled(patienceMs: number): Promise<void> {
    await Promise.race([this.#writingLater, new Promise((resolve) => setTimeout(resolve, patienceMs).unref())])
  }

  /** For people: goes to standard error, so that it is never taken for output. */
  note(text: string): void {
    const bytes = Buffer.from(`${defuse(text)}\n`)
    for (let at = 0; at < bytes.length;) {
      try {
        at += fs.writeSync(STDERR, bytes, at)
      } catch (error) {
        if (codeOf(error) === 'EAGAIN') process.stderr.write(bytes.subarray(at))
        // Otherwise nobody listens.
        return
      }
    }
  }

  /** The next sensible step, for whoever is likely to be reading. */
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

  /** Rows under their headings, in columns; on a terminal, lines too long for it are cut. */
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

/** The conventions of https://no-color.org and https://force-color.org: either counts when it is not empty, and the first wins. */
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

/** In columns; of a terminal that does not say, the usual one. */
export function terminalWidth(): number {
  const { columns } = process.stdout
  return columns > 0 ? columns : 80
}

/** How long ago, as people say it: `12s`, `5m`, `3h`, `2d`. Clocks of other nodes may be ahead. */
export function formatAge(since: string, now: number): string {
  const seconds = Math.max(0, (now - Date.parse(since)) / 1000)
  if (Number.isNaN(seconds)) return '?'
  if (seconds < 60) return `${Math.floor(seconds)}s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)}m`
  if (seconds < 48 * 3600) return `${Math.floor(seconds / 3600)}h`
  return `${Math.floor(seconds / 86_400)}d`
}

/** Through the thread pool, so that a pipe that is full blocks nobody; where nobody reads any more, nothing is lost. */
function writePooled(bytes: Buffer): Promise<void> {
  return new Promise((resolve) => {
    fs.write(STDOUT, bytes, (error, written) => {
      if (error !== null && codeOf(error) !== 'EAGAIN') resolve()
      else if (error === null && written === bytes.length) resolve()
      else setTimeout(() => resolve(writePooled(bytes.subarray(error === null ? written : 0))), 10)
    })
  })
}

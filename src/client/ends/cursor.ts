/**
 * A driver's position in two files. FILE has the positions in the journals and the unconfirmed
 * ends; FILE.delivered gains a line per delivered end. After a restart, the lines since FILE was
 * last written are not delivered again; all lines are needed only if the journal was rebuilt and
 * its positions are invalid.
 */
import path from 'node:path'
import { type JobEvent, eventOfWords } from '../../core/index/journal-events.ts'
import type { Filter } from '../../core/index/filter.ts'
import { type BjobError, requestError } from '../../core/text/errors.ts'
import { FORMATS, checkFormat } from '../../core/text/formats.ts'
import { type AppendFile, type Disk, diskFor, unlessGone } from '../../site/disk/disk.ts'
import { replaceFile } from '../../site/disk/files.ts'
import type { Position, Positions } from '../../site/journal/position.ts'
import type { Site } from '../../site/site.ts'
import { fitsJournals } from '../../site/view/snapshot.ts'

/** An announced end; delivered once the job's folder or its writer confirms it. */
export interface PendingEnd {
  readonly by: string
  readonly n: number
  readonly event: JobEvent
  /** True if its writer has confirmed it. */
  isConfirmed: boolean
}

interface CursorFile {
  readonly format: typeof FORMATS.cursor
  readonly positions: Positions
  readonly pending: readonly PendingEnd[]
  /** Bytes of FILE.delivered covered by `positions`. */
  readonly delivered: number
  /** The filter of the ends; absent in cursors of older versions. */
  readonly filter?: string
}

const EMPTY: CursorFile = { format: FORMATS.cursor, positions: {}, pending: [], delivered: 0 }

export class Cursor {
  readonly positions: Positions
  readonly pending: readonly PendingEnd[]
  /**
   * The journal read by this cursor is gone or replaced: only FILE.delivered shows the delivered
   * ends.
   */
  isJournalNew: boolean
  readonly #file: string | undefined
  readonly #disk: Disk
  readonly #filter: string
  readonly #delivered: Set<string>
  #everDelivered: Set<string> | undefined
  #sidecar: AppendFile | undefined
  #sidecarBytes: number
  /** The last line of FILE.delivered is torn. */
  #isTorn: boolean

  private constructor(
    file: string | undefined,
    disk: Disk,
    saved: CursorFile,
    filter: string,
    isJournalNew: boolean,
    tail: Buffer,
    isTorn: boolean,
  ) {
    this.#file = file
    this.#disk = disk
    this.#filter = filter
    this.isJournalNew = isJournalNew
    this.positions = isJournalNew ? {} : saved.positions
    this.pending = isJournalNew ? [] : saved.pending
    this.#delivered = new Set(tail.toString().split('\n').slice(0, -1))
    this.#sidecarBytes = (isJournalNew ? 0 : saved.delivered) + tail.length
    this.#isTorn = isTorn
  }

  /**
   * @param file absolute; without one the cursor starts at the beginning and is not stored
   * @param filter selects the ends to deliver; others are skipped for good
   * @throws BjobError `bad-cursor`; the file system's errors
   */
  static async open(site: Site, file: string | undefined, filter: Filter): Promise<Cursor> {
    const key = filterKey(filter)
    if (file === undefined) return new Cursor(undefined, site.disk, EMPTY, key, false, Buffer.alloc(0), false)
    const folder = path.dirname(file)
    let disk: Disk
    try {
      disk = diskFor(folder)
    } catch (error) {
      throw requestError('bad-cursor', `the folder of the cursor does not exist: ${folder}`, {
        path: file,
        cause: error,
        hint: 'make the folder, or name another file',
      })
    }
    const refuse = (what: string, hint: string): BjobError => requestError('bad-cursor', what, { path: file, hint })
    if ((await disk.stat(folder))?.isFile() === true)
      throw refuse(`the folder of the cursor is a file: ${folder}`, 'name a file in a folder')
    if ((await disk.stat(file))?.isDirectory() === true)
      throw refuse(`the cursor is a folder: ${file}`, 'name a file in it')
    const text = await unlessGone(disk.readText(file))
    const saved = text === undefined ? EMPTY : parseCursor(text, file)
    if (saved.filter !== undefined && saved.filter !== key)
      throw requestError(
        'bad-cursor',
        `the cursor belongs to another selection of jobs: ${describeKey(saved.filter)}`,
        {
          path: file,
          hint: 'use one cursor file per selection of jobs',
        },
      )
    const isJournalNew = !(await fitsJournals(site, saved.positions))
    const from = isJournalNew ? 0 : saved.delivered
    const tail = (await unlessGone(disk.readFrom(sidecarOf(file), from, Number.MAX_SAFE_INTEGER))) ?? Buffer.alloc(0)
    return new Cursor(file, disk, saved, key, isJournalNew, tail, tail.length > 0 && tail.at(-1) !== 10)
  }

  /**
   * True if an end was delivered before. A repeated end (from `bjob fsck`, or after a loss of the
   * journal) may have been delivered at any time, others only since the cursor was written.
   */
  async isDelivered(event: JobEvent): Promise<boolean> {
    const isIn = (keys: ReadonlySet<string>): boolean => keys.has(keyOf(event)) || keys.has(keyOfOld(event))
    if (isIn(this.#delivered)) return true
    const isTold = event.recovered === true || event.again === true || this.isJournalNew
    if (!isTold || this.#file === undefined) return false
    this.#everDelivered ??= new Set(
      (await unlessGone(this.#disk.readText(sidecarOf(this.#file), Infinity)))?.split('\n'),
    )
    return isIn(this.#everDelivered)
  }

  /** Records the delivery of an end durably. */
  async acknowledge(event: JobEvent): Promise<void> {
    if (this.#file === undefined) {
      this.#delivered.add(keyOf(event))
      return
    }
    const line = `${this.#isTorn ? '\n' : ''}${keyOf(event)}\n`
    this.#sidecar ??= await this.#disk.openAppend(sidecarOf(this.#file))
    await this.#sidecar.append(line, false)
    this.#isTorn = false
    this.#everDelivered?.add(keyOf(event))
    this.#sidecarBytes += Buffer.byteLength(line)
  }

  /** Records that everything up to `positions` has been delivered except `pending`. */
  async save(positions: Positions, pending: readonly PendingEnd[]): Promise<void> {
    if (this.#file === undefined) return
    const saved: CursorFile = {
      format: FORMATS.cursor,
      positions,
      pending,
      delivered: this.#sidecarBytes,
      filter: this.#filter,
    }
    // FILE counts these lines, so they must be on disk first.
    await this.#sidecar?.append('', true)
    await replaceFile(this.#disk, this.#file, `${JSON.stringify(saved)}\n`)
    this.#delivered.clear()
  }

  async close(): Promise<void> {
    const sidecar = this.#sidecar
    this.#sidecar = undefined
    await sidecar?.close()
  }
}

/** A text that is equal for equivalent filters only. */
function filterKey(filter: Filter): string {
  const fields = Object.entries(filter)
    .map(([name, words]: [string, readonly string[] | undefined]) => [name, [...new Set(words)].toSorted()] as const)
    .filter(([, words]) => words.length > 0)
  return JSON.stringify(Object.fromEntries(fields.toSorted(([one], [other]) => (one < other ? -1 : 1))))
}

function describeKey(key: string): string {
  return key === '{}' ? 'none' : key.length > 200 ? `${key.slice(0, 200)}…` : key
}

function sidecarOf(file: string): string {
  return `${file}.delivered`
}

/** Includes the time: in a restored site, a job may end again with the same revision. */
function keyOf(event: JobEvent): string {
  return `${keyOfOld(event)} ${event.history.at(-1)?.time ?? ''}`
}

/** As in cursors of `format: 1`. */
function keyOfOld({ id, born, revision }: JobEvent): string {
  return `${id} ${revision} ${born}`
}

function parseCursor(text: string, file: string): CursorFile {
  const value = parseObject(text)
  const { format, positions, delivered, pending = [], filter } = value
  checkFormat('cursor', format, file)
  if (typeof format !== 'number' || positions === undefined || typeof delivered !== 'number')
    throw requestError('bad-cursor', 'the file is not a cursor written by bjob', { path: file })
  // Histories of format 1 have words only.
  const told = format === 1 ? pending.map((one) => ({ ...one, event: eventOfWords(one.event) })) : pending
  const saved = { ...EMPTY, positions: withMarks(positions), delivered, pending: told }
  return filter === undefined ? saved : { ...saved, filter }
}

/** The text is not a cursor. */
function parseObject(text: string): Partial<Omit<CursorFile, 'format'>> & { readonly format?: unknown } {
  try {
    return (JSON.parse(text) as Partial<CursorFile> | null) ?? {}
  } catch {
    return {}
  }
}

/** A cursor of `format: 1` has numbers of bytes only. */
function withMarks(positions: Readonly<Record<string, Position | number>>): Positions {
  const toPosition = (one: Position | number): Position => (typeof one === 'number' ? { at: one, mark: '' } : one)
  return Object.fromEntries(Object.entries(positions).map(([host, one]) => [host, toPosition(one)]))
}

/**
 * Reads news from all journals. New files are found by listing the folder, new bytes by opening the
 * file, because on NFS a stat shows them seconds late. Files without recent writes are checked less
 * often.
 *
 * Each read starts a little before the new part. If that text has changed, the journal was
 * shortened, replaced or restored from a backup.
 */
import { setImmediate } from 'node:timers/promises'
import { type JournalLine, parseLine } from '../../core/index/journal-events.ts'
import { monotonicMs, sleep } from '../../lib/sleep.ts'
import { codeOf, type Disk, type Entry, isForbidden, unlessGone } from '../disk/disk.ts'
import type { Layout } from '../disk/layout.ts'
import { MARKED_BYTES, type Positions, fits, markOf, readTail } from './position.ts'

/** The tree, and a callback for journals that cannot be read. */
export interface JournalPlace {
  readonly disk: Disk
  readonly layout: Layout
  readonly tellOnce?: (problem: string) => void
}

const CHUNK_BYTES = 4 * 1024 * 1024
/** Longer text without a line end is not from bjob. */
const LONGEST_LINE_BYTES = 64 * CHUNK_BYTES
const NEWLINE = 10
/**
 * A file unchanged for `QUIET_MS` is opened at most every `QUIET_POLL_MS`, as for an idle login
 * node.
 */
const QUIET_MS = 600_000
const QUIET_POLL_MS = 15_000
/** Extension of journal files. */
export const SUFFIX = '.jsonl'
/**
 * On a local file system new journals are rare, so the folder is listed this often and not per
 * line.
 */
const LOCAL_LIST_MS = 500
const NO_FILE = new Set(['EISDIR', 'ENOTFILE', 'ENXIO', 'ELOOP'])

interface Source {
  offset: number
  /** The text before `offset`, or its digest. */
  tail: Buffer | string
  changedMs: number
  polledMs: number
}

type Take = (line: JournalLine, host: string) => void

export class JournalReader {
  readonly #place: JournalPlace
  readonly #sources = new Map<string, Source>()
  #unreadable = 0
  readonly #closed = new Map<string, string>()
  #turn: Promise<unknown> = Promise.resolve()
  #listed: readonly string[] = []
  #listedMs = -Infinity
  /** True from the first success on, even if the folder was empty or gone later. */
  #hasListed = false

  constructor(place: JournalPlace, from: Positions = {}) {
    this.#place = place
    for (const [host, { at, mark }] of Object.entries(from))
      this.#sources.set(host, { offset: at, tail: mark, changedMs: monotonicMs(), polledMs: -Infinity })
  }

  get positions(): Positions {
    return Object.fromEntries(
      [...this.#sources].map(([host, { offset, tail }]) => [
        host,
        { at: offset, mark: typeof tail === 'string' ? tail : markOf(tail) },
      ]),
    )
  }

  /** Complete lines that are not journal lines: damage that `bjob fsck` examines. */
  get unreadableLines(): number {
    return this.#unreadable
  }

  /** Reasons by journal that this process cannot read. */
  get closedJournals(): ReadonlyMap<string, string> {
    return this.#closed
  }

  /** The names of all journals now in the folder. */
  async hosts(): Promise<string[]> {
    const { disk, layout, tellOnce } = this.#place
    let entries: readonly Entry[]
    try {
      entries = (await unlessGone(disk.list(layout.journal))) ?? []
    } catch (error) {
      if (codeOf(error) === 'ELOOP') return []
      // Journals read before are still known.
      if (!isForbidden(error) || !this.#hasListed) throw error
      tellOnce?.(`${layout.journal} cannot be read (permission denied): news will come when it can`)
      return [...this.#listed]
    }
    return entries.filter(({ name }) => name.endsWith(SUFFIX)).map(({ name }) => name.slice(0, -SUFFIX.length))
  }

  /**
   * Passes each new line to `take`, once, and resolves when there are no more. Concurrent polls
   * take turns.
   * @returns false if a journal was replaced: its lines are repeated from the first, and some may
   *   be lost
   */
  async poll(take: Take): Promise<boolean> {
    const turn = this.#turn.then(() => this.#pollOnce(take))
    this.#turn = turn.catch(() => {})
    return turn
  }

  async #pollOnce(take: Take): Promise<boolean> {
    const now = monotonicMs()
    let isSame = true
    if (this.#place.disk.isNetwork || this.#listed.length === 0 || now - this.#listedMs > LOCAL_LIST_MS) {
      this.#listed = await this.hosts()
      this.#hasListed = true
      this.#listedMs = now
      for (const [host, { offset }] of this.#sources) {
        if (this.#listed.includes(host)) continue
        this.#sources.delete(host)
        if (offset > 0) isSame = false
      }
    }
    for (const host of this.#listed) {
      let source = this.#sources.get(host)
      if (source === undefined) this.#sources.set(host, (source = newSource()))
      if (now - source.changedMs > QUIET_MS && now - source.polledMs < QUIET_POLL_MS) continue
      source.polledMs = now
      try {
        if (await this.#read(host, source, take)) continue
        isSame = false
        this.#sources.set(host, (source = newSource()))
        await this.#read(host, source, take)
      } catch (error) {
        if (!isForbidden(error) && !NO_FILE.has(codeOf(error))) throw error
        this.#close(host, error)
      }
    }
    return isSame
  }

  /** An unreadable journal is reported once and does not block the others. */
  #close(host: string, error: unknown): void {
    const why = isForbidden(error) ? 'permission denied' : 'it is not a file'
    this.#closed.set(host, why)
    const { layout, tellOnce } = this.#place
    tellOnce?.(`cannot read ${layout.journalOf(host)} (${why}): its changes are missing here`)
  }

  /** @returns false if the journal is not the one that `source` was read from */
  async #read(host: string, source: Source, take: Take): Promise<boolean> {
    const { disk, layout } = this.#place
    const file = layout.journalOf(host)
    for (let limit = CHUNK_BYTES, isChecked = false; ; isChecked = true) {
      const known = isChecked ? 0 : Math.min(source.offset, MARKED_BYTES)
      const read = await unlessGone(disk.readFrom(file, source.offset - known, limit + known, 'refuse'))
      if (read === undefined) return source.offset === 0
      if (known > 0 && !(await this.#isOurs(file, source, read.subarray(0, known)))) return false
      const bytes = read.subarray(known)
      const end = bytes.lastIndexOf(NEWLINE)
      if (end < 0) {
        if (bytes.length < limit) return true
        // Yields, so that the reader's lease is renewed during a huge journal.
        await setImmediate()
        if (isHole(bytes)) advance(source, bytes)
        else if (limit < LONGEST_LINE_BYTES) limit *= 4
        else advance(source, bytes)
        continue
      }
      for (const text of bytes.toString('utf8', 0, end).split('\n')) {
        if (text === '') continue
        const line = parseLine(text)
        if (line === undefined) this.#unreadable += 1
        else take(line, host)
      }
      advance(source, bytes.subarray(0, end + 1))
      source.changedMs = monotonicMs()
      if (bytes.length < limit) return true
      limit = CHUNK_BYTES
    }
  }

  /** A node may see an old file for a while; until then a shorter file proves nothing. */
  async #isOurs(file: string, source: Source, tail: Buffer): Promise<boolean> {
    const { disk } = this.#place
    const known = source.tail
    const isSame = (now: Buffer): boolean =>
      typeof known === 'string' ? fits({ at: source.offset, mark: known }, now) : known.equals(now)
    if (!isSame(tail) && disk.staleMs > 0) {
      await sleep(disk.staleMs)
      tail = (await readTail(disk, file, source.offset)) ?? tail
    }
    if (!isSame(tail)) return false
    if (typeof known === 'string') source.tail = Buffer.from(tail)
    return true
  }
}

/** Nothing but zeros, and more than a server shows for a moment of what is being written. */
function isHole(bytes: Buffer): boolean {
  return bytes.length >= CHUNK_BYTES && bytes[0] === 0 && bytes.equals(Buffer.alloc(bytes.length))
}

function newSource(): Source {
  return { offset: 0, tail: '', changedMs: monotonicMs(), polledMs: -Infinity }
}

function advance(source: Source, bytes: Buffer): void {
  const before = typeof source.tail === 'string' ? Buffer.alloc(0) : source.tail
  source.offset += bytes.length
  source.tail =
    bytes.length >= MARKED_BYTES
      ? Buffer.from(bytes.subarray(-MARKED_BYTES))
      : Buffer.concat([before, bytes]).subarray(-MARKED_BYTES)
}

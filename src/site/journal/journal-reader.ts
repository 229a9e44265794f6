/**
 * Reads what is new in all journals. New files are found by listing the folder and new bytes by opening the file: on NFS a stat tells of
 * either only seconds later. A file that nobody has written to for long is looked at less often, so that many old ones cost little.
 */
import { type JournalLine, parseLine } from '../../core/index/events.ts'
import { monotonicMs } from '../../lib/sleep.ts'
import { type Disk, unlessGone } from '../disk/disk.ts'
import type { Layout } from '../disk/layout.ts'

/** By journal (file name without its ending): how many bytes have been read. */
export type Positions = Readonly<Record<string, number>>

const CHUNK_BYTES = 4 * 1024 * 1024
/** What has no end of a line in so many bytes is none of bjob's. */
const LONGEST_LINE_BYTES = 64 * CHUNK_BYTES
const NEWLINE = 10
/** A file unchanged for `QUIET_MS` is opened at most every `QUIET_POLL_MS`: enough for a login node where somebody comes back to work. */
const QUIET_MS = 600_000
const QUIET_POLL_MS = 15_000
const SUFFIX = '.jsonl'
/** On a local file system there are few journals, and a new one is rare: the folder is listed this often, not for every line. */
const LOCAL_LIST_MS = 500

interface Source {
  offset: number
  changedMs: number
  polledMs: number
}

export class JournalReader {
  readonly #disk: Disk
  readonly #layout: Layout
  readonly #sources = new Map<string, Source>()
  #unreadable = 0
  #turn: Promise<void> = Promise.resolve()
  #listed: readonly string[] = []
  #listedMs = -Infinity

  constructor(disk: Disk, layout: Layout, from: Positions = {}) {
    this.#disk = disk
    this.#layout = layout
    for (const [host, offset] of Object.entries(from))
      this.#sources.set(host, { offset, changedMs: monotonicMs(), polledMs: -Infinity })
  }

  get positions(): Positions {
    return Object.fromEntries([...this.#sources].map(([host, { offset }]) => [host, offset]))
  }

  /** Lines that were whole and yet no line of the journal: damage that `bjob fsck` looks into. */
  get unreadableLines(): number {
    return this.#unreadable
  }

  /** The names of all journals, as the folder has them now. */
  async hosts(): Promise<string[]> {
    const entries = (await unlessGone(this.#disk.list(this.#layout.journal))) ?? []
    return entries.filter(({ name }) => name.endsWith(SUFFIX)).map(({ name }) => name.slice(0, -SUFFIX.length))
  }

  /** Hands every new line to `take`, once, and resolves when there are no more. Polls at the same time take turns. */
  async poll(take: (line: JournalLine, host: string) => void): Promise<void> {
    const turn = this.#turn.then(() => this.#pollOnce(take))
    this.#turn = turn.catch(() => {})
    return turn
  }

  async #pollOnce(take: (line: JournalLine, host: string) => void): Promise<void> {
    const now = monotonicMs()
    if (this.#disk.isNetwork || this.#listed.length === 0 || now - this.#listedMs > LOCAL_LIST_MS) {
      this.#listed = await this.hosts()
      this.#listedMs = now
    }
    for (const host of this.#listed) {
      let source = this.#sources.get(host)
      if (source === undefined) this.#sources.set(host, (source = { offset: 0, changedMs: now, polledMs: -Infinity }))
      if (now - source.changedMs > QUIET_MS && now - source.polledMs < QUIET_POLL_MS) continue
      source.polledMs = now
      await this.#read(host, source, take)
    }
  }

  async #read(host: string, source: Source, take: (line: JournalLine, host: string) => void): Promise<void> {
    for (let limit = CHUNK_BYTES; ;) {
      const bytes = await unlessGone(this.#disk.readFrom(this.#layout.journalOf(host), source.offset, limit))
      if (bytes === undefined) return
      const end = bytes.lastIndexOf(NEWLINE)
      if (end < 0) {
        if (bytes.length < limit) return
        if (limit < LONGEST_LINE_BYTES) limit *= 4
        else source.offset += bytes.length
        continue
      }
      for (const text of bytes.toString('utf8', 0, end).split('\n')) {
        if (text === '') continue
        const line = parseLine(text)
        if (line === undefined) this.#unreadable += 1
        else take(line, host)
      }
      source.offset += end + 1
      source.changedMs = monotonicMs()
      if (bytes.length < limit) return
      limit = CHUNK_BYTES
    }
  }
}

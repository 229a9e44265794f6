/**
 * This node's journal: one append-only file for all its processes. Two nodes appending to one file
 * would lose lines on NFS. A file shared with a hard-linked copy of the site (`cp -al`) is left for
 * a new one. Announcements of one turn of the event loop share a write and a flush, which makes
 * thousands per second durable.
 */
import path from 'node:path'
import { type JobEvent, type JournalLine, formatLine } from '../../core/index/journal-events.ts'
import { uniqueToken } from '../../lib/token.ts'
import type { AppendFile, Disk } from '../disk/disk.ts'
import { showName } from '../disk/files.ts'
import { refuseLinkedJournal } from './journal-folder.ts'
import type { JournalMark } from './journal-mark.ts'
import { SUFFIX } from './journal-reader.ts'

/**
 * Delay before a writer without further announcements confirms its last changes, which readers wait
 * for.
 */
const SETTLE_MS = 5
/** Interval for checking that the file was not removed after a write. */
const PROVE_MS = 1000

interface Waiting {
  readonly line: JournalLine
  readonly isDurable: boolean
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** An announced change; report its outcome. */
export interface Announcement {
  /** @param made false if the change was not made */
  settle(made: boolean): void
}

export class JournalWriter {
  readonly #disk: Disk
  /** The node's first file, without its suffix. */
  readonly #first: string
  #file: string
  readonly #durable: boolean
  readonly #by = uniqueToken()
  #handle: Promise<AppendFile> | undefined
  #count = 0
  #queue: Waiting[] = []
  /** True when confirmations are due although nothing is announced. */
  #isToSay = false
  #flushing: Promise<void> | undefined
  readonly #unsettled = new Set<number>()
  #voided: number[] = []
  #saidDone = 0
  #timer: NodeJS.Timeout | undefined
  /** Lines written since the file was last seen in place. */
  #unproven: JournalLine[] = []
  #proving: NodeJS.Timeout | undefined
  readonly #mark: JournalMark | undefined

  /**
   * @param durable whether an announcement is on the disk before its change is made
   * @param mark says that the journal tells of every job
   */
  constructor(disk: Disk, file: string, durable: boolean, mark?: JournalMark) {
    this.#mark = mark
    this.#disk = disk
    this.#first = file.slice(0, -SUFFIX.length)
    this.#file = file
    this.#durable = durable
  }

  /**
   * Resolves when the event is in the journal. Rejects if it could not be written; then the change
   * must not be made.
   * @param isDurable false for a change that a power failure may undo, such as a claim: its
   *   processes die too
   */
  async announce(event: JobEvent, isDurable = true): Promise<Announcement> {
    const n = (this.#count += 1)
    this.#unsettled.add(n)
    try {
      const line = { by: this.#by, n, event }
      // Waiting for others gains nothing: a write costs microseconds here. On failure the file
      // stays open, as another flush may be in progress.
      if (!isDurable && !this.#disk.isNetwork) await this.#append([line], `\n${formatLine(line)}`, false)
      else await this.#write(line, isDurable)
    } catch (error) {
      // The line may exist anyway: a flush can fail after the write.
      this.#settle(n, false)
      throw error
    }
    return { settle: (made) => this.#settle(n, made) }
  }

  #settle(n: number, made: boolean): void {
    this.#unsettled.delete(n)
    if (!made) this.#voided.push(n)
    this.#timer ??= setTimeout(() => void this.#sayDone(), SETTLE_MS).unref()
  }

  /** Writes the pending confirmations and closes. */
  async close(): Promise<void> {
    clearTimeout(this.#timer)
    await this.#sayDone()
    await this.prove()
    const handle = await this.#handle
    this.#handle = undefined
    await handle?.close()
  }

  async #write(line: JournalLine, isDurable: boolean): Promise<void> {
    const written = new Promise<void>((resolve, reject) => this.#queue.push({ line, isDurable, resolve, reject }))
    this.#flushing ??= new Promise<void>((resolve) => setImmediate(resolve)).then(() => this.#flush())
    return written
  }

  async #sayDone(): Promise<void> {
    this.#timer = undefined
    this.#isToSay = true
    return (this.#flushing ??= Promise.resolve().then(() => this.#flush()))
  }

  /**
   * Serialises writes, with a close after the last. Each takes all lines queued meanwhile, and
   * confirmations.
   */
  async #flush(): Promise<void> {
    while (this.#queue.length > 0 || this.#isToSay) {
      const batch = this.#queue
      this.#queue = []
      this.#isToSay = false
      const said = this.#doneLine()
      if (batch.length === 0 && (said.text === '' || this.#handle === undefined)) {
        said.takeBack()
        continue
      }
      // The leading newline ends a line that a dead process left incomplete.
      const text = `\n${batch.map(({ line }) => formatLine(line)).join('')}${said.text}`
      try {
        const lines = [...batch.map(({ line }) => line), ...(said.line === undefined ? [] : [said.line])]
        await this.#append(lines, text, this.#isToFlush(batch))
        for (const { resolve } of batch) resolve()
      } catch (error) {
        // Readers check the folders of jobs whose confirmation could not be written, as after a
        // crash.
        said.takeBack()
        void this.#letGo()
        for (const { reject } of batch) reject(error)
      }
    }
    this.#flushing = undefined
  }

  /**
   * On a network file system other nodes see only flushed data. A flush of confirmations also makes
   * the earlier renames durable.
   */
  #isToFlush(batch: readonly Waiting[]): boolean {
    const isWanted = batch.length === 0 || batch.some(({ isDurable }) => isDurable)
    return this.#disk.isNetwork || (this.#durable && isWanted)
  }

  async #open(): Promise<AppendFile> {
    const handle = (this.#handle ??= this.#openFile())
    try {
      return await handle
    } catch (error) {
      if (this.#handle === handle) this.#handle = undefined
      throw error
    }
  }

  async #openFile(): Promise<AppendFile> {
    if ((await this.#chooseFile()) === undefined) await this.#mark?.check()
    const handle = await this.#openOrMake()
    try {
      // An empty file is new, or its creator died before it was visible to others.
      if (this.#disk.isNetwork && (await this.#disk.stat(this.#file))?.size === 0)
        await showName(this.#disk, this.#file)
      return handle
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  /** @returns undefined if the file is yet to be made */
  async #chooseFile(): Promise<unknown> {
    for (let number = 1; ; number += 1) {
      this.#file = `${this.#first}${number === 1 ? '' : `.${number}`}${SUFFIX}`
      const stat = await this.#disk.stat(this.#file)
      if (stat?.isFile() !== true || stat.nlink <= 1) return stat
    }
  }

  async #openOrMake(): Promise<AppendFile> {
    const folder = path.dirname(this.#file)
    await refuseLinkedJournal(this.#disk, folder)
    try {
      return await this.#disk.openAppend(this.#file)
    } catch {
      await this.#disk.makeParents(path.dirname(this.#file))
      return this.#disk.openAppend(this.#file)
    }
  }

  /** The line with pending confirmations, or empty; call `takeBack` if it could not be written. */
  #doneLine(): { readonly text: string; readonly line?: JournalLine; readonly takeBack: () => void } {
    const before = this.#saidDone
    const done = Math.min(this.#count, ...[...this.#unsettled].map((n) => n - 1))
    const voided = this.#voided.filter((n) => n <= done)
    if (done <= before && voided.length === 0) return { text: '', takeBack: () => {} }
    this.#saidDone = done
    this.#voided = this.#voided.filter((n) => n > done)
    const takeBack = (): void => {
      this.#saidDone = Math.min(this.#saidDone, before)
      this.#voided.push(...voided)
    }
    const line = { by: this.#by, done, ...(voided.length === 0 ? {} : { void: voided }) }
    return { text: formatLine(line), line, takeBack }
  }

  async #append(lines: readonly JournalLine[], text: string, isDurable: boolean): Promise<void> {
    await (await this.#open()).append(text, isDurable)
    this.#unproven.push(...lines)
    this.#proving ??= setTimeout(() => void this.#proveLater(), PROVE_MS).unref()
  }

  async #proveLater(): Promise<void> {
    try {
      await this.prove()
    } catch {
      this.#proving = setTimeout(() => void this.#proveLater(), PROVE_MS).unref()
    }
  }

  /** Makes sure that the file is in place. Lines written into a removed file are written again. */
  async prove(): Promise<void> {
    clearTimeout(this.#proving)
    this.#proving = undefined
    const lines = this.#unproven
    const handle = this.#handle
    if (handle === undefined) return
    this.#unproven = []
    try {
      if (await (await handle).isInPlace()) {
        const isCopied = ((await this.#disk.stat(this.#file))?.nlink ?? 1) > 1
        if (isCopied && this.#handle === handle) await this.#letGo()
        return
      }
      if (this.#handle === handle) await this.#letGo()
      // Earlier lines are lost too; the folders have their content.
      await this.#mark?.withdraw()
      const again = lines.map((line) =>
        formatLine(line.event === undefined ? line : { ...line, event: { ...line.event, again: true } }),
      )
      await this.#append([], `\n${again.join('')}`, this.#durable || this.#disk.isNetwork)
    } catch (error) {
      this.#unproven = [...lines, ...this.#unproven]
      throw error
    }
  }

  /** Abandons a file that failed; the next announcement opens it again. */
  async #letGo(): Promise<void> {
    const handle = this.#handle
    this.#handle = undefined
    try {
      await (await handle)?.close()
    } catch {
      // It was never opened, or its close repeats the error of the write.
    }
  }
}

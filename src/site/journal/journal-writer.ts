/**
 * This node's journal: one append-only file for all its processes, as two nodes appending to one file lose each other's lines on NFS.
 * Announcements made in the same turn of the event loop go out in one write (and one flush to the disk), which is what makes thousands a
 * second durable.
 */
import fs from 'node:fs'
import path from 'node:path'
import { type JobEvent, type JournalLine, formatLine } from '../../core/index/journal-events.ts'
import { siteError } from '../../core/text/errors.ts'
import { shortHost, uniqueToken } from '../../lib/token.ts'
import type { AppendFile, Disk } from '../disk/disk.ts'
import { showName } from '../disk/files.ts'
import type { JournalMark } from './journal-mark.ts'

/** How long a writer with nothing more to announce waits until it says that its last changes are done: readers wait for that. */
const SETTLE_MS = 5
/** What was written is proved this much later at most: until then somebody may have removed the file that it went to. */
const PROVE_MS = 1000

interface Waiting {
  readonly line: JournalLine
  readonly isDurable: boolean
  readonly resolve: () => void
  readonly reject: (error: unknown) => void
}

/** A change that was announced: say how it went. */
export interface Announcement {
  /** @param made whether the change was made, or came to nothing */
  settle(made: boolean): void
}

export class JournalWriter {
  readonly #disk: Disk
  readonly #file: string
  readonly #durable: boolean
  readonly #by = uniqueToken()
  #handle: Promise<AppendFile> | undefined
  #count = 0
  #queue: Waiting[] = []
  /** Whether it is time to say what is done, though nothing is announced. */
  #isToSay = false
  #flushing: Promise<void> | undefined
  readonly #unsettled = new Set<number>()
  #voided: number[] = []
  #saidDone = 0
  #timer: NodeJS.Timeout | undefined
  /** Written since the file was last seen in its place. */
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
    this.#file = file
    this.#durable = durable
  }

  /**
   * Resolves when the event is in the journal; rejects when it could not be written, and then the change must not be made.
   * @param isDurable false for a change that a power failure may undo, such as a claim: what ran then does not run any more
   */
  async announce(event: JobEvent, isDurable = true): Promise<Announcement> {
    const n = (this.#count += 1)
    this.#unsettled.add(n)
    try {
      const line = { by: this.#by, n, event }
      // Nothing to be gained by waiting for others: a write costs microseconds here. When it fails the file stays open: another's flush may be under way.
      if (!isDurable && !this.#disk.isNetwork) await this.#append([line], `\n${formatLine(line)}`, false)
      else await this.#write(line, isDurable)
    } catch (error) {
      // The line may be there all the same: a flush can fail after the write.
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

  /** Says what is done, and closes. */
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

  /** One write after the other, and a close only after the last: each takes what has come meanwhile, and says what is done. */
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
      // The newline in front ends whatever a process that died in the middle of a write has left.
      const text = `\n${batch.map(({ line }) => formatLine(line)).join('')}${said.text}`
      try {
        const lines = [...batch.map(({ line }) => line), ...(said.line === undefined ? [] : [said.line])]
        await this.#append(lines, text, this.#isToFlush(batch))
        for (const { resolve } of batch) resolve()
      } catch (error) {
        // What was done and could not be told: readers look into the folders of these jobs, as they do when this process dies here.
        said.takeBack()
        void this.#letGo()
        for (const { reject } of batch) reject(error)
      }
    }
    this.#flushing = undefined
  }

  /** On a network file system other nodes do not see what has not been flushed. What only says what is done makes the renames before it durable, too. */
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
    if (this.#mark !== undefined && (await this.#disk.stat(this.#file)) === undefined) await this.#mark.check()
    const handle = await this.#openOrMake()
    try {
      // Nobody has written to it: it is new, or whoever made it died before it was shown.
      if (this.#disk.isNetwork && (await this.#disk.stat(this.#file))?.size === 0)
        await showName(this.#disk, this.#file)
      return handle
    } catch (error) {
      await handle.close()
      throw error
    }
  }

  async #openOrMake(): Promise<AppendFile> {
    const folder = path.dirname(this.#file)
    // Since this process began somebody may have put one there.
    if ((await this.#disk.stat(folder))?.isSymbolicLink() === true)
      throw siteError('linked-folder', `${path.basename(folder)}/ is a link, and has to be a folder`, { path: folder })
    try {
      return await this.#disk.openAppend(this.#file)
    } catch {
      await this.#disk.makeParents(path.dirname(this.#file))
      return this.#disk.openAppend(this.#file)
    }
  }

  /** The line that says what is done by now, empty when that has been said; `takeBack` when it could not be written. */
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

  /** Sees to it that what was written is where readers look: what went into a file that was removed meanwhile is written again. */
  async prove(): Promise<void> {
    clearTimeout(this.#proving)
    this.#proving = undefined
    const lines = this.#unproven
    const handle = this.#handle
    if (handle === undefined) return
    this.#unproven = []
    try {
      if (await (await handle).isInPlace()) return
      if (this.#handle === handle) await this.#letGo()
      // What was told before that is lost, too: the folders know it.
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

  /** Of a file that failed: the next announcement opens it anew. */
  async #letGo(): Promise<void> {
    const handle = this.#handle
    this.#handle = undefined
    try {
      await (await handle)?.close()
    } catch {
      // It never opened, or its close tells again what the write has told.
    }
  }
}

/**
 * Names this node's journal: this kernel, this mount, this user. Two mounts on one node have caches of their own, and another user may not
 * write to a file of mine.
 */
export function journalHost(root: string): string {
  return `${shortHost()}-${fingerprint(`${bootId()} ${fs.statSync(root).dev} ${process.getuid?.() ?? 0}`)}`
}

let ownBootId: string | undefined

/** The kernel's id since it was started; a random one where the system tells none. */
export function bootId(): string {
  if (ownBootId === undefined) {
    try {
      ownBootId = fs.readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim()
    } catch {
      ownBootId = uniqueToken()
    }
  }
  return ownBootId
}

/** FNV-1a, 32 bits: a name, not a secret. */
function fingerprint(text: string): string {
  let hash = 0x811c9dc5
  for (const byte of Buffer.from(text)) hash = Math.imul(hash ^ byte, 0x01000193) >>> 0
  return hash.toString(36)
}

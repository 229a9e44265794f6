/**
 * A launcher's log, of bounded size: once `launcher.log` has grown, it becomes `launcher.log.1`, and what was that is gone. Nobody waits for its
 * lines: a disk that is full or hangs costs lines of the log, and the log says how many.
 */
import { formatLogLine } from '../../core/text/log-line.ts'
import { FileFollower, LineFollower } from '../follow/file-follower.ts'
import { type AppendFile, codeOf } from '../disk/disk.ts'
import type { Site } from '../site.ts'

/** Some 25,000 lines, twice. */
const FILE_BYTES = 4 * 1024 * 1024
/** Kept while the disk hangs. */
const MOST_WAITING = 10_000

/** Reads a launcher's log from its beginning and as it grows. */
export function openLauncherLog(site: Site, launcher: string): LineFollower {
  const { log, oldLog } = site.layout.launcher(launcher)
  return new LineFollower(new FileFollower(site, log, oldLog))
}

export class LauncherLog {
  readonly #site: Site
  readonly #paths: { readonly log: string; readonly oldLog: string }
  readonly #fileBytes: number
  #file: AppendFile | undefined
  #bytes = 0
  #waiting: string[] = []
  #lost = 0
  #reason = ''
  #writing: Promise<void> | undefined

  /** Of a launcher that has its folder and no log yet. */
  constructor(site: Site, launcher: string, fileBytes = FILE_BYTES) {
    this.#site = site
    this.#paths = site.layout.launcher(launcher)
    this.#fileBytes = fileBytes
  }

  /** @param line with its newline */
  add(line: string): void {
    if (this.#waiting.length < MOST_WAITING) this.#waiting.push(line)
    else this.#lose(1, 'too many at once')
    this.#writing ??= this.#write()
  }

  /** Resolves when what was added is written, or lost. */
  async close(): Promise<void> {
    await this.#writing
    await this.#letGo()
  }

  async #write(): Promise<void> {
    while (this.#waiting.length > 0) {
      const lines = this.#waiting
      this.#waiting = []
      try {
        await this.#append(lines.join(''))
      } catch (error) {
        this.#lose(lines.length, codeOf(error))
        await this.#letGo()
      }
    }
    this.#writing = undefined
  }

  async #append(text: string): Promise<void> {
    if (this.#bytes >= this.#fileBytes) {
      await this.#letGo()
      await this.#site.disk.rename(this.#paths.log, this.#paths.oldLog)
      this.#bytes = 0
    }
    this.#file ??= await this.#site.disk.openAppend(this.#paths.log)
    const lost = this.#lost
    const whole = lost === 0 ? text : this.#lossLine() + text
    await this.#file.append(whole, false)
    this.#bytes += Buffer.byteLength(whole)
    this.#lost -= lost
  }

  /** Its lines are written, or failed when they were: that the file cannot be closed changes neither. */
  async #letGo(): Promise<void> {
    await this.#file?.close().catch(() => {})
    this.#file = undefined
  }

  #lossLine(): string {
    return formatLogLine(
      new Date().toISOString(),
      'error',
      'problem',
      `${this.#lost} lines of this log were lost: ${this.#reason}`,
    )
  }

  #lose(count: number, reason: string): void {
    this.#lost += count
    this.#reason = reason
  }
}

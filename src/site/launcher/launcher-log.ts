/**
 * A launcher's log, limited in size: a full `launcher.log` replaces `launcher.log.1`. Writes are
 * not awaited: a full or hanging disk costs lines, and the log records their number.
 */
import { formatLogLine } from '../../core/text/log-line.ts'
import { FileFollower, LineFollower } from '../follow/file-follower.ts'
import { type AppendFile, codeOf } from '../disk/disk.ts'
import type { Site } from '../site.ts'
import { countOf } from '../../lib/text/count-of.ts'

/** About 25,000 lines, twice. */
const FILE_BYTES = 4 * 1024 * 1024
/** Maximum number of lines kept while the disk hangs. */
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

  /** For a launcher that has a folder but no log yet. */
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

  /** Resolves when all lines are written or lost. */
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

  /** Errors at close change nothing: the lines are already written or lost. */
  async #letGo(): Promise<void> {
    await this.#file?.close().catch(() => {})
    this.#file = undefined
  }

  #lossLine(): string {
    return formatLogLine(
      new Date().toISOString(),
      'error',
      'problem',
      `${countOf(this.#lost, 'line')} of this log ${this.#lost === 1 ? 'was' : 'were'} lost: ${this.#reason}`,
    )
  }

  #lose(count: number, reason: string): void {
    this.#lost += count
    this.#reason = reason
  }
}

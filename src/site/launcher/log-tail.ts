/** Reads a launcher's log from its beginning and as it grows, line by line, also when it is put aside meanwhile (see launcher-log.ts). */
import { StringDecoder } from 'node:string_decoder'
import { unlessGone } from '../disk/disk.ts'
import type { Site } from '../site.ts'

const CHUNK_BYTES = 1024 * 1024

export class LogTail {
  readonly #site: Site
  readonly #paths: { readonly dir: string; readonly log: string; readonly oldLog: string }
  /** Which file was `launcher.log`, and how much of it is read. */
  #inode: number | undefined
  #offset = 0
  #decoder = new StringDecoder('utf8')
  #rest = ''

  constructor(site: Site, launcher: string) {
    this.#site = site
    this.#paths = site.layout.launcher(launcher)
  }

  /** What has been written since the last call: whole lines, without their newlines. */
  async *read(): AsyncGenerator<readonly string[]> {
    await unlessGone(this.#site.disk.refresh(this.#paths.dir))
    const stat = await this.#site.disk.stat(this.#paths.log)
    if (stat === undefined || stat.ino !== this.#inode) {
      // The first time, the log put aside comes first; later, it is the rest of the one that was being read.
      yield* this.#readFile(this.#paths.oldLog)
      // It was put aside just now.
      if (stat === undefined) return
      this.#inode = stat.ino
      this.#offset = 0
    }
    yield* this.#readFile(this.#paths.log)
  }

  async *#readFile(file: string): AsyncGenerator<readonly string[]> {
    for (;;) {
      const bytes = await unlessGone(this.#site.disk.readFrom(file, this.#offset, CHUNK_BYTES))
      if (bytes === undefined || bytes.length === 0) return
      this.#offset += bytes.length
      const lines = (this.#rest + this.#decoder.write(Buffer.from(bytes))).split('\n')
      this.#rest = lines.pop() ?? ''
      if (lines.length > 0) yield lines
    }
  }
}

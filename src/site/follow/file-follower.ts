/** Reads a file from an offset and as it grows, also when it is replaced, cut short, or put aside under another name meanwhile. */
import type { Stats } from 'node:fs'
import path from 'node:path'
import { StringDecoder } from 'node:string_decoder'
import { unlessGone } from '../disk/disk.ts'
import type { Site } from '../site.ts'

const CHUNK_BYTES = 1024 * 1024

export class FileFollower {
  readonly #site: Site
  readonly #file: string
  readonly #aside: string | undefined
  /** Which file had that name, and how much of it is read. */
  #inode: number | undefined
  #offset = 0

  /** @param aside the name that the file gets when it has grown too long; it is read before its successor */
  constructor(site: Site, file: string, aside?: string) {
    this.#site = site
    this.#file = file
    this.#aside = aside
  }

  /** Whether there has been such a file. */
  get hasFile(): boolean {
    return this.#inode !== undefined
  }

  /** The bytes that were written since the last call. */
  async *read(): AsyncGenerator<Buffer> {
    await unlessGone(this.#site.disk.refresh(path.dirname(this.#file)))
    const stat = await this.#site.disk.stat(this.#file)
    if (stat === undefined || stat.ino !== this.#inode) {
      // The first time, the one put aside comes first; later, it is the rest of the one that was being read.
      if (this.#aside !== undefined) yield* this.#readOn(this.#aside)
      // It was put aside just now.
      if (stat === undefined) return
      this.#inode = stat.ino
      this.#offset = 0
    } else if (this.#isCutShort(stat)) this.#offset = 0
    yield* this.#readOn(this.#file)
  }

  /** A network file system may show an old size, and the target of a link is not looked at. */
  #isCutShort(stat: Stats): boolean {
    return !this.#site.disk.isNetwork && stat.isFile() && stat.size < this.#offset
  }

  async *#readOn(file: string): AsyncGenerator<Buffer> {
    for (;;) {
      const bytes = await unlessGone(this.#site.disk.readFrom(file, this.#offset, CHUNK_BYTES))
      if (bytes === undefined || bytes.length === 0) return
      this.#offset += bytes.length
      yield bytes
    }
  }
}

/** As `FileFollower`, line by line. */
export class LineFollower {
  readonly #follower: FileFollower
  readonly #decoder = new StringDecoder('utf8')
  #rest = ''

  constructor(follower: FileFollower) {
    this.#follower = follower
  }

  /** What has been written since the last call: whole lines, without their newlines. */
  async *read(): AsyncGenerator<readonly string[]> {
    for await (const bytes of this.#follower.read()) {
      const lines = (this.#rest + this.#decoder.write(bytes)).split('\n')
      this.#rest = lines.pop() ?? ''
      if (lines.length > 0) yield lines
    }
  }

  /** What stands behind the last newline, once no more will come. */
  end(): string {
    const rest = this.#rest + this.#decoder.end()
    this.#rest = ''
    return rest
  }
}

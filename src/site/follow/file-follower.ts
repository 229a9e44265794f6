/** Reads a growing file from an offset, across replacement, truncation and rotation. */
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
  /** Identity of the file read, and the number of bytes read. */
  #inode: number | undefined
  #offset = 0

  /** @param aside the name of the rotated file, which is read before its successor */
  constructor(site: Site, file: string, aside?: string) {
    this.#site = site
    this.#file = file
    this.#aside = aside
  }

  /** True once such a file has existed. */
  get hasFile(): boolean {
    return this.#inode !== undefined
  }

  /** The bytes written since the last call. */
  async *read(): AsyncGenerator<Buffer> {
    await unlessGone(this.#site.disk.refresh(path.dirname(this.#file)))
    const stat = await this.#site.disk.stat(this.#file)
    if (stat === undefined || stat.ino !== this.#inode) {
      // At first, the rotated file comes first; later, it is the rest of the one being read.
      if (this.#aside !== undefined) yield* this.#readOn(this.#aside)
      // It was rotated just now.
      if (stat === undefined) return
      this.#inode = stat.ino
      this.#offset = 0
    } else if (this.#isCutShort(stat)) this.#offset = 0
    yield* this.#readOn(this.#file)
  }

  /** A network file system may report an old size. Targets of links are not checked. */
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

/** Like `FileFollower`, line by line. */
export class LineFollower {
  readonly #follower: FileFollower
  readonly #decoder = new StringDecoder('utf8')
  #rest = ''

  constructor(follower: FileFollower) {
    this.#follower = follower
  }

  /** Complete lines written since the last call, without newlines. */
  async *read(): AsyncGenerator<readonly string[]> {
    for await (const bytes of this.#follower.read()) {
      const lines = (this.#rest + this.#decoder.write(bytes)).split('\n')
      this.#rest = lines.pop() ?? ''
      if (lines.length > 0) yield lines
    }
  }

  /** The rest after the last newline, once the file is complete. */
  end(): string {
    const rest = this.#rest + this.#decoder.end()
    this.#rest = ''
    return rest
  }
}

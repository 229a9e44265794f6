/**
 * Lost power. The disk passes every call on and remembers what was flushed; `crash` then makes the
 * tree that a node finds when it comes up again. The model is that of the journalling file systems
 * that clusters have (ext4, XFS): names change in the order in which they were changed, and
 * flushing any file makes all names before it durable; what a file holds is durable only when that
 * file was flushed, and may otherwise be all there, cut off after some blocks, or gone, though its
 * name is there.
 */
import fs from 'node:fs'
import path from 'node:path'
import { type Disk, directDisk } from '../../src/site/disk/disk.ts'
import { type Call, type OpenFiles, closeAll, hookDisk } from './hooked-disk.ts'
import { processesEnd } from './hooked-run.ts'

/** The fate of unflushed names and bytes. */
export interface Loss {
  readonly names: 'lost' | 'kept'
  readonly bytes: 'gone' | 'half' | 'kept'
}

export const LOSSES: readonly Loss[] = [
  { names: 'lost', bytes: 'gone' },
  { names: 'kept', bytes: 'gone' },
  { names: 'kept', bytes: 'half' },
  { names: 'lost', bytes: 'kept' },
]

/** The unit that a disk writes at once: a small file has all of its content or none. */
const BLOCK = 4096

/** A file, whatever its name is now. */
interface Inode {
  text: string
  durable: string
  /** Of an appended file: what it held before this process. */
  readonly base: string
}

const forever = new Promise<never>(() => {})

export class PowerDisk {
  readonly disk: Disk
  readonly death: Promise<void>
  calls = 0
  readonly #root: string
  readonly #before: string
  readonly #done: Call[] = []
  #flushed = 0
  #isDead = false
  readonly #open: OpenFiles = new Set()

  /** @param root the site's folder; what is in it now is durable */
  constructor(root: string, at: number) {
    this.#root = root
    this.#before = `${root}-before`
    fs.cpSync(root, this.#before, { recursive: true, verbatimSymlinks: true })
    let die = (): void => {}
    this.death = new Promise((resolve) => (die = resolve))
    this.disk = hookDisk(
      directDisk,
      {
        around: async (call, act) => {
          if (this.#isDead) return forever
          this.calls += 1
          if (this.calls >= at) {
            this.#isDead = true
            die()
            return forever
          }
          const result = await act()
          this.#done.push(call)
          if (call.isDurable === true) this.#flushed = this.#done.length
          return result
        },
        look: async () => {
          if (this.#isDead) return forever
        },
      },
      this.#open,
    )
  }

  /** Makes the tree that is there after the power came back, in the place of the one that was. */
  async crash(loss: Loss): Promise<void> {
    this.#isDead = true
    await closeAll(this.#open)
    await processesEnd()
    fs.rmSync(this.#root, { recursive: true })
    fs.renameSync(this.#before, this.#root)
    const inodes = new Map<string, Inode>()
    const kept = loss.names === 'kept' ? this.#done.length : this.#flushed
    for (const [index, call] of this.#done.entries()) {
      if (index < kept) replay(call, inodes)
      // A file whose name is not durable may have been flushed: that flush made the name durable,
      // so it is before `kept`.
    }
    for (const [target, { text, durable, base }] of inodes) {
      if (!fs.existsSync(path.dirname(target))) continue
      const rest = text.slice(durable.length)
      const survived =
        loss.bytes === 'kept'
          ? rest
          : loss.bytes === 'half'
            ? rest.slice(0, Math.floor(rest.length / 2 / BLOCK) * BLOCK)
            : ''
      fs.writeFileSync(target, base + durable + survived)
    }
  }

  discard(): void {
    fs.rmSync(this.#before, { recursive: true, force: true })
  }
}

/** Makes the change of names, and keeps account of what each file holds. */
function replay({ name, target, from = '', text = '', isDurable = false }: Call, inodes: Map<string, Inode>): void {
  if (name === 'mkdir') fs.mkdirSync(target)
  else if (name === 'rmdir') fs.rmdirSync(target)
  else if (name === 'symlink') fs.symlinkSync(text, target)
  else if (name === 'unlink') {
    fs.unlinkSync(target)
    inodes.delete(target)
  } else if (name === 'rename') {
    fs.renameSync(from, target)
    for (const [file, inode] of Array.from(inodes)) {
      if (file !== from && !file.startsWith(`${from}/`)) continue
      inodes.delete(file)
      inodes.set(target + file.slice(from.length), inode)
    }
  } else if (name === 'create' || name === 'open-append') {
    const base = name === 'open-append' && fs.existsSync(target) ? fs.readFileSync(target, 'utf8') : ''
    if (!fs.existsSync(target)) fs.writeFileSync(target, '')
    if (!inodes.has(target)) inodes.set(target, { text: '', durable: '', base })
  } else if (name === 'finish' || name === 'append' || name === 'copy-content') {
    const inode = inodes.get(target)
    if (inode === undefined) return
    inode.text += text
    if (isDurable) inode.durable = inode.text
  }
}

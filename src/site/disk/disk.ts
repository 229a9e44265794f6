/**
 * The seam to the file system: every call that bjob makes on a site's tree goes through one `Disk`. There are two. On a local file system a
 * call takes microseconds, so it is made at once in this thread; on a network one it takes a round trip, so it goes to the thread pool and
 * many are under way together. (Measured on tmpfs: 37,700 small jobs a second made with direct calls, 3,900 with pooled ones in turn.)
 */
import fs from 'node:fs'
import path from 'node:path'
import { type AppendFile, named, openAppend, openAppendSync, writeWhole } from './append.ts'
import { copy, copySync } from './copy.ts'
import { type Links, MOST_TEXT_BYTES, readPart, readPartSync, readText, readTextSync } from './read.ts'

export type { AppendFile } from './append.ts'

export interface Entry {
  readonly name: string
  readonly isDirectory: boolean
  readonly isFile: boolean
}

/** A file made by this process that nobody else writes. */
export interface NewFile {
  /** Writes the whole content, which may come in parts, and closes; with `durable`, not before it is on the disk. */
  finish(text: string | Iterable<string>, durable: boolean): Promise<void>
  close(): Promise<void>
}

export interface Disk {
  /** Whether other nodes may see this tree through caches of their own. */
  readonly isNetwork: boolean
  /** For how long this node may go on seeing a file that another node has replaced, though it opens it anew; 0 where opening asks the server. */
  readonly staleMs: number
  mkdir(target: string): Promise<void>
  makeParents(target: string): Promise<void>
  rmdir(target: string): Promise<void>
  rename(from: string, to: string): Promise<void>
  unlink(target: string): Promise<void>
  /** Removes a folder with all in it; nothing there is no fault. Never follows links. */
  removeAll(target: string): Promise<void>
  symlink(content: string, target: string): Promise<void>
  readlink(target: string): Promise<string>
  /** Where a path leads, all links followed. */
  realpath(target: string): Promise<string>
  /** The text of a file of at most `most` bytes. @throws EISDIR, ENOTFILE, EFBIG for anything else, ELOOP for a link that is refused */
  readText(target: string, most?: number, links?: Links): Promise<string>
  /** The bytes from `offset` to the end, at most `limit`. @throws EISDIR, ENOTFILE for what is no file, ELOOP for a link that is refused */
  readFrom(target: string, offset: number, limit: number, links?: Links): Promise<Buffer>
  list(target: string): Promise<Entry[]>
  /** Follows no link. `undefined` when there is nothing. */
  stat(target: string): Promise<fs.Stats | undefined>
  /** Fails when the name is taken. */
  create(target: string): Promise<NewFile>
  /** Makes the file where there is none. @throws EISDIR, ENOTFILE, ENXIO, ELOOP for anything but a file */
  openAppend(target: string): Promise<AppendFile>
  /** A file, or a folder with all in it; links become what they lead to. With `durable`, not returning before it is on the disk. */
  copy(from: string, to: string, durable?: boolean): Promise<void>
  utimes(target: string, atime: Date, mtime: Date): Promise<void>
  /** Makes this node forget what it cached of a folder's names, if they have changed. On NFS opening it does that, and no stat; under FUSE, listing. */
  refresh(folder: string): Promise<void>
}

/** The error's code; NFS's ESTALE can reach Node without a name. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  const { code, errno } = error as NodeJS.ErrnoException
  return errno === -116 ? 'ESTALE' : (code ?? '')
}

/** Whether the error says that this user may not do that. */
export function isForbidden(error: unknown): boolean {
  return ['EACCES', 'EPERM', 'EROFS', 'forbidden-file'].includes(codeOf(error))
}

/** Whether the error says that a name is not there (any more). */
export function isGone(error: unknown): boolean {
  return ['ENOENT', 'ESTALE', 'ENOTDIR'].includes(codeOf(error))
}

/** Runs `act`; when it fails because a name is not there, the answer is `undefined`. */
export async function unlessGone<T>(act: Promise<T>): Promise<T | undefined> {
  try {
    return await act
  } catch (error) {
    if (isGone(error)) return undefined
    throw error
  }
}

/** `f_type` of file systems that only this machine's kernel changes (statfs(2)); all others are taken for networks. */
const LOCAL_TYPES = new Set([0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630, 0x2fc12fc1, 0xf2f52010])

/** The file system that a file or folder is on: its `f_type`, and whether other nodes may see it. @throws the file system's errors */
export function fileSystemOf(file: string): { readonly type: number; readonly isNetwork: boolean } {
  const { type } = fs.statfsSync(file)
  return { type, isNetwork: !LOCAL_TYPES.has(type) }
}

/** FUSE's `f_type`: GlusterFS, CephFS and others. The kernel and the client's process each keep names and attributes for a second, by default. */
const FUSE_TYPE = 0x65735546
/** Both of these one after the other, and as much again for a loaded node. */
const FUSE_STALE_MS = 4000

/** Calls under way at once: a server has an answer for each of them, and its client seldom more than 64 places to wait in. */
const POOL_THREADS = '32'

/** Node's thread pool has four threads unless the environment says otherwise when it is first used, which is now, or was before. */
function widenPool(): void {
  if (process.env['UV_THREADPOOL_SIZE'] !== undefined) return
  process.env['UV_THREADPOOL_SIZE'] = POOL_THREADS
  fs.access('/', () => {})
  // What this process starts is none of that.
  delete process.env['UV_THREADPOOL_SIZE']
}

/** The disk that suits the file system which `folder` is on. */
export function diskFor(folder: string): Disk {
  const { type } = fs.statfsSync(folder)
  if (LOCAL_TYPES.has(type)) return directDisk
  widenPool()
  return type === FUSE_TYPE ? fuseDisk : pooledDisk
}

function toEntries(entries: readonly fs.Dirent[]): Entry[] {
  return entries.map((entry) => ({ name: entry.name, isDirectory: entry.isDirectory(), isFile: entry.isFile() }))
}

function partsOf(text: string | Iterable<string>): Iterable<string> {
  return typeof text === 'string' ? [text] : text
}

/** Below a name that is no folder there is nothing, too. */
function statSync(target: string): fs.Stats | undefined {
  try {
    return fs.lstatSync(target, { throwIfNoEntry: false })
  } catch (error) {
    if (isGone(error)) return undefined
    throw error
  }
}

/** Calls made at once, in this thread. */
export const directDisk: Disk = {
  isNetwork: false,
  staleMs: 0,
  mkdir: async (target) => fs.mkdirSync(target),
  makeParents: (target) => makeParents(directDisk, target),
  rmdir: async (target) => fs.rmdirSync(target),
  rename: async (from, to) => fs.renameSync(from, to),
  unlink: async (target) => fs.unlinkSync(target),
  removeAll: async (target) => fs.rmSync(target, { recursive: true, force: true }),
  symlink: async (content, target) => fs.symlinkSync(content, target),
  readlink: async (target) => fs.readlinkSync(target),
  realpath: async (target) => fs.realpathSync(target),
  readText: async (target, most = MOST_TEXT_BYTES, links = 'follow') => readTextSync(target, most, links),
  readFrom: async (target, offset, limit, links = 'follow') => readPartSync(target, offset, limit, links),
  list: async (target) => toEntries(fs.readdirSync(target, { withFileTypes: true })),
  stat: async (target) => statSync(target),
  create: async (target) => {
    const fd = fs.openSync(target, 'wx', 0o666)
    return {
      finish: async (text, durable) => {
        try {
          for (const part of partsOf(text)) writeWhole(fd, part)
          if (durable) fs.fsyncSync(fd)
        } catch (error) {
          throw named(error, target)
        } finally {
          fs.closeSync(fd)
        }
      },
      close: async () => fs.closeSync(fd),
    }
  },
  openAppend: async (target) => openAppendSync(target, statSync),
  copy: async (from, to, durable = false) => copySync(from, to, durable),
  utimes: async (target, atime, mtime) => fs.utimesSync(target, atime, mtime),
  refresh: async () => {},
}

/** Calls made in the thread pool, for file systems where each is a round trip. */
export const pooledDisk: Disk = {
  isNetwork: true,
  staleMs: 0,
  mkdir: async (target) => fs.promises.mkdir(target),
  makeParents: (target) => makeParents(pooledDisk, target),
  rmdir: async (target) => fs.promises.rmdir(target),
  rename: async (from, to) => fs.promises.rename(from, to),
  unlink: async (target) => fs.promises.unlink(target),
  removeAll: async (target) => fs.promises.rm(target, { recursive: true, force: true }),
  symlink: async (content, target) => fs.promises.symlink(content, target),
  readlink: async (target) => fs.promises.readlink(target),
  realpath: async (target) => fs.promises.realpath(target),
  readText: (target, most = MOST_TEXT_BYTES, links = 'follow') => readText(target, most, links),
  readFrom: (target, offset, limit, links = 'follow') => readPart(target, offset, limit, links),
  list: async (target) => toEntries(await fs.promises.readdir(target, { withFileTypes: true })),
  stat: async (target) => unlessGone(fs.promises.lstat(target)),
  create: async (target) => {
    const file = await fs.promises.open(target, 'wx', 0o666)
    return {
      finish: async (text, durable) => {
        try {
          for (const part of partsOf(text)) await file.writeFile(part)
          if (durable) await file.sync()
        } catch (error) {
          throw named(error, target)
        } finally {
          await file.close()
        }
      },
      close: async () => file.close(),
    }
  },
  openAppend: (target) => openAppend(target, (name) => unlessGone(fs.promises.lstat(name))),
  copy: (from, to, durable = false) => copy(from, to, durable),
  utimes: async (target, atime, mtime) => fs.promises.utimes(target, atime, mtime),
  refresh: async (folder) => (await fs.promises.opendir(folder)).close(),
}

const fuseDisk: Disk = {
  ...pooledDisk,
  staleMs: FUSE_STALE_MS,
  refresh: async (folder) => void (await fs.promises.readdir(folder)),
}

/** Node's own recursive mkdir says ENOENT of a file system that is read-only, and that is no help. */
export async function makeParents(disk: Pick<Disk, 'mkdir'>, target: string): Promise<void> {
  try {
    await disk.mkdir(target)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return
    const parent = parentOf(target)
    if (codeOf(error) !== 'ENOENT' || parent === undefined) throw error
    await makeParents(disk, parent)
    await unlessTaken(disk.mkdir(target))
  }
}

/** Makes a name that may be there already. */
export async function unlessTaken(made: Promise<void>): Promise<void> {
  try {
    await made
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  }
}

/** The folder above, or `undefined` at the root. */
export function parentOf(folder: string): string | undefined {
  const parent = path.dirname(folder)
  return parent === folder ? undefined : parent
}

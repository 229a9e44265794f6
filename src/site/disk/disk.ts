/**
 * The interface to the file system: every call on a site's tree goes through a `Disk`. On a local
 * file system a call takes microseconds and runs synchronously in this thread. On a network file
 * system it takes a round trip and runs in the thread pool, many at a time. (Measured on tmpfs:
 * 37,700 small jobs made per second with direct calls, 3,900 with pooled calls in sequence.)
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

/** A file created by this process alone. */
export interface NewFile {
  /** Writes the whole content, possibly in parts, and closes; with `durable`, flushes it. */
  finish(text: string | Iterable<string>, durable: boolean): Promise<void>
  close(): Promise<void>
}

export interface Disk {
  /** True if other nodes may see this tree through their own caches. */
  readonly isNetwork: boolean
  /**
   * How long this node may still see a replaced file after opening it again; 0 if opening asks the
   * server.
   */
  readonly staleMs: number
  mkdir(target: string): Promise<void>
  makeParents(target: string): Promise<void>
  rmdir(target: string): Promise<void>
  rename(from: string, to: string): Promise<void>
  unlink(target: string): Promise<void>
  /** Removes a folder with its contents, if it exists. Never follows links. */
  removeAll(target: string): Promise<void>
  symlink(content: string, target: string): Promise<void>
  readlink(target: string): Promise<string>
  /** The path with all links resolved. */
  realpath(target: string): Promise<string>
  /**
   * The text of a file of at most `most` bytes. @throws EISDIR, ENOTFILE, EFBIG for anything else,
   * ELOOP for a link that is refused
   */
  readText(target: string, most?: number, links?: Links): Promise<string>
  /** At most `limit` bytes from `offset`. @throws EISDIR, ENOTFILE, ELOOP for a refused link */
  readFrom(target: string, offset: number, limit: number, links?: Links): Promise<Buffer>
  list(target: string): Promise<Entry[]>
  /** Does not follow links. `undefined` if there is nothing. */
  stat(target: string): Promise<fs.Stats | undefined>
  /** Fails if the name is taken. */
  create(target: string): Promise<NewFile>
  /**
   * Makes the file where there is none. @throws EISDIR, ENOTFILE, ENXIO, ELOOP for anything but a
   * file
   */
  openAppend(target: string): Promise<AppendFile>
  /**
   * Copies a file, or a folder with its contents, replacing links by their targets; with `durable`,
   * flushes it.
   */
  copy(from: string, to: string, durable?: boolean): Promise<void>
  utimes(target: string, atime: Date, mtime: Date): Promise<void>
  /**
   * Drops this node's cached names of a folder. On NFS, opening it does that, but stat does not;
   * under FUSE, listing does.
   */
  refresh(folder: string): Promise<void>
}

/** The error's code. NFS's ESTALE may arrive without a name. */
export function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return ''
  const { code, errno } = error as NodeJS.ErrnoException
  return errno === -116 ? 'ESTALE' : (code ?? '')
}

/** True if the error means a lack of permission. */
export function isForbidden(error: unknown): boolean {
  return ['EACCES', 'EPERM', 'EROFS', 'forbidden-file'].includes(codeOf(error))
}

/** True if the error means that a name does not exist. */
export function isGone(error: unknown): boolean {
  return ['ENOENT', 'ESTALE', 'ENOTDIR'].includes(codeOf(error))
}

/** Runs `act`; returns `undefined` if a name does not exist. */
export async function unlessGone<T>(act: Promise<T>): Promise<T | undefined> {
  try {
    return await act
  } catch (error) {
    if (isGone(error)) return undefined
    throw error
  }
}

/**
 * `f_type` of file systems that only this kernel changes (statfs(2)); others count as network file
 * systems.
 */
const LOCAL_TYPES = new Set([0xef53, 0x58465342, 0x9123683e, 0x01021994, 0x794c7630, 0x2fc12fc1, 0xf2f52010])

/**
 * The file system of a file: its `f_type`, and whether other nodes may see it. @throws the file
 * system's errors
 */
export function fileSystemOf(file: string): { readonly type: number; readonly isNetwork: boolean } {
  const { type } = fs.statfsSync(file)
  return { type, isNetwork: !LOCAL_TYPES.has(type) }
}

/**
 * FUSE's `f_type`: GlusterFS, CephFS and others. Kernel and client cache names and attributes for a
 * second each.
 */
const FUSE_TYPE = 0x65735546
/** Both caches in sequence, doubled for a loaded node. */
const FUSE_STALE_MS = 4000

/** Concurrent calls: NFS clients seldom have more than 64 slots. */
const POOL_THREADS = '32'

/**
 * Node's thread pool has four threads unless the environment sets a number before its first use.
 */
function widenPool(): void {
  if (process.env['UV_THREADPOOL_SIZE'] !== undefined) return
  process.env['UV_THREADPOOL_SIZE'] = POOL_THREADS
  fs.access('/', () => {})
  // Child processes must not inherit it.
  delete process.env['UV_THREADPOOL_SIZE']
}

/** The disk for the file system of `folder`. */
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

/** A path below a file that is not a folder does not exist either. */
function statSync(target: string): fs.Stats | undefined {
  try {
    return fs.lstatSync(target, { throwIfNoEntry: false })
  } catch (error) {
    if (isGone(error)) return undefined
    throw error
  }
}

/** Synchronous calls in this thread. */
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

/** Calls in the thread pool, for file systems with a round trip per call. */
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

/** On a read-only file system, Node's recursive mkdir reports a misleading ENOENT. */
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

/** Creates a name that may already exist. */
export async function unlessTaken(made: Promise<void>): Promise<void> {
  try {
    await made
  } catch (error) {
    if (codeOf(error) !== 'EEXIST') throw error
  }
}

/** The parent folder, or `undefined` at the root. */
export function parentOf(folder: string): string | undefined {
  const parent = path.dirname(folder)
  return parent === folder ? undefined : parent
}

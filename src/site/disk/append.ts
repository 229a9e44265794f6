/**
 * Files that this process appends to: journals, logs. Anything else in their place is refused
 * without blocking.
 */
import fs from 'node:fs'
import { promisify } from 'node:util'
import { checkFile } from './read.ts'

/** A file that this process appends to. */
export interface AppendFile {
  /** Adds `text` in one call; with `durable`, not returning before it is on the disk. */
  append(text: string, durable: boolean): Promise<void>
  /** True if its name still refers to it, that is, it was not removed or replaced. */
  isInPlace(): Promise<boolean>
  close(): Promise<void>
}

const { O_APPEND, O_CREAT, O_NOFOLLOW, O_NONBLOCK, O_WRONLY } = fs.constants
/**
 * O_NOFOLLOW: a link could lead to another file. O_NONBLOCK: opening a pipe would wait for a
 * reader.
 */
const APPEND = O_WRONLY | O_APPEND | O_CREAT | O_NOFOLLOW | O_NONBLOCK

const fdatasync = promisify(fs.fdatasync)

/** @param lookUp the current entry of that name, without following links */
export function openAppendSync(target: string, lookUp: (target: string) => fs.Stats | undefined): AppendFile {
  const fd = fs.openSync(target, APPEND, 0o666)
  try {
    checkFile(fs.fstatSync(fd), target)
  } catch (error) {
    fs.closeSync(fd)
    throw error
  }
  let isClosed = false
  return {
    append: async (text, durable) => {
      try {
        // Its number may be another file's by now.
        if (isClosed) throw Object.assign(new Error('EBADF: closed already'), { code: 'EBADF' })
        writeWhole(fd, text)
        // The one call that takes milliseconds: this thread has better things to do meanwhile.
        if (durable) await fdatasync(fd)
      } catch (error) {
        throw named(error, target)
      }
    },
    isInPlace: async () => !isClosed && isSameFile(fs.fstatSync(fd), lookUp(target)),
    close: async () => {
      if (!isClosed) fs.closeSync(fd)
      isClosed = true
    },
  }
}

export async function openAppend(
  target: string,
  lookUp: (target: string) => Promise<fs.Stats | undefined>,
): Promise<AppendFile> {
  const file = await fs.promises.open(target, APPEND, 0o666)
  try {
    checkFile(await file.stat(), target)
  } catch (error) {
    await file.close()
    throw error
  }
  return {
    append: async (text, durable) => {
      try {
        await file.appendFile(text)
        if (durable) await file.datasync()
      } catch (error) {
        throw named(error, target)
      }
    },
    isInPlace: async () => isSameFile(await file.stat(), await lookUp(target)),
    close: async () => file.close(),
  }
}

/** Adds the file name to an error from an open file, so that messages show which disk is full. */
export function named(error: unknown, target: string): unknown {
  return error instanceof Error ? Object.assign(error, { path: target }) : error
}

export function writeWhole(fd: number, text: string): void {
  const bytes = Buffer.from(text)
  for (let at = 0; at < bytes.length;) at += fs.writeSync(fd, bytes, at)
}

function isSameFile(one: fs.Stats, other: fs.Stats | undefined): boolean {
  return one.ino === other?.ino && one.dev === other.dev
}

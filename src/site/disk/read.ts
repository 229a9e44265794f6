/**
 * Reads files that a job may have replaced by a folder, a pipe, a socket, a device, or a huge file.
 * A read always ends soon, with the bytes of a regular file or with an error that names the file.
 */
import fs from 'node:fs'

/** Maximum size of a file read as text: Node.js freezes on a file of gigabytes. */
export const MOST_TEXT_BYTES = 64 * 1024 * 1024

/** Handling of a link: users' files may be links, bjob's own must not be. */
export type Links = 'follow' | 'refuse'

/**
 * O_NONBLOCK: opening a pipe would block this thread, and its signal handlers, until a writer
 * comes.
 */
const { O_RDONLY, O_NONBLOCK, O_NOFOLLOW } = fs.constants
const flagsFor = (links: Links): number => O_RDONLY | O_NONBLOCK | (links === 'refuse' ? O_NOFOLLOW : 0)

/** Enough for most files; larger ones are read again into a larger buffer. */
const SMALL_BYTES = 64 * 1024
const scratch = Buffer.allocUnsafeSlow(SMALL_BYTES)

export function readTextSync(target: string, most: number, links: Links): string {
  const fd = fs.openSync(target, flagsFor(links))
  try {
    const size = sizeOf(fs.fstatSync(fd), target, most)
    for (let bytes: Buffer = size < SMALL_BYTES ? scratch : Buffer.allocUnsafe(size + 1); ;) {
      const length = fs.readSync(fd, bytes, 0, bytes.length, 0)
      if (length < bytes.length) return bytes.toString('utf8', 0, length)
      bytes = more(bytes, target, most)
    }
  } finally {
    fs.closeSync(fd)
  }
}

export async function readText(target: string, most: number, links: Links): Promise<string> {
  const file = await fs.promises.open(target, flagsFor(links))
  try {
    const size = sizeOf(await file.stat(), target, most)
    for (let bytes: Buffer = Buffer.allocUnsafe(size + 4096); ;) {
      const { bytesRead } = await file.read(bytes, 0, bytes.length, 0)
      if (bytesRead < bytes.length) return bytes.toString('utf8', 0, bytesRead)
      bytes = more(bytes, target, most)
    }
  } finally {
    await file.close()
  }
}

export function readPartSync(target: string, offset: number, limit: number, links: Links): Buffer {
  const fd = fs.openSync(target, flagsFor(links))
  try {
    const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(limit, sizeOf(fs.fstatSync(fd), target) - offset)))
    return bytes.subarray(0, bytes.length === 0 ? 0 : fs.readSync(fd, bytes, 0, bytes.length, offset))
  } finally {
    fs.closeSync(fd)
  }
}

export async function readPart(target: string, offset: number, limit: number, links: Links): Promise<Buffer> {
  const file = await fs.promises.open(target, flagsFor(links))
  try {
    const bytes = Buffer.allocUnsafe(Math.max(0, Math.min(limit, sizeOf(await file.stat(), target) - offset)))
    return bytes.subarray(0, bytes.length === 0 ? 0 : (await file.read(bytes, 0, bytes.length, offset)).bytesRead)
  } finally {
    await file.close()
  }
}

/** A network file system may report an old size: the end of a file is where a read ends early. */
function more({ length }: Buffer, target: string, most: number): Buffer {
  if (length > most) throw tooLarge(target, most)
  return Buffer.allocUnsafe(Math.min(length * 4, most + 1))
}

/** @throws EISDIR, ENOTFILE if the open descriptor is not a file */
export function checkFile(stat: fs.Stats, target: string): void {
  if (stat.isDirectory()) throw fault('EISDIR', target, 'is a folder, not a file')
  if (!stat.isFile()) throw fault('ENOTFILE', target, 'is a pipe or a device, not a file')
}

function sizeOf(stat: fs.Stats, target: string, most = Infinity): number {
  checkFile(stat, target)
  if (stat.size > most) throw tooLarge(target, most)
  return stat.size
}

export function tooLarge(target: string, most: number): Error {
  return fault('EFBIG', target, `exceeds bjob's limit of ${most / 1024 / 1024} MiB`)
}

function fault(code: string, target: string, problem: string): NodeJS.ErrnoException {
  return Object.assign(new Error(`${code}: ${target} ${problem}`), { code, path: target })
}

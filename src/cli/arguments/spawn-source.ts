/**
 * The input of `spawn --from`: its text, or for a file too large for memory its lines, as often as
 * needed.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { decodeText } from '../../core/text/decode-text.ts'
import { requestError } from '../../core/text/errors.ts'
import { type ReadLine, readLines } from '../../lib/text/line-splitter.ts'

/** Longer files are not kept in memory. */
const LONG_BYTES = 16 * 1024 * 1024
/** Enough to recognise the format. */
const HEAD_BYTES = 64 * 1024

export interface SpawnSource {
  /** Name for messages. */
  readonly file: string
  /** The start of the file; all of a short one. */
  readonly head: string
  readonly text: () => string
  /** Lines of a long file. */
  readonly lines?: () => AsyncIterable<ReadLine>
}

/** @param from a path, or `-` for standard input. @throws BjobError `missing-input`, `not-utf8` */
export async function openSource(from: string): Promise<SpawnSource> {
  if (from === '-') return spool(process.stdin, 'standard input')
  const file = path.resolve(from)
  let fd: number
  try {
    fd = fs.openSync(from, 'r')
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
    throw requestError('missing-input', `file not found: ${from}`, { path: from })
  }
  const stat = fs.fstatSync(fd)
  if (stat.isFile()) return fileSource(fd, file, stat.size)
  if (!stat.isDirectory()) return spool(fs.createReadStream('', { fd }), file)
  fs.closeSync(fd)
  throw requestError('missing-input', `--from must name a file; ${from} is a folder`, {
    path: from,
    hint: 'name the file that lists the jobs',
  })
}

function fileSource(fd: number, file: string, size: number): SpawnSource {
  const read = (length: number): Buffer => {
    const bytes = Buffer.alloc(length)
    let at = 0
    for (let got = -1; at < length && got !== 0; at += got) got = fs.readSync(fd, bytes, at, length - at, at)
    return bytes.subarray(0, at)
  }
  const text = (): string => decodeText(read(size), file)
  if (size <= LONG_BYTES) {
    const head = text()
    fs.closeSync(fd)
    return { file, head, text: () => head }
  }
  const head = read(HEAD_BYTES)
    .toString()
    .replace(/^\uFEFF/, '')
  // Kept open, because the file may have no name, or may be replaced.
  const stream = (): fs.ReadStream => fs.createReadStream('', { fd, start: 0, autoClose: false })
  return { file, head, text, lines: () => readLines(stream()) }
}

/** Stores a stream: in memory while short, then in an unnamed file. */
async function spool(stream: AsyncIterable<unknown>, file: string): Promise<SpawnSource> {
  const chunks: Buffer[] = []
  let size = 0
  let fd: number | undefined
  for await (const chunk of stream) {
    const bytes = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk))
    size += bytes.length
    if (fd === undefined) chunks.push(bytes)
    else writeWhole(fd, bytes)
    if (fd === undefined && size > LONG_BYTES) {
      fd = openNameless()
      for (const early of chunks.splice(0)) writeWhole(fd, early)
    }
  }
  if (fd !== undefined) return fileSource(fd, file, size)
  const text = decodeText(Buffer.concat(chunks), file)
  return { file, head: text, text: () => text }
}

function openNameless(): number {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bjob-spawn-'))
  const fd = fs.openSync(path.join(folder, 'records'), 'wx+')
  fs.rmSync(folder, { recursive: true })
  return fd
}

function writeWhole(fd: number, bytes: Buffer): void {
  for (let at = 0; at < bytes.length;) at += fs.writeSync(fd, bytes, at)
}

/** Following a file that a job appends lines to. */
import path from 'node:path'
import type { JobId } from '../../core/job/id.ts'
import { type Disk, isGone, unlessGone } from '../disk/disk.ts'
import { MOST_TEXT_BYTES } from '../disk/read.ts'
import { describeFault } from '../disk/own-file.ts'
import type { Site } from '../site.ts'

const NEWLINE = 0x0a
const CHUNK_BYTES = 1 << 16

/**
 * The lines that were completed since `offset`, at most 64 KiB of them, and the offset after them. No lines beyond 64 MiB, while there is no such file, or while it
 * cannot be read: a job may make a folder of that name.
 *
 * @param offset in bytes; 0 for the first time
 */
export async function readJobLines(
  site: Site,
  id: JobId,
  name: string,
  offset: number,
): Promise<{ readonly lines: readonly string[]; readonly offset: number }> {
  // Terabytes of nothing would take for ever.
  if (offset >= MOST_TEXT_BYTES) return { lines: [], offset }
  const { dir } = site.layout.job(id)
  // Until it is there, a network file system may go on saying that it is not.
  if (offset === 0 && site.disk.isNetwork) await unlessGone(site.disk.refresh(dir))
  // With the byte before: only behind the end of a line another one begins.
  const from = Math.max(0, offset - 1)
  const bytes = await readIfFile(site.disk, path.join(dir, name), from)
  const begin = offset === 0 ? 0 : (bytes?.indexOf(NEWLINE) ?? -1) + 1
  const end = bytes?.lastIndexOf(NEWLINE) ?? -1
  if (bytes === undefined) return { lines: [], offset }
  if (end < begin) {
    // A line that is longer is passed over.
    const isLong = bytes.length === CHUNK_BYTES && end <= 0
    return { lines: [], offset: isLong ? from + CHUNK_BYTES : Math.max(offset, from + end + 1) }
  }
  return { lines: bytes.toString('utf8', begin, end).split('\n'), offset: from + end + 1 }
}

async function readIfFile(disk: Disk, file: string, offset: number): Promise<Buffer | undefined> {
  try {
    return await disk.readFrom(file, offset, CHUNK_BYTES)
  } catch (error) {
    if (isGone(error) || describeFault(error, file) !== undefined) return undefined
    throw error
  }
}

/** Follows a file to which a job appends lines. */
import path from 'node:path'
import type { JobId } from '../../core/job/id.ts'
import { type Disk, isGone, unlessGone } from '../disk/disk.ts'
import { MOST_TEXT_BYTES } from '../disk/read.ts'
import { describeFault } from '../disk/own-file.ts'
import type { Site } from '../site.ts'

const NEWLINE = 0x0a
const CHUNK_BYTES = 1 << 16

/**
 * The complete lines after `offset`, at most 64 KiB, and the next offset. Empty beyond 64 MiB, and
 * while the file is missing or unreadable: a job may make a folder of that name.
 *
 * @param offset in bytes; 0 at first
 */
export async function readJobLines(
  site: Site,
  id: JobId,
  name: string,
  offset: number,
): Promise<{ readonly lines: readonly string[]; readonly offset: number }> {
  // Sparse files of terabytes would take for ever.
  if (offset >= MOST_TEXT_BYTES) return { lines: [], offset }
  const { dir } = site.layout.job(id)
  // A network file system may cache the absence of the file.
  if (offset === 0 && site.disk.isNetwork) await unlessGone(site.disk.refresh(dir))
  // Includes the preceding byte: a line starts only after a line end.
  const from = Math.max(0, offset - 1)
  const bytes = await readIfFile(site.disk, path.join(dir, name), from)
  const begin = offset === 0 ? 0 : (bytes?.indexOf(NEWLINE) ?? -1) + 1
  const end = bytes?.lastIndexOf(NEWLINE) ?? -1
  if (bytes === undefined) return { lines: [], offset }
  if (end < begin) {
    // Longer lines are skipped.
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

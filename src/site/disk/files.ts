/**
 * Whole files, written aside and renamed: for the files that have no revisions (settings, applications, snapshots, cursors). And new names
 * that other nodes have to find by listing.
 */
import path from 'node:path'
import { decodeText } from '../../core/text/decode-text.ts'
import { sleep } from '../../lib/sleep.ts'
import { uniqueToken } from '../../lib/token.ts'
import { type Disk, unlessGone, unlessTaken } from './disk.ts'
import { type Links, MOST_TEXT_BYTES, tooLarge } from './read.ts'

/** Longer than servers' clocks for files stand still: 10 ms where the kernel ticks a hundred times a second, 4 or 1 on most. */
const TICK_MS = 20

/** The text of a file that a person may have written. @throws BjobError `not-utf8`; the file system's errors */
export async function readPersonsText(disk: Disk, file: string, links?: Links): Promise<string> {
  const bytes = await disk.readFrom(file, 0, MOST_TEXT_BYTES + 1, links)
  if (bytes.length > MOST_TEXT_BYTES) throw tooLarge(file, MOST_TEXT_BYTES)
  return decodeText(bytes, file)
}

/** Replaces `target` at once: a reader sees the old text or the new, which may come in parts. Its folder must exist. */
export async function replaceFile(
  disk: Disk,
  target: string,
  text: string | Iterable<string>,
  durable = true,
): Promise<void> {
  const aside = besides(target)
  const file = await disk.create(aside)
  try {
    await file.finish(text, durable)
    await disk.rename(aside, target)
  } catch (error) {
    await unlessGone(disk.unlink(aside))
    throw error
  }
}

/**
 * Changes the folder of a new name once more, at a later time of the server's clock. An NFS client believes what it has listed until the folder's time
 * changes: one that listed between two changes in one tick of that clock does not see the second, until there is a third.
 * It costs two calls, and only where the disk is a network's.
 */
export async function showName(disk: Disk, target: string): Promise<void> {
  if (!disk.isNetwork) return
  await sleep(TICK_MS)
  const aside = besides(target)
  await unlessTaken(disk.symlink(path.basename(target), aside))
  await unlessGone(disk.unlink(aside))
}

function besides(target: string): string {
  return path.join(path.dirname(target), `.${path.basename(target)}-${uniqueToken()}`)
}

/**
 * Replaces whole files by rename: settings, applications, snapshots, cursors, which have no
 * revisions. Also makes new names visible to other nodes' listings.
 */
import path from 'node:path'
import { decodeText } from '../../core/text/decode-text.ts'
import { sleep } from '../../lib/sleep.ts'
import { uniqueToken } from '../../lib/token.ts'
import { type Disk, unlessGone, unlessTaken } from './disk.ts'
import { type Links, MOST_TEXT_BYTES, tooLarge } from './read.ts'

/** Longer than a tick of servers' file clocks: 10 ms at 100 Hz, 4 or 1 on most kernels. */
const TICK_MS = 20

/**
 * The text of a file that a user may have written. @throws BjobError `not-utf8`; the file system's
 * errors
 */
export async function readPersonsText(disk: Disk, file: string, links?: Links): Promise<string> {
  const bytes = await disk.readFrom(file, 0, MOST_TEXT_BYTES + 1, links)
  if (bytes.length > MOST_TEXT_BYTES) throw tooLarge(file, MOST_TEXT_BYTES)
  return decodeText(bytes, file)
}

/** Replaces `target` atomically with text that may come in parts. Its folder must exist. */
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
 * Changes a new name's folder again, at a later server time. An NFS client trusts its listing until
 * the folder's time changes: if it listed between two changes in one clock tick, it misses the
 * second until a third. Costs two calls, on network file systems only.
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

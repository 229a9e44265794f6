/** Whole files, written aside and renamed: for the files that have no revisions (settings, applications, snapshots, cursors). */
import path from 'node:path'
import { uniqueToken } from '../lib/token.ts'
import { type Disk, unlessGone } from './disk.ts'

/** Replaces `target` at once: a reader sees the old text or the new, which may come in parts. Its folder must exist. */
export async function replaceFile(
  disk: Disk,
  target: string,
  text: string | Iterable<string>,
  durable = true,
): Promise<void> {
  const aside = path.join(path.dirname(target), `.${path.basename(target)}-${uniqueToken()}`)
  const file = await disk.create(aside)
  try {
    await file.finish(text, durable)
    await disk.rename(aside, target)
  } catch (error) {
    await unlessGone(disk.unlink(aside))
    throw error
  }
}

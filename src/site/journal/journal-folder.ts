/** The journal's folder, which somebody may replace with a link at any time. */
import path from 'node:path'
import { siteError } from '../../core/text/errors.ts'
import type { Disk } from '../disk/disk.ts'

/** Call it before every change in the folder. @throws BjobError `linked-folder` */
export async function refuseLinkedJournal(disk: Disk, folder: string): Promise<void> {
  if ((await disk.stat(folder))?.isSymbolicLink() === true)
    throw siteError('linked-folder', `${path.basename(folder)}/ is a link, and has to be a folder`, { path: folder })
}

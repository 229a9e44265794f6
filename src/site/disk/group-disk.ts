/**
 * The disk of a group's site, whose folder has the set-group-ID bit and is writable for the group.
 * The group may read and write all files of bjob there, whatever a member's umask. Files made by
 * jobs have the umask of the launcher.
 */
import fs from 'node:fs'
import { type Disk, makeParents, unlessGone } from './disk.ts'

const SET_GROUP_ID = 0o2000
const GROUP_WRITE = 0o020
const FILE_BITS = 0o060
const FOLDER_BITS = SET_GROUP_ID | 0o070

/**
 * @returns `disk` itself if the folder is not a group's, or the umask already leaves the group its
 *   rights
 */
export function shareWithGroup(disk: Disk, folder: string, umask = process.umask()): Disk {
  const isShared = (fs.statSync(folder).mode & (SET_GROUP_ID | GROUP_WRITE)) === (SET_GROUP_ID | GROUP_WRITE)
  if (!isShared || (umask & 0o070) === 0) return disk
  const allow = async (target: string, bits: number): Promise<void> => {
    const stat = await disk.stat(target)
    if (stat !== undefined && stat.uid === process.getuid?.()) await unlessGone(chmod(target, stat.mode | bits))
  }
  const mkdir: Disk['mkdir'] = async (target) => {
    await disk.mkdir(target)
    await allow(target, FOLDER_BITS)
  }
  return {
    ...disk,
    mkdir,
    makeParents: (target) => makeParents({ ...disk, mkdir }, target),
    create: async (target) => {
      const file = await disk.create(target)
      await allow(target, FILE_BITS)
      return file
    },
    openAppend: async (target) => {
      const file = await disk.openAppend(target)
      await allow(target, FILE_BITS)
      return file
    },
  }
}

async function chmod(target: string, mode: number): Promise<void> {
  await fs.promises.chmod(target, mode & 0o7777)
}

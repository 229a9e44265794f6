/**
 * The disk of a group's site: its folder has the set-group-ID bit and is the group's to write. Whatever a member's umask, the group may read and write
 * what bjob makes there: one member's umask must not stop everybody. What jobs make has the umask of whoever runs them.
 */
import fs from 'node:fs'
import { type Disk, makeParents, unlessGone } from './disk.ts'

const SET_GROUP_ID = 0o2000
const GROUP_WRITE = 0o020
const FILE_BITS = 0o060
const FOLDER_BITS = SET_GROUP_ID | 0o070

/** @returns `disk` as it is where the folder is no group's, and where the umask leaves the group its rights */
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

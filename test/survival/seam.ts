/**
 * Where the suites reach in: the disk that a folder is seen through, and the name of the journal
 * that a site's next process writes.
 */
import type { Disk } from '../../src/site/disk/disk.ts'

const disks = new Map<string, Disk>()
const hosts = new Map<string, string>()

export function useDisk(folder: string, disk: Disk | undefined): void {
  if (disk === undefined) disks.delete(folder)
  else disks.set(folder, disk)
}

export function diskOf(folder: string): Disk | undefined {
  return disks.get(folder)
}

export function useHost(root: string, host: string | undefined): void {
  if (host === undefined) hosts.delete(root)
  else hosts.set(root, host)
}

export function hostOf(root: string): string | undefined {
  return hosts.get(root)
}

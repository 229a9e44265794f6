/**
 * A control group with little memory, for a test of what the kernel does to jobs that take more.
 */
import fs from 'node:fs'
import path from 'node:path'

/** By the version of the kernel's control groups: the folder, and the file of the limit. */
const PLACES = [
  ['/sys/fs/cgroup/memory', 'memory.limit_in_bytes'],
  ['/sys/fs/cgroup', 'memory.max'],
] as const

/** @returns its folder, which is removed by rmdir; undefined where this user may not make one */
export function makeMemoryGroup(bytes: number): string | undefined {
  for (const [root, limit] of PLACES) {
    const folder = path.join(root, `bjob-test-${process.pid}`)
    try {
      fs.mkdirSync(folder)
    } catch {
      continue
    }
    try {
      fs.accessSync(path.join(folder, 'cgroup.procs'), fs.constants.W_OK)
      fs.writeFileSync(path.join(folder, limit), String(bytes))
      return folder
    } catch {
      fs.rmdirSync(folder)
    }
  }
  return undefined
}

/** Information about processes on this node from /proc, or from signals where there is none. */
import fs from 'node:fs'

/**
 * Sends `signal` to a process group, or to a process if `target` is negative. @returns false if
 * there is none
 */
export function signalGroup(group: number, signal: NodeJS.Signals | 0): boolean {
  try {
    process.kill(-group, signal)
    return true
  } catch (error) {
    if (error instanceof Error && 'code' in error && (error.code === 'ESRCH' || error.code === 'EPERM')) return false
    throw error
  }
}

export function isProcessAlive(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return readStat(pid) !== 'Z'
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** The one-letter state of a process (proc(5)), if available. */
function readStat(pid: number): string | undefined {
  try {
    const text = fs.readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).charAt(0)
  } catch {
    return undefined
  }
}

/** This user's processes whose environment has `variable=value`. */
export function findByEnvironment(variable: string, value: string): number[] {
  let names: string[]
  try {
    names = fs.readdirSync('/proc')
  } catch {
    return []
  }
  const pids = names.filter((name) => /^\d+$/.test(name)).map(Number)
  return pids.filter((pid) => isInEnvironment(pid, `${variable}=${value}`))
}

/** True if a process of this user was started with `wanted` (`NAME=VALUE`) in its environment. */
export function isInEnvironment(pid: number, wanted: string): boolean {
  try {
    return fs.readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(wanted)
  } catch {
    return false
  }
}

/** Kills a process that may have ended, or belong to another user. */
export function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // The process has ended.
  }
}

/** Identifies the scope of process ids: a pid from another scope is meaningless here. */
export function processScope(): string {
  try {
    return fs.readlinkSync('/proc/self/ns/pid')
  } catch {
    return 'pid:[unknown]'
  }
}

/** What the kernel tells of processes on this node, where there is a /proc; elsewhere as little as signals can find out. */
import fs from 'node:fs'

/** Sends `signal` to a process group, or to a process when `target` is its negative. @returns whether there was one to get it */
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

/** The one-letter state of a process (proc(5)), when it can be had. */
function readStat(pid: number): string | undefined {
  try {
    const text = fs.readFileSync(`/proc/${pid}/stat`, 'utf8')
    return text.slice(text.lastIndexOf(')') + 2).charAt(0)
  } catch {
    return undefined
  }
}

/** The processes of this user whose environment has `variable=value`. */
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

/** Whether a process of this user was started with `wanted`, as `NAME=VALUE`, in its environment. */
export function isInEnvironment(pid: number, wanted: string): boolean {
  try {
    return fs.readFileSync(`/proc/${pid}/environ`, 'latin1').split('\0').includes(wanted)
  } catch {
    return false
  }
}

/** Kills a process that may have ended by itself, or belong to another user. */
export function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // There is nothing to kill.
  }
}

/** Names the scope in which a process id means one process: pids of another scope say nothing here. */
export function processScope(): string {
  try {
    return fs.readlinkSync('/proc/self/ns/pid')
  } catch {
    return 'pid:[unknown]'
  }
}

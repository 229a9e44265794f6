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
    return readState(pid) !== 'Z'
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM'
  }
}

/** The one-letter state of a process (proc(5)), if available. */
function readState(pid: number): string | undefined {
  try {
    return /^State:\s+(\S)/m.exec(fs.readFileSync(`/proc/${pid}/status`, 'latin1'))?.[1]
  } catch {
    return undefined
  }
}

/** All processes of this node; empty without /proc. */
export function listPids(): number[] {
  try {
    return fs
      .readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name))
      .map(Number)
  } catch {
    return []
  }
}

/**
 * False for zombies, kernel threads, and processes in the middle of execve(2). The last may stay
 * there while a file system hangs, because execve closes files. Until it returns, reading their
 * `stat` or `environ` blocks, and not even SIGKILL ends that (seen on Linux 6.18).
 */
export function hasProgram(pid: number): boolean {
  try {
    const [, , , textPages] = fs.readFileSync(`/proc/${pid}/statm`, 'latin1').split(' ')
    return textPages !== '0'
  } catch {
    return false
  }
}

/** This user's processes whose environment has `variable=value`. */
export function findByEnvironment(variable: string, value: string): number[] {
  return listPids().filter((pid) => isInEnvironment(pid, `${variable}=${value}`))
}

/** True if a process of this user was started with `wanted` (`NAME=VALUE`) in its environment. */
export function isInEnvironment(pid: number, wanted: string): boolean {
  if (!hasProgram(pid)) return false
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

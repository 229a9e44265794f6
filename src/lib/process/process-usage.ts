/** The kernel's counters of processes on this node (proc(5)); empty without /proc. */
import fs from 'node:fs'
import { hasProgram, listPids } from './process-table.ts'

/** A process with its usage and that of its waited-for children. */
export interface ProcessUsage {
  readonly pid: number
  readonly parent: number
  readonly session: number
  /** A zombie: ended, but not yet waited for. */
  readonly isOver: boolean
  readonly cpuSeconds: number
}

/** The unit of times in /proc, on every architecture that Node.js supports. */
const TICKS_PER_SECOND = 100

/** All processes of this node; ones that end meanwhile may be missing. */
export function listProcesses(): ProcessUsage[] {
  return listPids().flatMap((pid) => {
    const text = hasProgram(pid) ? readText(`/proc/${pid}/stat`) : undefined
    if (text !== undefined) return [parseStat(text)]
    const status = readText(`/proc/${pid}/status`)
    return status === undefined ? [] : [parseStatus(status)]
  })
}

/** A line of /proc/PID/stat. The command's name may contain blanks and brackets. */
export function parseStat(text: string): ProcessUsage {
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ')
  const number = (at: number): number => Number(fields[at])
  return {
    pid: Number.parseInt(text, 10),
    parent: number(1),
    session: number(3),
    isOver: isOver(fields[0]),
    cpuSeconds: (number(11) + number(12) + number(13) + number(14)) / TICKS_PER_SECOND,
  }
}

/**
 * The text of /proc/PID/status, which has no CPU time. Unlike stat, it can be read while the
 * process is in the middle of execve(2).
 */
export function parseStatus(text: string): ProcessUsage {
  const field = (name: string): string => new RegExp(`^${name}:\\s+(\\S+)`, 'm').exec(text)?.[1] ?? ''
  return {
    pid: Number(field('Pid')),
    parent: Number(field('PPid')),
    session: Number(field('NSsid')),
    isOver: isOver(field('State')),
    cpuSeconds: 0,
  }
}

function isOver(state: string | undefined): boolean {
  return state === 'Z' || state === 'X'
}

/** CPU time of all children that this process has waited for, in seconds. */
export class ChildrenCpu {
  /** Kept open, because it is read after every job. */
  readonly #file = openQuietly('/proc/self/stat')
  readonly #bytes = Buffer.alloc(1024)

  read(): number | undefined {
    if (this.#file === undefined) return undefined
    const length = fs.readSync(this.#file, this.#bytes, 0, this.#bytes.length, 0)
    const text = this.#bytes.toString('latin1', 0, length)
    const fields = text.slice(text.lastIndexOf(')') + 2).split(' ', 15)
    return (Number(fields[13]) + Number(fields[14])) / TICKS_PER_SECOND
  }
}

/** Current and peak resident memory of a process in MiB; `undefined` if it has ended. */
export function readMemory(pid: number): { readonly nowMiB: number; readonly peakMiB: number } | undefined {
  const text = readText(`/proc/${pid}/status`)
  if (text === undefined) return undefined
  const sizeOf = (name: string): number => Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(text)?.[1] ?? 0) / 1024
  return { nowMiB: sizeOf('VmRSS'), peakMiB: sizeOf('VmHWM') }
}

/**
 * Groups processes by leader: descendants, and members of its session, whatever their parent.
 * @returns by leader
 */
export function groupByLeader(
  processes: readonly ProcessUsage[],
  leaders: ReadonlySet<number>,
): Map<number, ProcessUsage[]> {
  const byPid = new Map(processes.map((process) => [process.pid, process]))
  const groups = new Map<number, ProcessUsage[]>()
  for (const process of processes) {
    const leader = leaderOf(process, byPid, leaders)
    if (leader === undefined) continue
    const group = groups.get(leader)
    if (group === undefined) groups.set(leader, [process])
    else group.push(process)
  }
  return groups
}

function leaderOf(
  process: ProcessUsage,
  byPid: ReadonlyMap<number, ProcessUsage>,
  leaders: ReadonlySet<number>,
): number | undefined {
  const passed = new Set<number>()
  for (let at: ProcessUsage | undefined = process; at !== undefined && !passed.has(at.pid); at = byPid.get(at.parent)) {
    if (leaders.has(at.pid)) return at.pid
    if (leaders.has(at.session)) return at.session
    passed.add(at.pid)
  }
  return undefined
}

/** The running processes among `roots`, and all their descendants. */
export function withDescendants(processes: readonly ProcessUsage[], roots: Iterable<number>): number[] {
  const children = new Map<number, number[]>()
  for (const { pid, parent } of processes) {
    const siblings = children.get(parent)
    if (siblings === undefined) children.set(parent, [pid])
    else siblings.push(pid)
  }
  const found = new Set<number>(roots)
  // A Set iterates over elements added during iteration.
  for (const pid of found) for (const child of children.get(pid) ?? []) found.add(child)
  return processes.filter(({ pid, isOver }) => found.has(pid) && !isOver).map(({ pid }) => pid)
}

/**
 * This process's children, including adopted ones; `undefined` if the kernel does not list them.
 */
export class OwnChildren {
  /** Kept open, because it is read after every job. */
  readonly #file = openQuietly(`/proc/self/task/${process.pid}/children`)
  #bytes = Buffer.alloc(4096)

  read(): number[] | undefined {
    if (this.#file === undefined) return undefined
    const length = fs.readSync(this.#file, this.#bytes, 0, this.#bytes.length, 0)
    if (length === this.#bytes.length) {
      this.#bytes = Buffer.alloc(length * 2)
      return this.read()
    }
    return this.#bytes.toString('latin1', 0, length).split(' ').slice(0, -1).map(Number)
  }
}

function readText(file: string): string | undefined {
  try {
    return fs.readFileSync(file, 'latin1')
  } catch {
    return undefined
  }
}

function openQuietly(file: string): number | undefined {
  try {
    return fs.openSync(file, 'r')
  } catch {
    return undefined
  }
}

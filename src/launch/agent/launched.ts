/**
 * Finds the processes that a launcher's agents started on this node, without help from either: by
 * their inherited marks, their environment, and descent from both.
 */
import { type MarkRange, isInMarkRange, marksOf, partOf, readMark } from '../../lib/process/process-mark.ts'
import { isInEnvironment, killQuietly } from '../../lib/process/process-table.ts'
import { listProcesses, withDescendants } from '../../lib/process/process-usage.ts'
import { monotonicMs, sleep } from '../../lib/sleep.ts'

/**
 * A launcher's range of marks is divided among its agents, and an agent's range among its attempts.
 */
const AGENT_BITS = 20
/**
 * Time limit for processes to die. A process blocked in the kernel (hung file system) ends later.
 */
const LIMIT_MS = 10_000
/** Scans all processes, so the pause grows. */
const PAUSE_MS = 10
const LONGEST_PAUSE_MS = 500

/** @param index the agent's index among the launcher's agents */
export function agentMarks(launcher: string, index: number): MarkRange {
  return partOf(marksOf(launcher), index, AGENT_BITS)
}

/** @param key the attempt's number; 0 for the agent itself */
export function attemptMark(agent: MarkRange, key: number): bigint {
  return partOf(agent, key, 0).first
}

/** Selection of processes; `launcher` also selects by environment. */
export interface Sought {
  readonly marks: MarkRange
  readonly launcher?: string
}

/** Selects all processes that a launcher started on this node. */
export function launchedBy(launcher: string): Sought {
  return { marks: marksOf(launcher), launcher }
}

/** The selected processes, without this one. */
export function findLaunched({ marks, launcher }: Sought): number[] {
  const processes = listProcesses()
  const isSought = (pid: number): boolean =>
    isInMarkRange(marks, readMark(pid)) || (launcher !== undefined && isInEnvironment(pid, `BJOB_LAUNCHER=${launcher}`))
  const roots = processes.filter(({ pid, isOver }) => !isOver && isSought(pid)).map(({ pid }) => pid)
  return withDescendants(processes, roots).filter((pid) => pid !== process.pid)
}

/**
 * Kills the selected processes and those they start meanwhile.
 * @returns false if a process blocked in the kernel remains
 */
export async function endLaunched(sought: Sought): Promise<boolean> {
  const untilMs = monotonicMs() + LIMIT_MS
  for (let pauseMs = PAUSE_MS; ; pauseMs = Math.min(2 * pauseMs, LONGEST_PAUSE_MS)) {
    const left = findLaunched(sought)
    if (left.length === 0) return true
    if (monotonicMs() > untilMs) return false
    for (const pid of left) killQuietly(pid)
    await sleep(pauseMs)
  }
}

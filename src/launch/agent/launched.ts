/**
 * The processes that a launcher's agents have started on this node, found without the help of either: by the marks that all of them inherit, by
 * their environment, and by descent from those.
 */
import { type MarkRange, isInMarkRange, marksOf, partOf, readMark } from '../../lib/process/process-mark.ts'
import { isInEnvironment, killQuietly } from '../../lib/process/process-table.ts'
import { listProcesses, withDescendants } from '../../lib/process/process-usage.ts'
import { monotonicMs, sleep } from '../../lib/sleep.ts'

/** Of the marks of a launcher each agent has a part, and of that each attempt one. */
const AGENT_BITS = 20
/** A process that is in the kernel's hands (a hung file system) does not end before the kernel lets go. */
const LIMIT_MS = 10_000
const PAUSE_MS = 20

/** @param index the agent's place among those of its launcher */
export function agentMarks(launcher: string, index: number): MarkRange {
  return partOf(marksOf(launcher), index, AGENT_BITS)
}

/** @param key the attempt's number; 0 for the agent itself */
export function attemptMark(agent: MarkRange, key: number): bigint {
  return partOf(agent, key, 0).first
}

/** What is sought: `launcher` finds those too that have it in their environment. */
export interface Sought {
  readonly marks: MarkRange
  readonly launcher?: string
}

/** All that a launcher has started on this node. */
export function launchedBy(launcher: string): Sought {
  return { marks: marksOf(launcher), launcher }
}

/** Without this process. */
export function findLaunched({ marks, launcher }: Sought): number[] {
  const processes = listProcesses()
  const isSought = (pid: number): boolean =>
    isInMarkRange(marks, readMark(pid)) || (launcher !== undefined && isInEnvironment(pid, `BJOB_LAUNCHER=${launcher}`))
  const roots = processes.filter(({ pid, isOver }) => !isOver && isSought(pid)).map(({ pid }) => pid)
  return withDescendants(processes, roots).filter((pid) => pid !== process.pid)
}

/**
 * Kills them, and those that they start meanwhile.
 * @returns whether all have ended; one that has not is in the kernel's hands
 */
export async function endLaunched(sought: Sought): Promise<boolean> {
  const untilMs = monotonicMs() + LIMIT_MS
  for (;;) {
    const left = findLaunched(sought)
    if (left.length === 0) return true
    if (monotonicMs() > untilMs) return false
    for (const pid of left) killQuietly(pid)
    await sleep(PAUSE_MS)
  }
}

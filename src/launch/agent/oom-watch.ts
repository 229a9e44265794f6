/**
 * Detects jobs that failed because memory ran out. The kernel counts its kills per control group,
 * which all jobs of a node may share, so each kill explains one failure soon after it. Agents read
 * the counter; the launcher assigns kills to failures.
 */
import { readOomKills } from '../../lib/process/oom-counter.ts'
import { monotonicMs } from '../../lib/sleep.ts'

/** A process with much memory takes a while to disappear; later failures have another cause. */
const ECHO_MS = 30_000

/** Counts of the kernel's kills: now, and `ECHO_MS` ago. */
export interface OomKills {
  readonly now: number
  readonly before: number
}

/** The agent's side. */
export class OomWatch {
  readonly #looks: { readonly atMs: number; readonly count: number }[] = []

  /** Reads the counter. Call when a job starts, and regularly while any runs. */
  look(): void {
    const atMs = monotonicMs()
    const count = readOomKills()
    if (count === undefined) return
    const last = this.#looks.at(-1)
    if (last?.count !== count || atMs - last.atMs > ECHO_MS) this.#looks.push({ atMs, count })
    // Keeps one reading older than ECHO_MS.
    while ((this.#looks[1]?.atMs ?? Infinity) < atMs - ECHO_MS) this.#looks.shift()
  }

  recent(): OomKills | undefined {
    this.look()
    const first = this.#looks[0]
    const last = this.#looks.at(-1)
    return first === undefined || last === undefined ? undefined : { now: last.count, before: first.count }
  }
}

/** The launcher's side. */
export class OomAccounts {
  readonly #explained = new Map<string, number>()

  /** @returns true if a kill that has not yet explained a failure explains this one */
  explain(node: string, { now, before }: OomKills): boolean {
    const explained = Math.max(this.#explained.get(node) ?? 0, before)
    this.#explained.set(node, Math.min(now, explained + 1))
    return now > explained
  }
}

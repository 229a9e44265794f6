/**
 * Whether a job failed because memory ran out. The kernel counts its kills in a control group that all jobs of a node may share, so each kill
 * explains one failure, of a job that ends soon after it: the agents watch the counter, and the launcher keeps the accounts of each node.
 */
import { readOomKills } from '../../lib/process/oom-counter.ts'
import { monotonicMs } from '../../lib/sleep.ts'

/** A process that held much memory takes a while to be gone; a failure that comes later than this has another reason. */
const ECHO_MS = 30_000

/** How many kills the kernel has counted: until now, and until a while ago. */
export interface OomKills {
  readonly now: number
  readonly before: number
}

/** The agent's part. */
export class OomWatch {
  readonly #looks: { readonly atMs: number; readonly count: number }[] = []

  /** Call it when a job begins, and now and then while any runs. */
  look(): void {
    const atMs = monotonicMs()
    const count = readOomKills()
    if (count === undefined) return
    const last = this.#looks.at(-1)
    if (last?.count !== count || atMs - last.atMs > ECHO_MS) this.#looks.push({ atMs, count })
    // The first is to be the last of those that are long ago.
    while ((this.#looks[1]?.atMs ?? Infinity) < atMs - ECHO_MS) this.#looks.shift()
  }

  recent(): OomKills | undefined {
    this.look()
    const first = this.#looks[0]
    const last = this.#looks.at(-1)
    return first === undefined || last === undefined ? undefined : { now: last.count, before: first.count }
  }
}

/** The launcher's part. */
export class OomAccounts {
  readonly #explained = new Map<string, number>()

  /** @returns whether a failure on `node` is explained by a kill that has not explained another one */
  explain(node: string, { now, before }: OomKills): boolean {
    const explained = Math.max(this.#explained.get(node) ?? 0, before)
    this.#explained.set(node, Math.min(now, explained + 1))
    return now > explained
  }
}

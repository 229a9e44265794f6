/** Reports a repeated problem, such as a full disk, once and then counts it. */
import { monotonicMs } from '../lib/sleep.ts'
import type { LaunchEvent, Reporter } from './launch-events.ts'
import { countOf } from '../lib/text/count-of.ts'

/** Interval after which a lasting problem is reported again. */
const REPORT_INTERVAL_MS = 60_000

interface RecentProblem {
  atMs: number
  more: number
}

export class RepeatedProblems {
  readonly #forward: Reporter
  readonly #recent = new Map<string, RecentProblem>()

  constructor(forward: Reporter) {
    this.#forward = forward
  }

  /** Passes an event on unless one with the same cause was reported recently. */
  readonly report: Reporter = (event) => {
    const { cause } = event
    if (cause === undefined) return this.#forward(event)
    const recent = this.#recent.get(cause)
    if (recent !== undefined && monotonicMs() - recent.atMs < REPORT_INTERVAL_MS) {
      recent.more += 1
      return
    }
    this.#recent.set(cause, { atMs: monotonicMs(), more: 0 })
    this.#forward(recent === undefined || recent.more === 0 ? event : counted(event, recent.more))
  }

  /** Reports the counts that are still pending. */
  end(): void {
    for (const [cause, { more }] of this.#recent)
      if (more > 0)
        this.#forward({ kind: 'problem', message: `${cause}: ${countOf(more, 'more problem')} of this kind` })
    this.#recent.clear()
  }
}

function counted(event: LaunchEvent, more: number): LaunchEvent {
  return { ...event, message: `${event.message} (after ${more} more of this kind)` }
}

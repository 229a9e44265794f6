/** Reports a repeated problem, such as a full disk, once and then counts it. */
import { monotonicMs } from '../lib/sleep.ts'
import type { LaunchEvent, Reporter } from './launch-events.ts'

/** Interval after which a lasting problem is reported again. */
const AGAIN_MS = 60_000

interface Said {
  atMs: number
  more: number
}

export class RepeatedProblems {
  readonly #tell: Reporter
  readonly #said = new Map<string, Said>()

  constructor(tell: Reporter) {
    this.#tell = tell
  }

  /** Passes an event on unless one with the same cause was reported recently. */
  readonly report: Reporter = (event) => {
    const { cause } = event
    if (cause === undefined) return this.#tell(event)
    const said = this.#said.get(cause)
    if (said !== undefined && monotonicMs() - said.atMs < AGAIN_MS) {
      said.more += 1
      return
    }
    this.#said.set(cause, { atMs: monotonicMs(), more: 0 })
    this.#tell(said === undefined || said.more === 0 ? event : counted(event, said.more))
  }

  /** Reports the counts that are still pending. */
  end(): void {
    for (const [cause, { more }] of this.#said)
      if (more > 0) this.#tell({ kind: 'problem', message: `${cause}: ${more} more problems of this kind` })
    this.#said.clear()
  }
}

function counted(event: LaunchEvent, more: number): LaunchEvent {
  return { ...event, message: `${event.message} (after ${more} more of this kind)` }
}

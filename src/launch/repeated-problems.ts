/** A problem that repeats, as each job meets a full disk, is said once, and counted from then on. */
import { monotonicMs } from '../lib/sleep.ts'
import type { LaunchEvent, Reporter } from './launch-events.ts'

/** A problem that lasts is said again after this long. */
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

  /** Passes the event on, unless another of its cause was a moment ago. */
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

  /** Says what was counted and not said. */
  end(): void {
    for (const [cause, { more }] of this.#said)
      if (more > 0) this.#tell({ kind: 'problem', message: `${cause}: ${more} more problems of this kind` })
    this.#said.clear()
  }
}

function counted(event: LaunchEvent, more: number): LaunchEvent {
  return { ...event, message: `${event.message} (after ${more} more of this kind)` }
}

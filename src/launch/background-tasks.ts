/** The tasks that a launcher runs beside its loop, and waits for before it ends. */
import { type Reporter, errorCause, messageOf } from './launch-events.ts'

export class BackgroundTasks {
  readonly #report: Reporter
  readonly #onEnd: () => void
  readonly #running = new Set<Promise<void>>()

  /** @param onEnd called after each task of `run` */
  constructor(report: Reporter, onEnd: () => void) {
    this.#report = report
    this.#onEnd = onEnd
  }

  /** Runs a task. Errors are reported; the next event retries. */
  run(task: () => Promise<void>): void {
    this.add(
      task()
        .catch((error: unknown) =>
          this.#report({ kind: 'problem', message: messageOf(error), cause: errorCause(error) }),
        )
        .finally(this.#onEnd),
    )
  }

  /** Adds a task that handles its errors. */
  add(task: Promise<void>): void {
    const running = task.finally(() => this.#running.delete(running))
    this.#running.add(running)
  }

  /** Number of running tasks. */
  get count(): number {
    return this.#running.size
  }

  /** Waits until no task runs. */
  async drain(): Promise<void> {
    while (this.#running.size > 0) await Promise.race(this.#running)
  }
}

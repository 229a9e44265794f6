/** The stop request of a job, shared by its hooks and its processes. */
import type { Stop } from '../../core/life/outcome.ts'
import { monotonicMs, sleep } from '../../lib/sleep.ts'
import type { RemoteAttempt } from '../agent/agents.ts'

export class Stopping {
  #outcome: Stop | undefined
  #attempt: RemoteAttempt | undefined
  #terminate: (() => Promise<boolean>) | undefined

  /** Overrides the outcome that the processes suggest. */
  get outcome(): Stop | undefined {
    return this.#outcome
  }

  /**
   * Sets the target of a stop.
   * @param terminate asks the target to end where a signal would not; false if that failed
   */
  watch(attempt: RemoteAttempt | undefined, terminate?: () => Promise<boolean>): void {
    this.#attempt = attempt
    this.#terminate = terminate
  }

  /** Sends TERM, and KILL after `graceMs`. A later call can only hurry it. */
  stop(outcome: Stop, graceMs: number): void {
    const isFirst = this.#outcome === undefined
    this.#outcome ??= outcome
    const attempt = this.#attempt
    if (attempt === undefined) return
    if (!isFirst || graceMs === 0 || this.#terminate === undefined) attempt.stop(graceMs)
    else void this.#stopRanks(attempt, this.#terminate, graceMs)
  }

  /**
   * Ends the request once its target has ended, so that following steps, such as a timeout handler,
   * run.
   */
  settle(): void {
    if (this.#outcome?.kind === 'overran') this.#outcome = undefined
  }

  /** Like `stop`, for an MPI job whose launcher does not pass TERM on to its ranks. */
  async #stopRanks(attempt: RemoteAttempt, terminate: () => Promise<boolean>, graceMs: number): Promise<void> {
    const begunMs = monotonicMs()
    const isAsked = await terminate()
    const ended = new AbortController()
    void attempt.exit.then(() => ended.abort())
    if (isAsked) await sleep(graceMs - (monotonicMs() - begunMs), ended.signal)
    attempt.stop(isAsked ? 0 : graceMs)
  }
}

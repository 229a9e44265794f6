/** Why what runs of a job is being stopped, if it is, and how: one for all that runs of it in turn, its hooks and the job itself. */
import type { Stop } from '../../core/life/outcome.ts'
import { monotonicMs, sleep } from '../../lib/sleep.ts'
import type { RemoteAttempt } from '../agent/agents.ts'

export class Stopping {
  #outcome: Stop | undefined
  #attempt: RemoteAttempt | undefined
  #terminate: (() => Promise<boolean>) | undefined

  /** Decides what comes of the job, whatever its processes say. */
  get outcome(): Stop | undefined {
    return this.#outcome
  }

  /**
   * This is what a stop is to reach from now on.
   * @param terminate asks it to end where a signal would not; false when it could not be passed on
   */
  watch(attempt: RemoteAttempt | undefined, terminate?: () => Promise<boolean>): void {
    this.#attempt = attempt
    this.#terminate = terminate
  }

  /** TERM, after `graceMs` KILL. A later call may only hurry it. */
  stop(outcome: Stop, graceMs: number): void {
    const isFirst = this.#outcome === undefined
    this.#outcome ??= outcome
    const attempt = this.#attempt
    if (attempt === undefined) return
    if (!isFirst || graceMs === 0 || this.#terminate === undefined) attempt.stop(graceMs)
    else void this.#stopRanks(attempt, this.#terminate, graceMs)
  }

  /** What was to be stopped has ended, and what follows is not meant: a handler of a job that ran for too long. */
  settle(): void {
    if (this.#outcome?.kind === 'overran') this.#outcome = undefined
  }

  /** As `stop`, of an MPI job whose launcher does not pass TERM on to the ranks. */
  async #stopRanks(attempt: RemoteAttempt, terminate: () => Promise<boolean>, graceMs: number): Promise<void> {
    const begunMs = monotonicMs()
    const isAsked = await terminate()
    const ended = new AbortController()
    void attempt.exit.then(() => ended.abort())
    if (isAsked) await sleep(graceMs - (monotonicMs() - begunMs), ended.signal)
    attempt.stop(isAsked ? 0 : graceMs)
  }
}

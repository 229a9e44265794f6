/**
 * A job owned by this launcher, and the only way for it to change the job: only as long as it owns
 * this attempt. Changes that fail because of the file system are retried for as long as the lease
 * lasts.
 */
import { BjobError, siteError } from '../../core/text/errors.ts'
import {
  type Alteration,
  type HistoryEntry,
  type JobState,
  advance,
  bornAt,
  isOwned,
} from '../../core/life/job-state.ts'
import { sleep } from '../../lib/sleep.ts'
import { codeOf, isForbidden } from '../../site/disk/disk.ts'
import { changeJob } from '../../site/job/jobs.ts'
import type { RunContext } from './run-context.ts'
import { announceBroken } from './set-aside.ts'

const RETRY_MS = 1000

/** Reason for a refused change: the job is no longer this launcher's, or its files are broken. */
export type Refusal = 'not-mine' | 'broken'

/** A change of the job: history steps and other fields. */
export interface Move {
  readonly steps: readonly HistoryEntry[]
  readonly alteration?: Alteration
}

export class OwnedJob {
  readonly #context: RunContext
  readonly #id: string
  #state: JobState

  /** @param claimed the state written by this launcher's claim */
  constructor(context: RunContext, id: string, claimed: JobState) {
    this.#context = context
    this.#id = id
    this.#state = claimed
  }

  get state(): JobState {
    return this.#state
  }

  /** Changes the job; `decide` gets the current state and may be called more than once. */
  async move(decide: (current: JobState, now: string) => Move): Promise<JobState | Refusal> {
    const { site, launcher, lease, report } = this.#context
    const id = this.#id
    for (let triedMs = 0; ; triedMs += RETRY_MS) {
      try {
        const moved = await changeJob(
          site,
          id,
          (current) => {
            if (current.launcher !== launcher || current.attempt !== this.#state.attempt || !isOwned(current))
              return undefined
            const { steps, alteration } = decide(current, new Date().toISOString())
            return advance(current, steps, alteration)
          },
          this.#state.revision,
        )
        if (moved !== undefined) return (this.#state = moved)
        report({
          kind: 'job-lost',
          id,
          message: `${id} no longer belongs to this launcher; the end of its attempt was not recorded`,
        })
        return 'not-mine'
      } catch (error) {
        const message = error instanceof Error ? error.message : String(error)
        const cause = error instanceof BjobError ? {} : { cause: codeOf(error) }
        report({ kind: 'problem', id, message: `cannot write the state of ${id}: ${message}`, ...cause })
        if (lease.isLost()) return 'not-mine'
        if (error instanceof BjobError) return error.code === 'unknown-job' ? 'not-mine' : this.#setAside(error)
        // The lease was renewed meanwhile: the site can be written, and this folder cannot.
        if (isForbidden(error) && triedMs > site.settings.lease_seconds * 1000)
          return this.#setAside(siteError('forbidden-file', 'its folder cannot be changed: permission denied'))
        await sleep(RETRY_MS)
      }
    }
  }

  /** The job's files were broken meanwhile; recovery releases it once they are repaired. */
  async #setAside(error: BjobError): Promise<'broken'> {
    const { revision } = this.#state
    await announceBroken(this.#context.site, { id: this.#id, born: bornAt(this.#state), revision }, error)
    return 'broken'
  }
}

/**
 * Jobs as futures (Balsam's `FutureTask` and `wait`): a future resolves to its job's end, whatever
 * the state.
 */
import { requestError } from '../../core/text/errors.ts'
import type { JobEntry } from '../../core/index/job-entry.ts'
import type { JobId } from '../../core/job/id.ts'
import type { Site } from '../../site/site.ts'
import type { Catalogue } from '../view/catalogue.ts'
import { type KillOutcome, killJob } from '../change/kill-jobs.ts'
import { type JobResult, readResult } from './read-results.ts'
import { type WaitOptions, waitForEnds } from './wait-for-ends.ts'

/**
 * `active`: not known to have ended. `done`: JOB_FINISHED. `cancelled`: USER_KILLED, or removed.
 */
export type FutureState = 'active' | 'done' | 'failed' | 'cancelled'

export class JobFuture {
  readonly id: JobId
  readonly #site: Site
  readonly #catalogue: Catalogue
  readonly #file: string
  #end: JobResult | undefined

  /** @param file file in the job's folder whose content is part of the end */
  constructor(site: Site, catalogue: Catalogue, id: JobId, file: string) {
    this.#site = site
    this.#catalogue = catalogue
    this.id = id
    this.#file = file
  }

  /** The end, as of the last wait. */
  get end(): JobResult | undefined {
    return this.#end
  }

  get state(): FutureState {
    if (this.#end === undefined) return 'active'
    if (this.#end.state === 'JOB_FINISHED') return 'done'
    return this.#end.state === 'FAILED' ? 'failed' : 'cancelled'
  }

  /** Waits for the end; check its `state`. @throws BjobError `timeout` */
  async result(options: Omit<WaitOptions, 'any'> = {}): Promise<JobResult> {
    if (this.#end === undefined) await waitForFutures(this.#site, this.#catalogue, [this], options)
    if (this.#end !== undefined) return this.#end
    throw requestError('timeout', `${this.id} has not ended`)
  }

  /** Kills the job (see `KillOutcome`); a later wait returns that end. */
  async cancel(): Promise<KillOutcome> {
    return killJob(this.#site, this.id)
  }

  /** Reads the end. @param known the journal's entry, for a job with broken files */
  async settle(known?: JobEntry): Promise<void> {
    this.#end = await readResult(this.#site, this.id, this.#file, known)
  }
}

/** Futures by state. */
export type FutureOutcome = Readonly<Record<FutureState, readonly JobFuture[]>>

/**
 * Waits for all `futures`, or with `any` for one active one, within the timeout. Failed jobs do not
 * throw.
 */
export async function waitForFutures(
  site: Site,
  catalogue: Catalogue,
  futures: readonly JobFuture[],
  options: WaitOptions = {},
): Promise<FutureOutcome> {
  const active = new Map(futures.filter(({ state }) => state === 'active').map((future) => [future.id, future]))
  if (active.size > 0) {
    const { ended, gone } = await waitForEnds(site, catalogue, [...active.keys()], options)
    for (const entry of ended) await active.get(entry.id)?.settle(entry)
    for (const id of gone) await active.get(id)?.settle()
  }
  const inState = (wanted: FutureState): JobFuture[] => futures.filter(({ state }) => state === wanted)
  return {
    active: inState('active'),
    done: inState('done'),
    failed: inState('failed'),
    cancelled: inState('cancelled'),
  }
}

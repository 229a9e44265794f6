/** A handle on one job, returned by queries and `spawn`. */
import { type JobId, fullId, splitId } from '../../core/job/id.ts'
import type { JobEntry } from '../../core/index/job-entry.ts'
import { type ToldEntry, tell } from '../../core/life/event-words.ts'
import type { JobFields } from '../../core/job/job-values.ts'
import { plainFields } from '../../core/job/job-spec.ts'
import { type State, isEnded } from '../../core/life/states.ts'
import { readData, readJobFile, writeData } from '../../site/job/job-files.ts'
import { readJobState, readSpec, unknownJob } from '../../site/job/jobs.ts'
import { entryOf } from '../../core/index/job-entry.ts'
import type { Site } from '../../site/site.ts'
import { hasJob } from '../../site/disk/job-folder.ts'
import type { Change } from '../change/change.ts'
import { type KillOutcome, killJob } from '../change/kill-jobs.ts'

export class Job {
  readonly id: JobId
  readonly workflow: string
  readonly name: string
  /** The job's folder and working directory, absolute. */
  readonly dir: string
  readonly #site: Site
  #entry: JobEntry

  constructor(site: Site, entry: JobEntry) {
    const { workflow, name } = splitId(entry.id)
    this.id = entry.id
    this.workflow = workflow
    this.name = name
    this.dir = site.layout.job(entry.id).dir
    this.#site = site
    this.#entry = entry
  }

  /** Finds a job by its id. @throws BjobError `unknown-job`, `bad-id`, or for broken files */
  static async find(site: Site, id: JobId): Promise<Job> {
    const full = fullId(id)
    if (!(await hasJob(site, full))) throw unknownJob(full)
    const state = await readJobState(site, full)
    return new Job(site, entryOf(full, state, await readSpec(site, full, state)))
  }

  /** The state when this handle was made or last refreshed. */
  get state(): State {
    return this.#entry.state
  }

  get attempt(): number {
    return this.#entry.attempt
  }

  /** The owner or, for an ended job, the last owner. */
  get launcher(): string | undefined {
    return this.#entry.launcher
  }

  /** Time of the last change of state, ISO 8601. */
  get changed(): string {
    return this.#entry.changed
  }

  get isEnded(): boolean {
    return isEnded(this.#entry.state)
  }

  /** The job's entry from the journal and the folder. */
  get entry(): JobEntry {
    return this.#entry
  }

  /** @throws BjobError if job.yaml is broken */
  async specification(): Promise<JobFields> {
    return plainFields(await readSpec(this.#site, this.id))
  }

  /**
   * The text of a file in its folder. @throws BjobError `no-such-file`, `unsafe-path`,
   * `link-outside`, `unknown-job`
   */
  async readFile(name: string): Promise<string> {
    return readJobFile(this.#site, this.id, name)
  }

  /**
   * The history, oldest first; `message` is the whole message, `event` the event if there is one.
   */
  async history(): Promise<readonly ToldEntry[]> {
    return (await readJobState(this.#site, this.id)).history.map(tell)
  }

  /** Updates this handle from the job's folder. @throws BjobError `unknown-job` */
  async refresh(): Promise<this> {
    this.#entry = (await Job.find(this.#site, this.id)).#entry
    return this
  }

  /** Kills the job in any state (see `KillOutcome`). */
  async kill(): Promise<KillOutcome> {
    return killJob(this.#site, this.id)
  }

  /** The value of data.json, for the driver and the job. @throws BjobError `bad-data` */
  async data(): Promise<unknown> {
    return readData(this.#site, this.id)
  }

  /**
   * Replaces data.json at any time. @throws BjobError `bad-field` for a value that JSON cannot
   * represent
   */
  async setData(data: unknown): Promise<void> {
    await writeData(this.#site, this.id, data)
  }

  /**
   * Changes fields, in either spelling, while the job has no owner; `undefined` restores the
   * default. @throws BjobError `unknown-field`
   */
  async set(fields: Readonly<Record<string, unknown>>): Promise<Change> {
    const { amendJobs } = await import('../change/amend.ts')
    const assignments = Object.entries(fields).map(([field, value]) => ({ field, value }))
    return only(await amendJobs(this.#site, [this.id], assignments))
  }

  /** @throws BjobError `unknown-job`, `own-parent`, `cycle` */
  async addParent(parent: JobId): Promise<Change> {
    const { addParent } = await import('../change/amend.ts')
    return { id: this.id, ...(await addParent(this.#site, fullId(parent), this.id)) }
  }

  /** Retries a failed or killed job. */
  async retry(): Promise<Change> {
    const { retryJobs } = await import('../change/retry-jobs.ts')
    return only(await retryJobs(this.#site, [this.id], [(await this.refresh()).#entry]))
  }

  /** Moves its folder to the trash, unless a launcher owns it. */
  async remove(): Promise<Change> {
    const { removeJobs } = await import('../change/remove-jobs.ts')
    return only(await removeJobs(this.#site, [this.id]))
  }
}

function only(changes: readonly Change[]): Change {
  const [change] = changes
  if (change === undefined) throw new Error('no job was changed')
  return change
}

/**
 * The library: one object through which a driver spawns jobs, queries them, waits for them and
 * reads their results.
 */
import path from 'node:path'
import { BjobError, requestError } from '../core/text/errors.ts'
import { type Filter, compileFilter, exactIds } from '../core/index/filter.ts'
import { earlyStopWords } from '../core/life/event-words.ts'
import type { EarlyStop } from '../core/life/history-event.ts'
import { type JobId, fullId } from '../core/job/id.ts'
import type { SpawnRequest } from '../core/job/job-values.ts'
import type { State } from '../core/life/states.ts'
import { type Application, addApplication, listApplications, readApplication } from '../site/applications.ts'
import { readSpec } from '../site/job/jobs.ts'
import { type Site, openTree } from '../site/site.ts'
import { Catalogue } from './view/catalogue.ts'
import type { Change } from './change/change.ts'
import type { CloneOptions } from './spawn/plan-clones.ts'
import { type KillOutcome, killJob, requestKill } from './change/kill-jobs.ts'
import { type FutureOutcome, JobFuture, waitForFutures } from './ends/future.ts'
import { Job } from './query/job.ts'
import { type JobEnvironment, readJobEnvironment } from './job-environment.ts'
import { JobQuery } from './query/query.ts'
import type { JobResult, ResultOptions } from './ends/read-results.ts'
import { type Spawned, spawnInGroups, spawnJobs } from './spawn/spawn-jobs.ts'
import type { IfExists } from './spawn/name-choice.ts'
import type { SpawnContext, SpawnRecord } from './spawn/spawn-plan.ts'
import type { WaitOptions, WaitOutcome } from './ends/wait-for-ends.ts'

export interface SpawnOptions {
  /** If the name is taken: refuse (default), return the existing job, or append a number. */
  readonly ifExists?: IfExists
  /** Folder of input files; default: the current folder. */
  readonly folder?: string
}

/** A new application; omitted fields have the defaults of a file in `apps/`. */
export type NewApplication = Pick<Application, 'name' | 'executable'> & Partial<Application>

export class SiteClient {
  /** The tree below, for other parts of bjob. */
  readonly site: Site
  readonly #environment: JobEnvironment | undefined
  readonly #catalogue: Catalogue

  constructor(site: Site, environment: NodeJS.ProcessEnv = process.env) {
    this.site = site
    const told = readJobEnvironment(environment)
    this.#environment = told !== undefined && path.resolve(told.site) === site.layout.root ? told : undefined
    this.#catalogue = new Catalogue(site)
  }

  /** The site's folder. */
  get root(): string {
    return this.site.layout.root
  }

  /** The launcher's information for this process, if it is a job of this site. */
  get environment(): JobEnvironment | undefined {
    return this.#environment
  }

  /** All jobs; chain `filter`, `exclude`, `orderBy`, `slice`. */
  get jobs(): JobQuery {
    return new JobQuery(this.site, this.#catalogue)
  }

  /** The jobs selected by a command's filters. @throws BjobError `unknown-state`, `bad-id` */
  select(filter: Filter): JobQuery {
    const test = compileFilter(filter)
    return this.jobs.only(exactIds(filter)).where(test)
  }

  /** @throws BjobError `unknown-job`, `bad-id` */
  async job(id: JobId): Promise<Job> {
    return Job.find(this.site, id)
  }

  /** The job that this process runs in. */
  async currentJob(): Promise<Job | undefined> {
    return this.#environment === undefined ? undefined : this.job(this.#environment.id)
  }

  /**
   * Sets the job's state from its postprocess: JOB_FINISHED, FAILED or, after an error or a
   * timeout, RESTART_READY. The launcher applies it after the postprocess has succeeded. A handler
   * of an error or a timeout that sets no state leaves the job FAILED.
   * @throws BjobError `not-in-a-hook`, `bad-verdict`
   */
  async updateState(state: State, message = ''): Promise<void> {
    const { writeVerdict } = await import('../site/job/verdict.ts')
    if (this.#environment?.hook !== 'postprocess') {
      throw requestError('not-in-a-hook', "only a job's postprocess can set its state", {
        field: 'state',
      })
    }
    await writeVerdict(this.site, this.#environment.id, { state, message })
  }

  /** The parents of the current job; empty outside a job. */
  parents(): JobQuery {
    return this.jobs.filter({ id: this.#environment?.parents ?? [] })
  }

  /** The children of the current job; empty outside a job. */
  children(): JobQuery {
    return this.jobs.filter({ parents: this.#environment === undefined ? [] : [this.#environment.id] })
  }

  /** Names of the registered applications, sorted. */
  async applications(): Promise<string[]> {
    return listApplications(this.site.disk, this.site.layout)
  }

  /** @throws BjobError `unknown-application`, `bad-application` */
  async application(name: string): Promise<Application> {
    return readApplication(this.site.disk, this.site.layout, name)
  }

  /**
   * Registers an application. With `ifExists: 'reuse'`, an existing one is kept. @throws BjobError
   * `name-taken`, `bad-application`
   */
  async addApplication(
    application: NewApplication,
    { ifExists = 'error' }: { readonly ifExists?: 'error' | 'reuse' } = {},
  ): Promise<Application> {
    const { disk, layout } = this.site
    try {
      await addApplication(disk, layout, { shell: false, description: '', ...application })
    } catch (error) {
      const isThere = error instanceof BjobError && error.code === 'name-taken'
      if (!isThere || ifExists === 'error') throw error
    }
    return this.application(application.name)
  }

  /**
   * Makes a job. Inside a job, the new job is its child: in its workflow, with it and its parents
   * as parents.
   * @throws BjobError with the field
   */
  async spawn(request: SpawnRequest, options: SpawnOptions = {}): Promise<Job> {
    const [spawned] = await this.spawnRecords([{ record: request }], options)
    if (spawned === undefined) throw requestError('bad-field', 'nothing to spawn')
    return spawned.entry === undefined ? this.job(spawned.id) : new Job(this.site, spawned.entry)
  }

  /** Like `spawn`, for code that only makes sense inside a job. @throws BjobError `not-in-a-job` */
  async spawnChild(request: SpawnRequest, options: SpawnOptions = {}): Promise<Job> {
    if (this.#environment === undefined) {
      throw requestError('not-in-a-job', 'spawnChild works only inside a running job')
    }
    return this.spawn(request, options)
  }

  /**
   * Makes thousands of jobs, or none if any is invalid. @throws BjobError, or SpawnProblems with
   * all errors
   */
  async spawnMany(requests: Iterable<SpawnRequest>, options: SpawnOptions = {}): Promise<JobId[]> {
    const records = [...requests].map((record) => ({ record }))
    return (await this.spawnRecords(records, options)).map(({ id }) => id)
  }

  /** Like `spawnMany`, for records with positions in a file; `onMade` is called for each group. */
  async spawnRecords(
    records: readonly SpawnRecord[],
    options: SpawnOptions = {},
    onMade?: (spawned: readonly Spawned[]) => void,
  ): Promise<Spawned[]> {
    return spawnJobs(this.site, records, this.#spawnContext(options), onMade)
  }

  /**
   * Like `spawnRecords`, for more records than fit into memory: `records` is iterated twice.
   * `onChecked` gets the number checked so far.
   */
  async spawnInGroups(
    records: () => AsyncIterable<SpawnRecord>,
    options: SpawnOptions,
    onChecked: (count: number) => void,
    onMade: (spawned: readonly Spawned[]) => void,
  ): Promise<void> {
    return spawnInGroups(this.site, records, this.#spawnContext(options), onChecked, onMade)
  }

  #spawnContext({ folder, ifExists }: SpawnOptions): SpawnContext {
    return { current: this.#environment, folder: path.resolve(folder ?? process.cwd()), ifExists: ifExists ?? 'error' }
  }

  /** Waits until jobs end. @throws BjobError `unknown-job` */
  async wait(ids: JobId | Iterable<JobId>, options: WaitOptions = {}): Promise<WaitOutcome> {
    const { waitForJobs } = await import('./ends/wait-for-ends.ts')
    const wanted = typeof ids === 'string' ? [ids] : [...ids]
    return waitForJobs(this.site, this.#catalogue, wanted.map(fullId), options)
  }

  /**
   * Jobs as futures whose end includes `file`. Use `waitForFutures` to wait for any or all, as in
   * Balsam and `concurrent.futures`.
   */
  futures(ids: Iterable<JobId>, file = 'result.dat'): JobFuture[] {
    return [...ids].map((id) => new JobFuture(this.site, this.#catalogue, fullId(id), file))
  }

  /**
   * Waits for all `futures`, or with `any` for one active one; failed or missing jobs do not throw.
   */
  async waitForFutures(futures: readonly JobFuture[], options: WaitOptions = {}): Promise<FutureOutcome> {
    return waitForFutures(this.site, this.#catalogue, futures, options)
  }

  /**
   * The ended jobs, each end once: since `cursor`, a file maintained here, or from the beginning.
   * With `follow`, continues until `signal` fires. A result counts as delivered when the next one
   * is requested.
   */
  async *results(options: ResultOptions = {}): AsyncGenerator<JobResult> {
    const { followResults } = await import('./ends/read-results.ts')
    yield* followResults(this.site, options)
  }

  /** Kills a job. @throws BjobError `unknown-job` */
  async kill(id: JobId): Promise<KillOutcome> {
    return killJob(this.site, fullId(id))
  }

  /** Requests an early stop of an evaluation without waiting. @throws BjobError `unknown-job` */
  async stopEarly(id: JobId, early: EarlyStop): Promise<void> {
    await requestKill(this.site, fullId(id), earlyStopWords(early), early)
  }

  /** Retries a failed or killed job (see `Change`). */
  async retry(id: JobId): Promise<Change> {
    return (await this.job(id)).retry()
  }

  /** Moves a job's folder to the trash; a job owned by a launcher is refused. */
  async remove(id: JobId): Promise<Change> {
    return (await this.job(id)).remove()
  }

  /**
   * Makes `parent` a parent of `child`, which must not have started. @throws BjobError
   * `unknown-job`, `own-parent`, `cycle`
   */
  async addDependency(parent: JobId, child: JobId): Promise<Change> {
    return (await this.job(child)).addParent(parent)
  }

  /** Copies the jobs `ids` (see `CloneOptions`). @throws BjobError with the field; `name-taken` */
  async clone(ids: readonly JobId[], options: CloneOptions = {}, ifExists: IfExists = 'error'): Promise<Spawned[]> {
    const { planClones } = await import('./spawn/plan-clones.ts')
    const records = await planClones(this.site, ids.map(fullId), await this.#catalogue.entries(), options)
    return spawnJobs(this.site, records, { current: undefined, folder: process.cwd(), ifExists })
  }

  /** Closes the site. Without this call, readers have to check the last changes in the folders. */
  async close(): Promise<void> {
    await this.site.close()
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }
}

/**
 * Opens the site that contains `from`; by default that of BJOB_SITE, or the one around the current
 * folder.
 * @throws BjobError `no-site`, `bad-setting`
 */
export async function openSite(from?: string): Promise<SiteClient> {
  const site = from === undefined ? await openTree() : await openTree(from, {})
  return new SiteClient(site, await withParents(site, process.env))
}

/** With thousands of parents, the environment omits them, and job.yaml is read. */
async function withParents(site: Site, environment: NodeJS.ProcessEnv): Promise<NodeJS.ProcessEnv> {
  const told = readJobEnvironment(environment)
  const isTold = environment['BJOB_PARENT_IDS'] !== undefined
  if (told === undefined || isTold || path.resolve(told.site) !== site.layout.root) return environment
  try {
    const { parents } = await readSpec(site, told.id)
    return { ...environment, BJOB_PARENT_IDS: JSON.stringify(parents) }
  } catch (error) {
    // A missing or broken job has none.
    if (error instanceof BjobError) return environment
    throw error
  }
}

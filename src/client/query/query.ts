/**
 * Chainable, lazy queries over all jobs: each iteration, count or await reads the current state.
 */
import { BjobError, requestError } from '../../core/text/errors.ts'
import type { JobId } from '../../core/job/id.ts'
import type { JobEntry } from '../../core/index/job-entry.ts'
import { isEnded } from '../../core/life/states.ts'
import { mapConcurrently, AT_ONCE } from '../../lib/concurrently.ts'
import { readData } from '../../site/job/job-files.ts'
import type { Site } from '../../site/site.ts'
import type { Catalogue } from '../view/catalogue.ts'
import type { Change } from '../change/change.ts'
import { type Conditions, type EntryTest, compileConditions, compileData } from './condition.ts'
import type { KillOutcome } from '../change/kill-jobs.ts'
import { readerOf } from './entry-field.ts'
import { Job } from './job.ts'
import { compareByFields, firstInOrder } from './sort.ts'

interface Plan {
  /** The only ids that can match, if known. */
  readonly ids?: ReadonlySet<JobId>
  readonly tests: readonly EntryTest[]
  /** Tests of data.json, applied to jobs that pass all others. */
  readonly dataTests: readonly DataTest[]
  readonly orders: readonly string[]
  readonly start: number
  readonly end: number
}

type DataTest = (entry: JobEntry, data: unknown) => boolean

/**
 * The source of a query: all jobs, or the slice of another query. Jobs outside `ids` may be
 * omitted.
 */
type Source = (ids: ReadonlySet<JobId> | undefined) => Promise<JobEntry[]>

const EVERYTHING: Plan = { tests: [], dataTests: [], orders: ['id'], start: 0, end: Infinity }

export class JobQuery implements AsyncIterable<Job> {
  readonly #site: Site
  readonly #catalogue: Catalogue
  readonly #source: Source
  readonly #plan: Plan

  constructor(
    site: Site,
    catalogue: Catalogue,
    source: Source = (ids) => catalogue.entries(ids),
    plan: Plan = EVERYTHING,
  ) {
    this.#site = site
    this.#catalogue = catalogue
    this.#source = source
    this.#plan = plan
  }

  /** The jobs that meet all `conditions`. @throws BjobError `unknown-field`, `unknown-state` */
  filter(conditions: Conditions): JobQuery {
    const { data, ...others } = conditions
    const query = this.only(exactIds(others.id)).where(compileConditions(others))
    if (data === undefined) return query
    const test = compileData(data)
    return query.#with({ dataTests: [...query.#plan.dataTests, (_, found) => test(found)] })
  }

  /**
   * The jobs that do not meet all `conditions`. @throws BjobError `unknown-field`, `unknown-state`
   */
  exclude(conditions: Conditions): JobQuery {
    const { data, ...others } = conditions
    const test = compileConditions(others)
    if (data === undefined) return this.where((entry) => !test(entry))
    const dataTest = compileData(data)
    const query = this.#unsliced()
    const isKept: DataTest = (entry, found) => !(test(entry) && dataTest(found))
    return query.#with({ dataTests: [...query.#plan.dataTests, isKept] })
  }

  /** Asserts that only `ids` can match the following conditions, which avoids reading others. */
  only(ids: ReadonlySet<JobId> | undefined): JobQuery {
    const query = this.#unsliced()
    return ids === undefined || query.#plan.ids !== undefined ? query : query.#with({ ids })
  }

  /** The jobs accepted by a function. */
  where(test: EntryTest): JobQuery {
    const query = this.#unsliced()
    return query.#with({ tests: [...query.#plan.tests, test] })
  }

  /**
   * Sorts by these fields in turn; `-changed` = newest first. Default: by id. @throws BjobError
   * `unknown-field`
   */
  orderBy(...fields: readonly string[]): JobQuery {
    compareByFields(fields)
    return this.#unsliced().#with({ orders: [...fields, 'id'] })
  }

  /**
   * The jobs from `start` to before `end`, counted from 0. Later conditions select among these.
   * @throws RangeError below 0
   */
  slice(start: number, end = Infinity): JobQuery {
    if (!(start >= 0 && end >= 0)) throw new RangeError(`a slice needs bounds of at least 0, not ${start} to ${end}`)
    return this.#with({ start: this.#plan.start + start, end: Math.min(this.#plan.end, this.#plan.start + end) })
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Job> {
    for (const entry of await this.entries()) yield new Job(this.#site, entry)
  }

  async toArray(): Promise<Job[]> {
    return (await this.entries()).map((entry) => new Job(this.#site, entry))
  }

  async count(): Promise<number> {
    return Math.max(0, Math.min((await this.#matching()).length, this.#plan.end) - this.#plan.start)
  }

  async exists(): Promise<boolean> {
    return (await this.count()) > 0
  }

  async first(): Promise<Job | undefined> {
    const [entry] = await this.slice(0, 1).entries()
    return entry === undefined ? undefined : new Job(this.#site, entry)
  }

  /** The only matching job. @throws BjobError `no-match`, `many-match` */
  async get(conditions: Conditions = {}): Promise<Job> {
    const [entry, other] = await this.filter(conditions).slice(0, 2).entries()
    if (entry === undefined) throw requestError('no-match', 'no job matches')
    if (other !== undefined) throw requestError('many-match', `more than one job matches: ${entry.id}, ${other.id}, …`)
    return new Job(this.#site, entry)
  }

  /**
   * Values of a field of the job (`id`, `state`, …) or its specification, or records of several
   * fields. @throws BjobError `unknown-field`
   */
  async values(field: string): Promise<unknown[]>
  async values(...fields: readonly string[]): Promise<Record<string, unknown>[]>
  async values(...fields: readonly string[]): Promise<unknown[]> {
    const readers = fields.map((field) => [field, readerOf(field)] as const)
    const entries = await this.entries()
    const [first] = readers
    if (first !== undefined && readers.length === 1) return entries.map(first[1])
    return entries.map((entry) => Object.fromEntries(readers.map(([field, read]) => [field, read(entry)])))
  }

  /** Number of jobs by value of a field. @throws BjobError `unknown-field` */
  async countBy(field: string): Promise<Map<unknown, number>> {
    const read = readerOf(field)
    const { start, end } = this.#plan
    const counts = new Map<unknown, number>()
    for (const entry of start === 0 && end === Infinity ? await this.#matching() : await this.entries()) {
      const value = read(entry)
      counts.set(value, (counts.get(value) ?? 0) + 1)
    }
    return counts
  }

  /**
   * Changes fields of each job without an owner (see `Job.set`). @throws BjobError `unknown-field`
   */
  async update(fields: Readonly<Record<string, unknown>>): Promise<Change[]> {
    const { amendJobs } = await import('../change/amend.ts')
    const assignments = Object.entries(fields).map(([field, value]) => ({ field, value }))
    return amendJobs(this.#site, await this.#ids(), assignments)
  }

  /** Moves the folders of all jobs to the trash, except those owned by a launcher. */
  async delete(): Promise<Change[]> {
    const { removeJobs } = await import('../change/remove-jobs.ts')
    return removeJobs(this.#site, await this.#ids())
  }

  /** Kills all unfinished jobs, with `recursive` also their descendants (see `KillOutcome`). */
  async kill({ recursive = false }: { readonly recursive?: boolean } = {}): Promise<KillOutcome[]> {
    const { killFamilies, killJobs } = await import('../change/kill-jobs.ts')
    // An ended job may have running descendants.
    const open = (await this.entries()).filter(({ state }) => recursive || !isEnded(state)).map(({ id }) => id)
    return recursive ? killFamilies(this.#site, open) : killJobs(this.#site, open)
  }

  /** Retries all failed and killed jobs. */
  async retry(): Promise<Change[]> {
    const { retryJobs } = await import('../change/retry-jobs.ts')
    return retryJobs(this.#site, await this.#ids(), await this.#catalogue.entries())
  }

  async #ids(): Promise<string[]> {
    return (await this.entries()).map(({ id }) => id)
  }

  /** The plain entries, in order. */
  async entries(): Promise<JobEntry[]> {
    const { orders, start, end } = this.#plan
    const entries = await this.#matching()
    return firstInOrder(entries, end, compareByFields(orders)).slice(start)
  }

  async #matching(): Promise<JobEntry[]> {
    const { tests, dataTests } = this.#plan
    const passed = (await this.#source(this.#plan.ids)).filter((entry) => tests.every((test) => test(entry)))
    if (dataTests.length === 0) return passed
    const kept = await mapConcurrently(passed, AT_ONCE, async (entry) => {
      const data = await readDataIfThere(this.#site, entry.id)
      return dataTests.every((test) => test(entry, data))
    })
    return passed.filter((_, at) => kept[at])
  }

  /** Conditions and orders after a slice apply within the slice. */
  #unsliced(): JobQuery {
    const { orders, start, end } = this.#plan
    if (start === 0 && end === Infinity) return this
    return new JobQuery(this.#site, this.#catalogue, () => this.entries(), { ...EVERYTHING, orders })
  }

  #with(change: Partial<Plan>): JobQuery {
    return new JobQuery(this.#site, this.#catalogue, this.#source, { ...this.#plan, ...change })
  }
}

/** The ids listed by a condition, if it lists them all. */
function exactIds(condition: unknown): ReadonlySet<JobId> | undefined {
  if (typeof condition === 'string') return new Set([condition])
  return Array.isArray(condition) ? new Set(condition.map(String)) : undefined
}

/** A job may be removed between the two reads. */
async function readDataIfThere(site: Site, id: JobId): Promise<unknown> {
  try {
    return await readData(site, id)
  } catch (error) {
    if (error instanceof BjobError && error.code === 'unknown-job') return undefined
    throw error
  }
}

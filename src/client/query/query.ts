/** Chainable, lazy queries over all jobs: nothing is read until one is iterated, counted or awaited, and each time anew. */
import { canonicalField } from '../../core/job/field-names.ts'
import { BjobError, requestError } from '../../core/text/errors.ts'
import { type JobId, nameOf, workflowOf } from '../../core/job/id.ts'
import { type JobEntry, specOf } from '../../core/index/job-entry.ts'
import { isEnded } from '../../core/life/states.ts'
import { FIELD_NAMES } from '../../core/job/job-fields.ts'
import { mapConcurrently, AT_ONCE } from '../../lib/concurrently.ts'
import { didYouMean } from '../../lib/text/nearest.ts'
import { readData } from '../../site/job/job-files.ts'
import type { Site } from '../../site/site.ts'
import type { Catalogue } from '../view/catalogue.ts'
import type { Change } from '../change/change.ts'
import { type Conditions, type EntryTest, compileConditions, compileData } from './condition.ts'
import type { KillOutcome } from '../change/kill-jobs.ts'
import { Job } from './job.ts'
import { compareNaturally } from '../view/natural-order.ts'

interface Plan {
  /** No others can pass: they need not be looked at. */
  readonly ids?: ReadonlySet<JobId>
  readonly tests: readonly EntryTest[]
  /** Those that read a job's data.json, tried on what passes all others. */
  readonly dataTests: readonly DataTest[]
  readonly orders: readonly string[]
  readonly start: number
  readonly end: number
}

type DataTest = (entry: JobEntry, data: unknown) => boolean

/** Where a query takes its jobs from: all there are, or another query that was cut to a slice. Those of other ids than `ids` may be left out. */
type Source = (ids: ReadonlySet<JobId> | undefined) => Promise<JobEntry[]>

const EVERYTHING: Plan = { tests: [], dataTests: [], orders: ['id'], start: 0, end: Infinity }

/** Fields of a job that are not in its specification. */
const OWN_FIELDS: Readonly<Record<string, (entry: JobEntry) => unknown>> = {
  id: (entry) => entry.id,
  name: ({ id }) => nameOf(id),
  workflow: ({ id }) => workflowOf(id),
  state: (entry) => entry.state,
  attempt: (entry) => entry.attempt,
  launcher: (entry) => entry.launcher,
  born: (entry) => entry.born,
  changed: (entry) => entry.changed,
}

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

  /** Those that meet all of `conditions`. @throws BjobError `unknown-field`, `unknown-state` */
  filter(conditions: Conditions): JobQuery {
    const { data, ...others } = conditions
    const query = this.only(exactIds(others.id)).where(compileConditions(others))
    if (data === undefined) return query
    const test = compileData(data)
    return query.#with({ dataTests: [...query.#plan.dataTests, (_, found) => test(found)] })
  }

  /** Those that do not meet all of `conditions`. @throws BjobError `unknown-field`, `unknown-state` */
  exclude(conditions: Conditions): JobQuery {
    const { data, ...others } = conditions
    const test = compileConditions(others)
    if (data === undefined) return this.where((entry) => !test(entry))
    const dataTest = compileData(data)
    const query = this.#unsliced()
    const isKept: DataTest = (entry, found) => !(test(entry) && dataTest(found))
    return query.#with({ dataTests: [...query.#plan.dataTests, isKept] })
  }

  /** Says that no others than `ids` pass what is chained after it: that spares looking at them. */
  only(ids: ReadonlySet<JobId> | undefined): JobQuery {
    const query = this.#unsliced()
    return ids === undefined || query.#plan.ids !== undefined ? query : query.#with({ ids })
  }

  /** Those that a function of one's own lets through. */
  where(test: EntryTest): JobQuery {
    const query = this.#unsliced()
    return query.#with({ tests: [...query.#plan.tests, test] })
  }

  /** By these fields, the first counting most; `-changed` = newest first. Without it: by id. @throws BjobError `unknown-field` */
  orderBy(...fields: readonly string[]): JobQuery {
    for (const field of fields) readerOf(field.replace(/^-/, ''))
    return this.#unsliced().#with({ orders: [...fields, 'id'] })
  }

  /** Those from `start` up to and without `end`, counted from 0. What is chained after it chooses among these. @throws RangeError below 0 */
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

  /** The one that there is. @throws BjobError `no-match`, `many-match` */
  async get(conditions: Conditions = {}): Promise<Job> {
    const [entry, other] = await this.filter(conditions).slice(0, 2).entries()
    if (entry === undefined) throw requestError('no-match', 'no job matches')
    if (other !== undefined) throw requestError('many-match', `more than one job matches: ${entry.id}, ${other.id}, …`)
    return new Job(this.#site, entry)
  }

  /** Fields of each, of the job (`id`, `state`, …) or of its specification: of one field the values, of several a record. @throws BjobError `unknown-field` */
  async values(field: string): Promise<unknown[]>
  async values(...fields: readonly string[]): Promise<Record<string, unknown>[]>
  async values(...fields: readonly string[]): Promise<unknown[]> {
    const readers = fields.map((field) => [field, readerOf(field)] as const)
    const entries = await this.entries()
    const [first] = readers
    if (first !== undefined && readers.length === 1) return entries.map(first[1])
    return entries.map((entry) => Object.fromEntries(readers.map(([field, read]) => [field, read(entry)])))
  }

  /** How many have each value of a field. @throws BjobError `unknown-field` */
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

  /** Changes fields of each that nobody has (see `Job.set`). @throws BjobError `unknown-field` */
  async update(fields: Readonly<Record<string, unknown>>): Promise<Change[]> {
    const { amendJobs } = await import('../change/amend.ts')
    const assignments = Object.entries(fields).map(([field, value]) => ({ field, value }))
    return amendJobs(this.#site, await this.#ids(), assignments)
  }

  /** Moves the folders of all to the trash, but of those that a launcher has. */
  async delete(): Promise<Change[]> {
    const { removeJobs } = await import('../change/remove-jobs.ts')
    return removeJobs(this.#site, await this.#ids())
  }

  /** Ends each that has not ended, with `recursive` all jobs below them, too: their children, and so on (see `KillOutcome`). */
  async kill({ recursive = false }: { readonly recursive?: boolean } = {}): Promise<KillOutcome[]> {
    const { killFamilies, killJobs } = await import('../change/kill-jobs.ts')
    // Below one that has ended there may be others.
    const open = (await this.entries()).filter(({ state }) => recursive || !isEnded(state)).map(({ id }) => id)
    return recursive ? killFamilies(this.#site, open) : killJobs(this.#site, open)
  }

  /** Gives each that has failed or was killed another chance. */
  async retry(): Promise<Change[]> {
    const { retryJobs } = await import('../change/retry-jobs.ts')
    return retryJobs(this.#site, await this.#ids(), await this.#catalogue.entries())
  }

  async #ids(): Promise<string[]> {
    return (await this.entries()).map(({ id }) => id)
  }

  /** The bare records, in order. */
  async entries(): Promise<JobEntry[]> {
    const { orders, start, end } = this.#plan
    const entries = await this.#matching()
    const keys = orders.map((order) => ({
      read: readerOf(order.replace(/^-/, '')),
      sign: order.startsWith('-') ? -1 : 1,
    }))
    const compare = (one: JobEntry, other: JobEntry): number => {
      for (const { read, sign } of keys) {
        const difference = compareValues(read(one), read(other))
        if (difference !== 0) return sign * difference
      }
      return 0
    }
    return firstOf(entries, end, compare).slice(start)
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

  /** What is chosen or ordered after a slice is chosen among what the slice holds. */
  #unsliced(): JobQuery {
    const { orders, start, end } = this.#plan
    if (start === 0 && end === Infinity) return this
    return new JobQuery(this.#site, this.#catalogue, () => this.entries(), { ...EVERYTHING, orders })
  }

  #with(change: Partial<Plan>): JobQuery {
    return new JobQuery(this.#site, this.#catalogue, this.#source, { ...this.#plan, ...change })
  }
}

/** The ids that a condition names, where it names them all. */
function exactIds(condition: unknown): ReadonlySet<JobId> | undefined {
  if (typeof condition === 'string') return new Set([condition])
  return Array.isArray(condition) ? new Set(condition.map(String)) : undefined
}

/** The first `count` in order. Of a page of many, most are never put in order. */
function firstOf(entries: JobEntry[], count: number, compare: (one: JobEntry, other: JobEntry) => number): JobEntry[] {
  if (count * 10 > entries.length) return entries.sort(compare).slice(0, count)
  const first: JobEntry[] = []
  for (const entry of entries) {
    const last = first.at(-1)
    if (first.length === count && (last === undefined || compare(entry, last) >= 0)) continue
    const at = first.findIndex((other) => compare(entry, other) < 0)
    first.splice(at < 0 ? first.length : at, 0, entry)
    if (first.length > count) first.pop()
  }
  return first
}

/** A job may be removed between the look at the journal and the one at its file. */
async function readDataIfThere(site: Site, id: JobId): Promise<unknown> {
  try {
    return await readData(site, id)
  } catch (error) {
    if (error instanceof BjobError && error.code === 'unknown-job') return undefined
    throw error
  }
}

/** @throws BjobError `unknown-field` */
export function readerOf(field: string): (entry: JobEntry) => unknown {
  const own = OWN_FIELDS[field]
  if (own !== undefined) return own
  const name = canonicalField(field)
  if (!FIELD_NAMES.includes(name)) {
    const known = [...Object.keys(OWN_FIELDS), ...FIELD_NAMES]
    throw requestError('unknown-field', `a job has no field ${field}${didYouMean(field, known)}`, {
      field,
      hint: `fields: ${known.join(' ')}`,
    })
  }
  return (entry) => specOf(entry).field(name)
}

function compareValues(one: unknown, other: unknown): number {
  if (typeof one === 'number' && typeof other === 'number') return one - other
  return compareNaturally(textOf(one), textOf(other))
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value)
}

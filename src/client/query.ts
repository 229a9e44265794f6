/** Chainable, lazy queries over all jobs: nothing is read until one is iterated, counted or awaited, and each time anew. */
import { FIELD_NAMES, canonicalField, fromRecord } from '../core/specification.ts'
import { requestError } from '../core/errors.ts'
import type { IndexEntry } from '../core/job-index.ts'
import { nearestWord } from '../lib/nearest.ts'
import type { Site } from '../site/site.ts'
import type { Catalogue } from './catalogue.ts'
import type { Change } from './change.ts'
import { type Conditions, type EntryTest, compileConditions } from './condition.ts'
import { Job } from './job.ts'
import { compareNaturally } from './natural-order.ts'

interface Plan {
  readonly tests: readonly EntryTest[]
  readonly orders: readonly string[]
  readonly start: number
  readonly end: number
}

/** Fields of a job that are not in its specification. */
const OWN_FIELDS: Readonly<Record<string, (entry: IndexEntry) => unknown>> = {
  id: (entry) => entry.id,
  name: (entry) => entry.id.slice(entry.id.indexOf('/') + 1),
  workflow: (entry) => entry.id.slice(0, entry.id.indexOf('/')),
  state: (entry) => entry.state,
  attempt: (entry) => entry.attempt,
  launcher: (entry) => entry.launcher,
  born: (entry) => entry.born,
  changed: (entry) => entry.changed,
}

export class JobQuery implements AsyncIterable<Job> {
  readonly #site: Site
  readonly #catalogue: Catalogue
  readonly #plan: Plan

  constructor(site: Site, catalogue: Catalogue, plan: Plan = { tests: [], orders: ['id'], start: 0, end: Infinity }) {
    this.#site = site
    this.#catalogue = catalogue
    this.#plan = plan
  }

  /** Those that meet all of `conditions`. @throws BjobError `unknown-field`, `unknown-state` */
  filter(conditions: Conditions): JobQuery {
    return this.where(compileConditions(conditions))
  }

  /** Those that do not meet all of `conditions`. */
  exclude(conditions: Conditions): JobQuery {
    const test = compileConditions(conditions)
    return this.where((entry) => !test(entry))
  }

  /** Those that a function of one's own lets through. */
  where(test: EntryTest): JobQuery {
    return this.#with({ tests: [...this.#plan.tests, test] })
  }

  /** By these fields, the first counting most; `-changed` = newest first. Without it: by id. @throws BjobError `unknown-field` */
  orderBy(...fields: readonly string[]): JobQuery {
    for (const field of fields) readerOf(field.replace(/^-/, ''))
    return this.#with({ orders: [...fields, 'id'] })
  }

  /** Those from `start` up to and without `end`, counted from 0. */
  slice(start: number, end = Infinity): JobQuery {
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

  /** One field of each: of the job (`id`, `state`, …) or of its specification. @throws BjobError `unknown-field` */
  async values(field: string): Promise<unknown[]> {
    return (await this.entries()).map(readerOf(field))
  }

  /** Changes fields of each that nobody has (see `Job.set`). @throws BjobError `unknown-field` */
  async update(fields: Readonly<Record<string, unknown>>): Promise<Change[]> {
    const { amendJobs } = await import('./amend.ts')
    const assignments = Object.entries(fields).map(([field, value]) => ({ field, value }))
    return amendJobs(this.#site, await this.#ids(), assignments)
  }

  /** Moves the folders of all to the trash, but of those that a launcher has. */
  async delete(): Promise<Change[]> {
    const { removeJobs } = await import('./remove.ts')
    return removeJobs(this.#site, await this.#ids())
  }

  /** Gives each that has failed or was killed another chance. */
  async retry(): Promise<Change[]> {
    const { retryJobs } = await import('./retry.ts')
    return retryJobs(this.#site, await this.#ids(), await this.#catalogue.entries())
  }

  async #ids(): Promise<string[]> {
    return (await this.entries()).map(({ id }) => id)
  }

  /** The bare records, in order. */
  async entries(): Promise<IndexEntry[]> {
    const entries = await this.#matching()
    const { orders, start, end } = this.#plan
    const keys = orders.map((order) => ({
      read: readerOf(order.replace(/^-/, '')),
      sign: order.startsWith('-') ? -1 : 1,
    }))
    entries.sort((one, other) => {
      for (const { read, sign } of keys) {
        const difference = compareValues(read(one), read(other))
        if (difference !== 0) return sign * difference
      }
      return 0
    })
    return entries.slice(start, end)
  }

  async #matching(): Promise<IndexEntry[]> {
    const { tests } = this.#plan
    return (await this.#catalogue.entries()).filter((entry) => tests.every((test) => test(entry)))
  }

  #with(change: Partial<Plan>): JobQuery {
    return new JobQuery(this.#site, this.#catalogue, { ...this.#plan, ...change })
  }
}

/** @throws BjobError `unknown-field` */
export function readerOf(field: string): (entry: IndexEntry) => unknown {
  const own = OWN_FIELDS[field]
  if (own !== undefined) return own
  const name = canonicalField(field)
  if (!FIELD_NAMES.includes(name)) {
    const known = [...Object.keys(OWN_FIELDS), ...FIELD_NAMES]
    const near = nearestWord(field, known)
    throw requestError(
      'unknown-field',
      `a job has no field ${field}${near === undefined ? '' : `; did you mean ${near}?`}`,
      { field, hint: `it has: ${known.join(' ')}` },
    )
  }
  const camel = name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
  return (entry) => new Map(Object.entries(fromRecord(entry.spec ?? {}))).get(camel)
}

function compareValues(one: unknown, other: unknown): number {
  if (typeof one === 'number' && typeof other === 'number') return one - other
  return compareNaturally(textOf(one), textOf(other))
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value)
}

/**
 * Queries against their definition: whatever was asked of whatever tree, the answer is what reading
 * all folders and trying each job would give.
 */
import fs from 'node:fs'
import path from 'node:path'
import { fc, test } from '@fast-check/vitest'
import { expect } from 'vitest'
import { parse } from 'yaml'
import type { Conditions, MatchOperators } from '../../../src/client/query/condition.ts'
import type { JobQuery } from '../../../src/client/query/query.ts'
import { checkSpec } from '../../../src/core/job/check-spec.ts'
import type { State } from '../../../src/core/life/states.ts'
import { endJob, makeFixture } from './fixture.ts'

const WORDS = ['a', 'b1', 'B2', 'ab', 'b10', 'ba1']
const STATES: readonly State[] = ['CREATED', 'JOB_FINISHED', 'FAILED', 'RUNNING']
const word = fc.constantFrom(...WORDS)

interface Born {
  readonly name: string
  readonly workflow: string
  readonly application: string
  readonly priority: number
  readonly parents: number[]
  readonly tag: string | undefined
  readonly data: { readonly loss: number | string } | undefined
  readonly fate: 'stays' | 'ends' | 'fails' | 'removed'
}

const born: fc.Arbitrary<Born> = fc.record({
  name: word,
  workflow: fc.constantFrom('w', 'W2'),
  application: fc.constantFrom('hello', 'other'),
  priority: fc.integer({ min: -2, max: 2 }),
  parents: fc.array(fc.nat({ max: 11 }), { maxLength: 2 }),
  tag: fc.option(word, { nil: undefined }),
  data: fc.option(fc.record({ loss: fc.oneof(fc.integer({ min: 0, max: 2 }), word) }), { nil: undefined }),
  fate: fc.constantFrom('stays', 'stays', 'ends', 'fails', 'removed'),
})

const trees = fc.uniqueArray(born, {
  minLength: 1,
  maxLength: 12,
  selector: ({ name, workflow }) => `${workflow}/${name}`,
})

/** A job as its folder has it. */
interface Found {
  readonly id: string
  readonly name: string
  readonly workflow: string
  readonly state: string
  readonly attempt: number
  readonly application: string
  readonly priority: number
  readonly parents: readonly string[]
  readonly tags: Readonly<Record<string, string>>
  readonly data: Readonly<Record<string, unknown>> | undefined
}

function readFolders(root: string): Found[] {
  const found: Found[] = []
  for (const workflow of fs.readdirSync(path.join(root, 'jobs'))) {
    for (const name of fs.readdirSync(path.join(root, 'jobs', workflow))) {
      const read = (file: string): string => fs.readFileSync(path.join(root, 'jobs', workflow, name, file), 'utf8')
      const spec = checkSpec(parse(read('job.yaml')))
      if (!spec.ok) throw new Error(`${name}: job.yaml is wrong`)
      const { application, priority, parents, tags } = spec.value
      const { state, attempt } = parse(read('state.yaml')) as { state: string; attempt?: number }
      const hasData = fs.existsSync(path.join(root, 'jobs', workflow, name, 'data.json'))
      const data = hasData ? (JSON.parse(read('data.json')) as Record<string, unknown>) : undefined
      const id = `${workflow}/${name}`
      found.push({ id, name, workflow, state, attempt: attempt ?? 0, application, priority, parents, tags, data })
    }
  }
  return found
}

/**
 * A record of one of these, seldom of more: of a job that has to meet everything at once there is
 * none, and nothing would be tried.
 */
function few<T extends object>(fields: { readonly [Key in keyof T]?: fc.Arbitrary<T[Key]> }): fc.Arbitrary<T> {
  const all = new Map(Object.entries<fc.Arbitrary<unknown> | undefined>(fields))
  const keys = [...all.keys()]
  const chosen = fc.oneof(
    { weight: 4, arbitrary: fc.subarray(keys, { minLength: 1, maxLength: 1 }) },
    { weight: 1, arbitrary: fc.subarray(keys, { maxLength: 2 }) },
  )
  return chosen.chain((some) =>
    fc.record(Object.fromEntries(some.map((key) => [key, all.get(key) ?? fc.constant(undefined)]))),
  ) as fc.Arbitrary<T>
}

const operators: fc.Arbitrary<MatchOperators> = few<MatchOperators>({
  contains: fc.constantFrom('a', 'b', '1', ''),
  startsWith: word,
  icontains: word,
  glob: fc.constantFrom('b*', '*1*', 'a', ['a*', '*2'], ['B2', '*1']),
  in: fc.array(word, { maxLength: 3 }),
})
const match = fc.oneof(word, fc.array(word, { maxLength: 3 }), operators)
const id = fc.tuple(fc.constantFrom('w', 'W2'), word).map(([workflow, name]) => `${workflow}/${name}`)
const ids = fc.array(id, { maxLength: 3 })
const partOfId = few<MatchOperators>({
  icontains: fc.constantFrom('W/a', 'w2', 'B'),
  startsWith: fc.constantFrom('w/', 'W2/b'),
  in: ids,
})
const conditions: fc.Arbitrary<Conditions> = few<Conditions>({
  name: match,
  id: fc.oneof(
    id,
    ids,
    ids.map((some) => new Set(some)),
    partOfId,
  ),
  workflow: fc.oneof(fc.constantFrom('w', 'W2', 'none'), operators),
  state: fc.oneof(
    fc.constantFrom(...STATES),
    fc.array(fc.constantFrom(...STATES)),
    fc.record({ in: fc.array(fc.constantFrom(...STATES)) }),
    fc.constantFrom({ glob: '*ED' }, { contains: 'N' }),
  ),
  application: fc.oneof(fc.constantFrom('hello', 'other'), fc.constant({ icontains: 'HELL' })),
  parents: fc.oneof(id, ids, partOfId),
  tags: fc.record({ k: match }),
  data: fc.record({ loss: fc.oneof(fc.integer({ min: 0, max: 2 }), match) }),
})

const FIELDS = ['id', 'name', 'state', 'priority', 'attempt', '-name', '-priority', '-state'] as const

type Step =
  | { readonly kind: 'filter'; readonly conditions: Conditions }
  | { readonly kind: 'exclude'; readonly conditions: Conditions }
  | { readonly kind: 'orderBy'; readonly fields: readonly (typeof FIELDS)[number][] }
  | { readonly kind: 'slice'; readonly start: number; readonly length: number }

const step: fc.Arbitrary<Step> = fc.oneof(
  fc.record({ kind: fc.constant('filter' as const), conditions }),
  fc.record({ kind: fc.constant('exclude' as const), conditions }),
  fc.record({
    kind: fc.constant('orderBy' as const),
    fields: fc.array(fc.constantFrom(...FIELDS), { minLength: 1, maxLength: 2 }),
  }),
  fc.record({ kind: fc.constant('slice' as const), start: fc.nat({ max: 3 }), length: fc.nat({ max: 5 }) }),
)

function meetsMatch(value: unknown, wanted: unknown): boolean {
  if (typeof wanted === 'number') return value === wanted
  if (typeof value !== 'string') return false
  if (typeof wanted === 'string') return value === wanted
  if (Array.isArray(wanted) || wanted instanceof Set) return [...wanted].includes(value)
  const { contains = '', startsWith = '', icontains = '', glob = '*', in: list = [value] } = wanted as MatchOperators
  const isMeant = (one: string): boolean =>
    new RegExp(`^${one.replaceAll(/[^\w*]/g, String.raw`\$&`).replaceAll('*', '.*')}$`).test(value)
  return (
    [...list].includes(value) &&
    value.includes(contains) &&
    value.startsWith(startsWith) &&
    value.toLowerCase().includes(icontains.toLowerCase()) &&
    (typeof glob === 'string' ? [glob] : [...glob]).some(isMeant)
  )
}

function meets(job: Found, wanted: Conditions): boolean {
  return Object.entries(wanted).every(([field, match]) => {
    if (field === 'parents') return job.parents.some((parent) => meetsMatch(parent, match))
    if (field === 'tags') return meetsMatch(job.tags['k'], (match as Record<string, unknown>)['k'])
    if (field === 'data') return meetsMatch(job.data?.['loss'], (match as Record<string, unknown>)['loss'])
    return meetsMatch(job[field as keyof Found], match)
  })
}

function compare(one: Found, other: Found, fields: readonly string[]): number {
  for (const order of [...fields, 'id']) {
    const field = order.replace('-', '') as keyof Found
    const [left, right] = [one[field], other[field]] as [string | number, string | number]
    const isNumber = typeof left === 'number' && typeof right === 'number'
    const collator = new Intl.Collator('en', { numeric: true, caseFirst: 'upper', sensitivity: 'variant' })
    // Words of these tests: upper case before lower case, as their codes are.
    const byWord = isNumber
      ? left - right
      : caseOrder(String(left), String(right)) || collator.compare(String(left), String(right))
    if (byWord !== 0) return order.startsWith('-') ? -byWord : byWord
  }
  return 0
}

/** By code at the first letters that differ in more than digits; 0 where only numbers differ. */
function caseOrder(one: string, other: string): number {
  const letters = (text: string): string => text.replaceAll(/\d+/g, '0')
  return letters(one) < letters(other) ? -1 : letters(one) > letters(other) ? 1 : 0
}

function bruteForce(jobs: readonly Found[], steps: readonly Step[]): Found[] {
  let order: readonly string[] = []
  let chosen = [...jobs].sort((one, other) => compare(one, other, order))
  for (const next of steps) {
    if (next.kind === 'filter') chosen = chosen.filter((job) => meets(job, next.conditions))
    else if (next.kind === 'exclude') chosen = chosen.filter((job) => !meets(job, next.conditions))
    else if (next.kind === 'orderBy') {
      order = next.fields
      chosen = chosen.toSorted((one, other) => compare(one, other, order))
    } else chosen = chosen.slice(next.start, next.start + next.length)
  }
  return chosen
}

function ask(query: JobQuery, steps: readonly Step[]): JobQuery {
  return steps.reduce((asked, next) => {
    if (next.kind === 'filter') return asked.filter(next.conditions)
    if (next.kind === 'exclude') return asked.exclude(next.conditions)
    if (next.kind === 'orderBy') return asked.orderBy(...next.fields)
    return asked.slice(next.start, next.start + next.length)
  }, query)
}

test.prop([trees, fc.array(fc.array(step, { maxLength: 4 }), { minLength: 60, maxLength: 60 })], { numRuns: 8 })(
  'any chain of steps finds what reading all folders finds',
  async (jobs, chains) => {
    const { client, site, root } = await makeFixture()
    fs.writeFileSync(path.join(root, 'apps/other.yaml'), 'executable: echo\n')
    const made: string[] = []
    for (const { name, workflow, application, priority, parents, tag, data } of jobs) {
      const known = [...new Set(parents.flatMap((at) => made[at] ?? []))]
      const optional = { ...(tag === undefined ? {} : { tags: { k: tag } }), ...(data === undefined ? {} : { data }) }
      const job = await client.spawn({
        name,
        workflow,
        application,
        priority,
        parents: known,
        waitForParents: false,
        ...optional,
      })
      made.push(job.id)
    }
    for (const [at, { fate }] of jobs.entries()) {
      const id = made[at] ?? ''
      if (fate === 'ends') await endJob(site, id)
      if (fate === 'fails') await endJob(site, id, 'FAILED')
      if (fate === 'removed') await client.remove(id)
    }
    const folders = readFolders(root)
    for (const steps of chains) {
      const expected = bruteForce(folders, steps)
      const query = ask(client.jobs, steps)
      const expectedIds = expected.map(({ id }) => id)
      expect(await query.values('id')).toEqual(expectedIds)
      expect(await query.count()).toBe(expected.length)
      expect(await query.exists()).toBe(expected.length > 0)
      expect((await query.first())?.id).toBe(expected[0]?.id)
      const counts = new Map(expected.map(({ state }) => [state, expected.filter((job) => job.state === state).length]))
      expect(await query.countBy('state')).toEqual(counts)
      expect(await query.values('id', 'priority', 'state')).toEqual(
        expected.map(({ id, priority, state }) => ({ id, priority, state })),
      )
      const found = await query.toArray()
      expect(found.map(({ id, state, attempt }) => ({ id, state, attempt }))).toEqual(
        expected.map(({ id, state, attempt }) => ({ id, state, attempt })),
      )
    }
    await client.close()
  },
)

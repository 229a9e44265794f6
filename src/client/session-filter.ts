/** The filters of a session: words, as the commands take them, or for a query the library's conditions as well. */
import * as z from 'zod'
import { requestError } from '../core/errors.ts'
import type { Filter } from '../core/filter.ts'
import type { Conditions, Match } from './condition.ts'

/** One word, or several of which any may match; exact, or globs where they hold `*`. */
export const words = z.preprocess(
  (value) => (typeof value === 'string' ? [value] : value),
  z.array(z.string(), 'must be text or a list of texts'),
)

/** A filter of ends: what is known of each without a look at its files. */
export const wordFilter = z.strictObject(
  {
    id: words.optional(),
    workflow: words.optional(),
    name: words.optional(),
    state: words.optional(),
    app: words.optional(),
    launcher: words.optional(),
    tag: words.optional(),
  },
  'must be a map of fields',
)

const operators = z.strictObject({
  in: z.array(z.string()).optional(),
  contains: z.string().optional(),
  icontains: z.string().optional(),
  startsWith: z.string().optional(),
  glob: words.optional(),
})
const match = z.union([words, operators], 'must be text, a list of texts, or operators')
const datum = z.union([z.number(), z.boolean(), z.null(), match], 'must be a number, true, false, null or as for text')

const queryFilter = z.strictObject(
  {
    id: match.optional(),
    workflow: match.optional(),
    name: match.optional(),
    state: match.optional(),
    app: match.optional(),
    launcher: match.optional(),
    parents: match.optional(),
    tag: words.optional(),
    tags: z.record(z.string(), match).optional(),
    data: z.record(z.string(), datum).optional(),
  },
  'must be a map of fields',
)
export const queryFilters = z.preprocess((value) => (Array.isArray(value) ? value : [value]), z.array(queryFilter))

export type WordFilter = z.output<typeof wordFilter>
export type QueryFilter = z.output<typeof queryFilter>

/** What the words of a filter mean to the library. An empty list of words means none, not any: a driver's list of its jobs may be empty. */
export function conditionsOf({ tag, tags, data, ...fields }: QueryFilter): Conditions {
  const named = Object.entries(fields).flatMap(([field, value]) =>
    value === undefined ? [] : [[field, matchOf(value)] as const],
  )
  const values = new Map(Object.entries(tags ?? {}).map(([key, value]) => [key, matchOf(value)]))
  for (const word of tag ?? []) {
    const [key = '', ...rest] = word.split('=')
    if (values.has(key)) throw requestError('bad-request', `tag ${key} is asked for twice`, { field: 'tag' })
    values.set(key, { glob: rest.length === 0 ? '*' : rest.join('=') })
  }
  const all = Object.entries(data ?? {}).map(([key, value]) => [key, isMatch(value) ? matchOf(value) : value] as const)
  return {
    ...Object.fromEntries(named),
    ...(tag === undefined && tags === undefined ? {} : { tags: Object.fromEntries(values) }),
    ...(data === undefined ? {} : { data: Object.fromEntries(all) }),
  }
}

function matchOf(value: z.output<typeof match>): Match {
  return Array.isArray(value) ? { glob: value } : definedOf(value)
}

function isMatch(value: z.output<typeof datum>): value is z.output<typeof match> {
  return typeof value === 'object' && value !== null
}

/** @throws BjobError `bad-request` for a filter that nothing passes */
export function filterOf(filter: WordFilter): Filter {
  if (Object.values(filter).some((all) => all?.length === 0))
    throw requestError('bad-request', 'filter has an empty list: no end would ever be handed out', { field: 'filter' })
  return definedOf(filter)
}

type Defined<T> = { [Key in keyof T]?: Exclude<T[Key], undefined> }

export function definedOf<T extends object>(fields: T): Defined<T> {
  return Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Defined<T>
}

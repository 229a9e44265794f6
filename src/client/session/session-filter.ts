/**
 * Filters of a session: words like those of commands, or for queries also the library's conditions.
 */
import * as v from 'valibot'
import { requestError } from '../../core/text/errors.ts'
import type { Filter } from '../../core/index/filter.ts'
import { defined } from '../../lib/defined.ts'
import { fieldsOf, finite, isObject, mapOf } from '../../lib/shapes.ts'
import type { Conditions, Match } from '../query/condition.ts'

const text = v.string('must be text')
const wordsOr = (message: string) =>
  v.pipe(
    v.unknown(),
    v.transform((value) => (typeof value === 'string' ? [value] : value)),
    v.array(text, message),
  )

/** A word or a list of alternatives; exact, or globs with `*`. */
export const words = wordsOr('must be text or a list of texts')

const someWords = v.optional(words)

/** A filter of ends, by properties that need no file access. */
export const wordFilter = fieldsOf(
  {
    id: someWords,
    workflow: someWords,
    name: someWords,
    state: someWords,
    app: someWords,
    launcher: someWords,
    tag: someWords,
  },
  'must be a map of fields',
)

const matchMessage = 'must be text, a list of texts, or operators'
const operators = fieldsOf(
  {
    in: v.optional(v.array(text, 'must be a list of texts')),
    contains: v.optional(text),
    icontains: v.optional(text),
    startsWith: v.optional(text),
    glob: someWords,
  },
  matchMessage,
)
const wordsOrOperators = wordsOr(matchMessage)
const match = v.lazy((value) => (isObject(value) ? operators : wordsOrOperators))
const someMatch = v.optional(match)
const numberMessage = 'must be text, a list of texts, a number, true, false, null, or operators'
const plainDatum = v.union([finite(numberMessage), v.boolean(), v.null()], numberMessage)
const datum = v.lazy((value) =>
  typeof value === 'string' || (typeof value === 'object' && value !== null) ? match : plainDatum,
)

const queryFilter = fieldsOf(
  {
    id: someMatch,
    workflow: someMatch,
    name: someMatch,
    state: someMatch,
    app: someMatch,
    launcher: someMatch,
    parents: someMatch,
    tag: someWords,
    tags: v.optional(mapOf(v.string(), match, 'must be a map of tags')),
    data: v.optional(mapOf(v.string(), datum, 'must be a map of fields')),
  },
  'must be a map of fields',
)
export const queryFilters = v.pipe(
  v.unknown(),
  v.transform((value) => (Array.isArray(value) ? value : [value])),
  v.array(queryFilter),
)

export type WordFilter = v.InferOutput<typeof wordFilter>
export type QueryFilter = v.InferOutput<typeof queryFilter>

/**
 * Translates a filter's words into conditions. An empty list matches nothing: a driver's list of
 * jobs may be empty.
 */
export function conditionsOf({ tag, tags, data, ...fields }: QueryFilter): Conditions {
  const named = Object.entries(fields).flatMap(([field, value]) =>
    value === undefined ? [] : [[field, matchOf(value)] as const],
  )
  const values = new Map(Object.entries(tags ?? {}).map(([key, value]) => [key, matchOf(value)]))
  for (const word of tag ?? []) {
    const [key = '', ...rest] = word.split('=')
    if (values.has(key)) throw requestError('bad-request', `tag ${key} given twice`, { field: 'tag' })
    values.set(key, { glob: rest.length === 0 ? '*' : rest.join('=') })
  }
  const all = Object.entries(data ?? {}).map(([key, value]) => [key, isMatch(value) ? matchOf(value) : value] as const)
  return {
    ...Object.fromEntries(named),
    ...(tag === undefined && tags === undefined ? {} : { tags: Object.fromEntries(values) }),
    ...(data === undefined ? {} : { data: Object.fromEntries(all) }),
  }
}

function matchOf(value: v.InferOutput<typeof match>): Match {
  return Array.isArray(value) ? { glob: value } : defined(value)
}

function isMatch(value: v.InferOutput<typeof datum>): value is v.InferOutput<typeof match> {
  return typeof value === 'object' && value !== null
}

/** @throws BjobError `bad-request` for a filter that nothing can match */
export function toFilter(filter: WordFilter): Filter {
  if (Object.values(filter).some((all) => all?.length === 0))
    throw requestError('bad-request', 'filter has an empty list, which no job matches', { field: 'filter' })
  return defined(filter)
}

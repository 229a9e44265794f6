/** Conditions of the library's `filter` and `exclude`, compiled to one test. */
import { requestError } from '../../core/text/errors.ts'
import { compileFilter, compileWords } from '../../core/index/filter.ts'
import { DEFAULT_WORKFLOW, jobId, nameOf, workflowOf } from '../../core/job/id.ts'
import { type JobEntry, shownState, specOf } from '../../core/index/job-entry.ts'
import { didYouMean } from '../../lib/text/nearest.ts'

/** A word, a list of alternatives, or operators, which must all match. */
export type Match = string | Iterable<string> | MatchOperators

export interface MatchOperators {
  readonly in?: Iterable<string>
  readonly contains?: string
  /** Like `contains`, ignoring case. */
  readonly icontains?: string
  readonly startsWith?: string
  /** `*` stands for any text; a list gives alternatives. */
  readonly glob?: string | Iterable<string>
}

/** All given conditions must match. */
export interface Conditions {
  readonly id?: Match
  readonly name?: Match
  readonly workflow?: Match
  readonly state?: Match
  readonly application?: Match
  readonly app?: Match
  readonly launcher?: Match
  /** Ids of parents, any of which may match. */
  readonly parents?: Match
  /** Values by tag. */
  readonly tags?: Readonly<Record<string, Match>>
  /**
   * Values by key of data.json, which is read for this: a number, true, false or null, or as for
   * text.
   */
  readonly data?: Readonly<Record<string, Match | number | boolean | null>>
}

export type EntryTest = (entry: JobEntry) => boolean

type Reader = (entry: JobEntry) => readonly string[]

const READERS: Readonly<Record<Exclude<keyof Conditions, 'tags' | 'data'>, Reader>> = {
  id: (entry) => [entry.id],
  name: ({ id }) => [nameOf(id)],
  workflow: ({ id }) => [workflowOf(id)],
  state: (entry) => [shownState(entry)],
  application: ({ spec }) => textsOf(spec?.application),
  app: ({ spec }) => textsOf(spec?.application),
  launcher: ({ launcher }) => textsOf(launcher),
  parents: ({ spec }) => spec?.parents ?? [],
}

/** @throws BjobError `unknown-field`, `unknown-state` */
export function compileConditions(conditions: Omit<Conditions, 'data'>): EntryTest {
  const tests: EntryTest[] = []
  for (const [field, match] of Object.entries(conditions)) {
    if (match === undefined) continue
    if (field === 'tags') tests.push(compileTags(conditions.tags ?? {}))
    else tests.push(compileField(field, match))
  }
  return (entry) => tests.every((test) => test(entry))
}

function compileField(field: string, match: Match): EntryTest {
  if (!isField(field)) {
    const known = [...Object.keys(READERS), 'tags', 'data']
    throw requestError('unknown-field', `jobs cannot be looked up by ${field}${didYouMean(field, known)}`, {
      field,
      hint: `fields: ${known.join(' ')}`,
    })
  }
  const read = READERS[field]
  const test = compileMatch(match, field)
  return (entry) => read(entry).some(test)
}

function compileTags(tags: Readonly<Record<string, Match>>): EntryTest {
  const tests = Object.entries(tags).map(([key, match]) => ({ key, test: compileMatch(match, 'tags') }))
  return (entry) => {
    const values = new Map(Object.entries(specOf(entry).tags))
    return tests.every(({ key, test }) => values.has(key) && test(values.get(key) ?? ''))
  }
}

/** The test of data.json; a job without it meets no condition. @throws BjobError `unknown-field` */
export function compileData(conditions: NonNullable<Conditions['data']>): (data: unknown) => boolean {
  const tests = Object.entries(conditions).map(([key, match]) => ({ key, test: compileDatum(match, key) }))
  return (data) => {
    if (typeof data !== 'object' || data === null) return tests.length === 0
    const values = new Map<string, unknown>(Object.entries(data))
    return tests.every(({ key, test }) => values.has(key) && test(values.get(key)))
  }
}

function compileDatum(match: Match | number | boolean | null, key: string): (value: unknown) => boolean {
  if (match === null || typeof match === 'number' || typeof match === 'boolean') return (value) => value === match
  const test = compileMatch(match, `data.${key}`)
  return (value) => typeof value === 'string' && test(value)
}

function compileMatch(match: Match, field: string): (value: string) => boolean {
  if (typeof match === 'string') return compileExact([match], field)
  if (isIterable(match)) return compileExact(match, field)
  const tests: ((value: string) => boolean)[] = []
  const { in: list, contains, icontains, startsWith, glob, ...others } = match
  const [unknown] = Object.keys(others)
  if (unknown !== undefined) {
    throw requestError('unknown-field', `unknown operator ${unknown}`, {
      field,
      hint: 'operators: in contains icontains startsWith glob',
    })
  }
  if (list !== undefined) tests.push(compileExact(list, field))
  if (contains !== undefined) tests.push((value) => value.includes(contains))
  if (icontains !== undefined) {
    const lower = icontains.toLowerCase()
    tests.push((value) => value.toLowerCase().includes(lower))
  }
  if (startsWith !== undefined) tests.push((value) => value.startsWith(startsWith))
  if (glob !== undefined) tests.push(compileGlobs(typeof glob === 'string' ? [glob] : glob, field))
  return (value) => tests.every((test) => test(value))
}

function compileExact(words: Iterable<string>, field: string): (value: string) => boolean {
  const set = new Set(wordsOf(words, field))
  return (value) => set.has(value)
}

function compileGlobs(globs: Iterable<string>, field: string): (value: string) => boolean {
  return compileWords(wordsOf(globs, field))
}

function wordsOf(words: Iterable<string>, field: string): string[] {
  const all = [...words]
  if (field === 'state') compileFilter({ state: all })
  return field === 'id' || field === 'parents' ? all.map(withWorkflow) : all
}

/** A bare name is one of the default workflow. What could be no id matches none. */
function withWorkflow(word: string): string {
  return word.includes('/') || word.includes('*') ? word : jobId(DEFAULT_WORKFLOW, word)
}

function isField(field: string): field is keyof typeof READERS {
  return Object.hasOwn(READERS, field)
}

function isIterable(match: Exclude<Match, string>): match is Iterable<string> {
  return Symbol.iterator in match
}

function textsOf(text: string | undefined): string[] {
  return text === undefined ? [] : [text]
}

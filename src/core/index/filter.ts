/**
 * The filters that select jobs, shared by all commands and launchers. Within a field any word may
 * match; all given fields must match.
 */
import { didYouMean } from '../../lib/text/nearest.ts'
import { requestError } from '../text/errors.ts'
import { type JobId, fullId, nameOf, workflowOf } from '../job/id.ts'
import { type JobEntry, shownState, specOf } from './job-entry.ts'
import { SHOWN_STATES } from '../life/states.ts'

/** Words are exact, or globs if they contain `*`. An absent or empty field matches everything. */
export interface Filter {
  readonly id?: readonly string[]
  readonly workflow?: readonly string[]
  readonly name?: readonly string[]
  readonly state?: readonly string[]
  readonly app?: readonly string[]
  readonly launcher?: readonly string[]
  /** `key=value`, or `key` for any value. */
  readonly tag?: readonly string[]
}

type Test = (entry: JobEntry) => boolean

/**
 * Compiles a filter.
 * @throws BjobError `unknown-state`, `bad-id`, `bad-name`
 */
export function compileFilter(filter: Filter): Test {
  for (const word of filter.state ?? []) checkState(word)
  const tests: Test[] = []
  const add = (words: readonly string[] | undefined, valueOf: (entry: JobEntry) => string): void => {
    if (words === undefined || words.length === 0) return
    const test = compileWords(words)
    tests.push((entry) => test(valueOf(entry)))
  }
  add(
    filter.id?.map((word) => (word.includes('*') ? word : fullId(word))),
    (entry) => entry.id,
  )
  add(filter.workflow, ({ id }) => workflowOf(id))
  add(filter.name, ({ id }) => nameOf(id))
  add(filter.state, shownState)
  add(filter.app, (entry) => entry.spec?.application ?? '')
  add(filter.launcher, (entry) => entry.launcher ?? '')
  for (const tag of filter.tag ?? []) tests.push(compileTag(tag))
  return (entry) => tests.every((test) => test(entry))
}

/** The ids that the filter can match, if it lists them. */
export function exactIds({ id = [] }: Filter): ReadonlySet<JobId> | undefined {
  return id.length === 0 || id.some((word) => word.includes('*')) ? undefined : new Set(id.map(fullId))
}

/** True if the filter matches everything. */
export function isEmptyFilter(filter: Filter): boolean {
  return Object.values(filter).every(
    (words: readonly string[] | undefined) => words === undefined || words.length === 0,
  )
}

/** A predicate for words, exact or with the glob `*`. */
export function compileWords(words: readonly string[]): (value: string) => boolean {
  const exact = new Set(words.filter((word) => !word.includes('*')))
  const globs = words.filter((word) => word.includes('*')).map(globToRegExp)
  return (value) => exact.has(value) || globs.some((glob) => glob.test(value))
}

function globToRegExp(glob: string): RegExp {
  const source = glob
    .split(/\*+/)
    .map((text) => text.replaceAll(/[.+?^${}()|[\]\\]/g, String.raw`\$&`))
    .join('.*')
  return new RegExp(`^${source}$`, 's')
}

function compileTag(tag: string): Test {
  const at = tag.indexOf('=')
  const key = at < 0 ? tag : tag.slice(0, at)
  const test = compileWords([at < 0 ? '*' : tag.slice(at + 1)])
  return (entry) => {
    const { tags } = specOf(entry)
    return Object.hasOwn(tags, key) && test(tags[key] ?? '')
  }
}

function checkState(word: string): void {
  if (word.includes('*') || SHOWN_STATES.some((state) => state === word)) return
  throw requestError('unknown-state', `unknown state ${word}${didYouMean(word, SHOWN_STATES)}`, {
    field: 'state',
    hint: `states: ${SHOWN_STATES.join(' ')}`,
  })
}

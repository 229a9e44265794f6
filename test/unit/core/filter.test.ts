import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { decodeSpec } from '../../../src/core/job/job-spec.ts'
import { type Filter, compileFilter, compileWords, isEmptyFilter } from '../../../src/core/index/filter.ts'
import { type JobEntry, specOf } from '../../../src/core/index/job-entry.ts'
import { STATES } from '../../../src/core/life/states.ts'

/** The plainest matcher there is, by recursion: what a glob means. */
function matches(glob: string, text: string): boolean {
  if (glob === '') return text === ''
  if (glob.startsWith('*')) return matches(glob.slice(1), text) || (text !== '' && matches(glob, text.slice(1)))
  return text !== '' && glob[0] === text[0] && matches(glob.slice(1), text.slice(1))
}

const anyOf = (words: readonly string[] | undefined, value: string): boolean =>
  words === undefined || words.length === 0 || words.some((word) => matches(word, value))

function reference(filter: Filter, entry: JobEntry): boolean {
  const [workflow = '', name = ''] = entry.id.split('/')
  const tags = new Map(Object.entries(specOf(entry).tags))
  return (
    anyOf(
      filter.id?.map((word) => (word.includes('/') || word.includes('*') ? word : `default/${word}`)),
      entry.id,
    ) &&
    anyOf(filter.workflow, workflow) &&
    anyOf(filter.name, name) &&
    anyOf(filter.state, entry.state) &&
    anyOf(filter.app, specOf(entry).application) &&
    anyOf(filter.launcher, entry.launcher ?? '') &&
    (filter.tag ?? []).every((tag) => {
      const [key = '', ...rest] = tag.split('=')
      const value = tags.get(key)
      return value !== undefined && (rest.length === 0 || matches(rest.join('='), value))
    })
  )
}

const parts = fc.constantFrom('a', 'b', 'ab', 'task1', 'task10', 'default')
const globs = fc.oneof(parts, fc.constantFrom('*', 'a*', '*b', 't*1*', 'task?', 'a.b', 'a+', '**'))
const entries: fc.Arbitrary<JobEntry> = fc
  .record({
    workflow: parts,
    name: parts,
    state: fc.constantFrom(...STATES),
    app: parts,
    launcher: fc.option(parts),
    tags: fc.dictionary(parts, parts, { maxKeys: 2 }),
  })
  .map(({ workflow, name, state, app, launcher, tags }) => ({
    id: `${workflow}/${name}`,
    born: '',
    changed: '',
    revision: 1,
    attempt: 0,
    state,
    spec: decodeSpec({ application: app, tags }),
    ...(launcher === null ? {} : { launcher }),
  }))
const filters: fc.Arbitrary<Filter> = fc.record(
  {
    id: fc.array(
      fc.oneof(
        parts,
        fc.tuple(parts, parts).map((pair) => pair.join('/')),
        fc.constantFrom('*', 'a/*', '*/task*', '*1'),
      ),
      { maxLength: 2 },
    ),
    workflow: fc.array(globs, { maxLength: 2 }),
    name: fc.array(globs, { maxLength: 2 }),
    state: fc.array(fc.oneof(fc.constantFrom(...STATES), fc.constantFrom('*', 'RUN*', '*ED')), { maxLength: 2 }),
    app: fc.array(globs, { maxLength: 2 }),
    launcher: fc.array(globs, { maxLength: 2 }),
    tag: fc.array(
      fc.oneof(
        parts,
        fc.tuple(parts, globs).map((pair) => pair.join('=')),
      ),
      { maxLength: 1 },
    ),
  },
  { requiredKeys: [] },
)

describe('a filter', () => {
  test.prop([filters, entries], { numRuns: 2000 })('lets through just what its words mean', (filter, entry) => {
    expect(compileFilter(filter)(entry)).toBe(reference(filter, entry))
  })

  test.prop([filters, entries])('that is empty lets everything through', (filter, entry) => {
    if (isEmptyFilter(filter)) expect(compileFilter(filter)(entry)).toBe(true)
    expect(isEmptyFilter(filter)).toBe(Object.values(filter).flat().length === 0)
  })

  test.prop([fc.array(fc.string(), { minLength: 1, maxLength: 3 }), fc.string()])(
    'takes every character but * as it is',
    (words, value) => {
      expect(compileWords(words)(value)).toBe(words.some((word) => matches(word, value)))
    },
  )

  test('of a thousand stars costs nothing', () => {
    expect(compileWords(['*'.repeat(1000) + 'b'])('a'.repeat(1000))).toBe(false)
  })

  test.each([
    [{ state: ['RUNING'] }, 'unknown state RUNING; did you mean RUNNING?'],
    [{ state: ['nonsense'] }, 'unknown state nonsense'],
    [{ id: ['a/b/c'] }, 'is not a job id'],
    [{ id: ['../x'] }, 'workflow ".." starts with .'],
    [{ id: ['-x'] }, 'name "-x" starts with -'],
  ])('%j is refused: %s', (filter, message) => {
    expect(() => compileFilter(filter)).toThrow(message)
  })
})

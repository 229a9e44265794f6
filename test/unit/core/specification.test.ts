import { fc, test } from '@fast-check/vitest'
import * as v from 'valibot'
import { describe, expect } from 'vitest'
import { JOB_FIELDS } from '../../../src/core/job/job-fields.ts'
import { FIELD_NAMES } from '../../../src/core/job/job-values.ts'
import { type JobSpec, UNKNOWN_SPEC, decodeSpec, plainFields } from '../../../src/core/job/job-spec.ts'
import { canonicalField } from '../../../src/core/job/field-names.ts'
import { checkSpawn, checkSpec } from '../../../src/core/job/check-spec.ts'
import { formatYaml, parseYaml } from '../../../src/core/text/yaml-text.ts'

const names = fc.stringMatching(/^[A-Za-z0-9_][A-Za-z0-9_.,+=@%^~-]{0,20}$/)
const text = fc
  .string({ unit: 'binary', maxLength: 20 })
  .filter((value) => !value.includes('\0') && !/\p{Surrogate}/u.test(value))
const words = fc.array(
  fc.oneof(
    text,
    fc.constantFrom(
      '',
      '007',
      '1e3',
      'true',
      'null',
      '~',
      '-x',
      '*',
      '{a}',
      'a: b',
      ' #',
      "'",
      '"',
      '\n',
      '2026-01-01',
    ),
  ),
  { maxLength: 4 },
)
const counts = fc.integer({ min: 1, max: 1e9 })
const maps = (keys: fc.Arbitrary<string>) => fc.dictionary(keys, text, { maxKeys: 3, noNullPrototype: true })

/** A job.yaml with any of its fields, all well. */
const records = fc.record(
  {
    application: names,
    args: words,
    input_files: fc.array(
      text.filter((word) => word !== ''),
      { maxLength: 3 },
    ),
    input_mode: fc.constantFrom('copy', 'link'),
    parents: fc.array(text, { maxLength: 3 }),
    wait_for_parents: fc.boolean(),
    description: text,
    tags: maps(text.filter((key) => key !== '__proto__')),
    priority: fc.integer({ min: -1e6, max: 1e6 }),
    wall_time_minutes: fc.oneof(
      counts.map((value) => Math.min(value, 1e7)),
      fc.double({ min: 0.001, max: 1e7, noNaN: true }),
    ),
    timeout_minutes: fc.double({ min: 0.001, max: 1e7, noNaN: true }),
    num_nodes: counts,
    ranks_per_node: counts,
    threads_per_rank: counts,
    threads_per_core: counts,
    gpus_per_rank: fc.integer({ min: 0, max: 1000 }),
    node_packing_count: counts,
    cpu_affinity: fc.constantFrom('none', 'depth'),
    mpi_flags: words,
    environ_vars: maps(fc.stringMatching(/^[A-Za-z_]\w{0,8}$/).filter((key) => key !== '__proto__')),
    auto_timeout_retry: fc.boolean(),
    max_retries: fc.integer({ min: 0, max: 1e6 }),
  },
  { requiredKeys: ['application'], noNullPrototype: true },
)

function read(record: unknown): JobSpec {
  const checked = checkSpec(record)
  if (!checked.ok) throw new Error(checked.problems.map(({ message }) => message).join('; '))
  return checked.value
}

function problems(record: unknown): string[] {
  const checked = checkSpawn(record)
  return checked.ok ? [] : checked.problems.map(({ message }) => message)
}

describe('a specification', () => {
  test.prop([records])('survives job.yaml and the journal', (record) => {
    const spec = read(record)
    const kept = spec.record
    expect(read(kept)).toEqual(spec)
    expect(decodeSpec(kept)).toEqual(spec)
    expect(decodeSpec(JSON.parse(JSON.stringify(kept)) as Record<string, unknown>)).toEqual(spec)
    expect(read(parseYaml(formatYaml(kept), 'job.yaml').value)).toEqual(spec)
  })

  test.prop([records])('is the same from snake_case and from camelCase', (record) => {
    const toCamel = (key: string): string => key.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
    const camel = Object.fromEntries(Object.entries(record).map(([key, value]) => [toCamel(key), value]))
    expect(read(camel)).toEqual(read(record))
  })

  test.prop([records])('is kept without the fields that are the default anyway', (record) => {
    const kept = read(record).record
    const plain = read({ application: record.application }).record
    expect(plain).toEqual({ application: record.application })
    for (const key of Object.keys(kept)) expect(FIELD_NAMES).toContain(key)
  })

  test("reads Balsam's other spellings", () => {
    expect(read({ app: 'a', application_args: 'x "y z"', env: 'A=1:B=2', wall_minutes: 3 })).toMatchObject({
      application: 'a',
      args: ['x', 'y z'],
      environVars: { A: '1', B: '2' },
      wallTimeMinutes: 3,
    })
    expect(read({ application: 'a', input_files: 'a.dat  *.txt', env: ['A=1=2'], args: [1, 'b'] })).toMatchObject({
      inputFiles: ['a.dat', '*.txt'],
      environVars: { A: '1=2' },
      args: ['1', 'b'],
    })
  })

  test.each([
    ['application', 'a b', 'application "a b" contains a blank'],
    ['application', '../evil', 'application "../evil" contains a /'],
    ['args', '"open', 'args has a " that is not closed'],
    ['args', { a: 1 }, 'args must be'],
    ['args', ['a\0b'], 'contains a NUL character'],
    ['input_files', 7, 'input_files must be'],
    ['input_files', [''], 'has an empty pattern'],
    ['parents', 3, 'parents must be'],
    ['wait_for_parents', 'yes', 'wait_for_parents must be true or false'],
    ['description', [], 'description must be text'],
    ['tags', 'x', 'tags must be a map'],
    ['priority', 1.5, 'priority must be a whole number'],
    ['priority', 1_000_001, 'priority is too large'],
    ['num_nodes', 2 ** 53, 'num_nodes must be a whole number'],
    ['wall_time_minutes', Infinity, 'wall_time_minutes must be a number'],
    ['retry_delay_seconds', 86_401, 'retry_delay_seconds must be at most 86400'],
    ['stage_in_url', ['x y'], 'stage_in_url.0 must be an absolute path'],
    ['stage_in_url', ['h:/a/b', '/c/b'], 'stage_in_url.1 has two entries named b'],
    ['tags', new Map([['a', 'b']]), 'tags must be a map'],
    ['tags', ['a'], 'tags must be a map'],
    ['wall_time_minutes', 0, 'wall_time_minutes must be more than 0'],
    ['wall_time_minutes', 'two', 'wall_time_minutes must be a number'],
    ['timeout_minutes', -1, 'timeout_minutes must be more than 0'],
    ['num_nodes', 0, 'num_nodes must be at least 1'],
    ['ranks_per_node', 'many', 'ranks_per_node must be a whole number'],
    ['threads_per_rank', 1.5, 'threads_per_rank must be a whole number'],
    ['threads_per_core', -1, 'threads_per_core must be at least 1'],
    ['gpus_per_rank', -1, 'gpus_per_rank must be at least 0'],
    ['node_packing_count', 0, 'node_packing_count must be at least 1'],
    ['cpu_affinity', 'deep', 'cpu_affinity must be none or depth'],
    ['mpi_flags', "'", "mpi_flags has a ' that is not closed"],
    ['environ_vars', 'A', 'environ_vars contains "A", which is not NAME=VALUE'],
    ['environ_vars', { 'A B': '1' }, 'contains "A B", which is not a variable name'],
    ['auto_timeout_retry', 1, 'auto_timeout_retry must be true or false'],
    ['max_retries', -1, 'max_retries must be at least 0'],
    ['num_nodes', Number.NaN, 'num_nodes must be a whole number'],
    ['num_nodes', null, 'num_nodes must be a whole number'],
    ['name', '-x', 'name "-x" starts with -'],
    ['workflow', 'a/b', 'workflow "a/b" contains a /'],
  ])('with a bad %s (%j) is refused with that field named', (field, value, message) => {
    const found = problems({ name: 'n', application: 'a', [field]: value })
    expect(found).toHaveLength(1)
    expect(found[0]).toContain(message)
    expect(found[0]).not.toContain('\n')
  })

  test('reports every problem at once, the misspelt before the missing', () => {
    expect(problems({ nmae: 'n', aplication: 'a', num_nodes: 0 })).toEqual([
      'unknown field nmae; did you mean name?',
      'unknown field aplication; did you mean application?',
      'name is missing',
      'application is missing',
      'num_nodes must be at least 1',
    ])
  })

  test.each([
    ['wall_time_minutes', 'wallTimeMinutes'],
    ['args', 'application_args'],
    ['application', 'app'],
    ['environ_vars', 'env'],
  ])('refuses %s beside %s', (one, other) => {
    const value = one === 'args' ? [] : one === 'environ_vars' ? {} : one === 'application' ? 'a' : 1
    expect(problems({ name: 'n', application: 'a', [one]: value, [other]: value }).join()).toContain(
      `${one} given twice`,
    )
  })

  test.each(['constructor', '__proto__', 'toString', 'hasOwnProperty', 'valueOf'])(
    'takes the field %s for what it is: unknown',
    (key) => {
      const record: unknown = JSON.parse(`{"name": "n", "application": "a", "${key}": {"application": "b"}}`)
      expect(problems(record)).toEqual([expect.stringMatching(/^unknown field \w+$/)])
      expect(typeof canonicalField(key)).toBe('string')
    },
  )

  test.each([undefined, null, 7, 'text', [], [{}]])('%j is no record', (value) => {
    expect(problems(value)).toEqual(['a job must be a map of fields'])
  })

  test('takes what holds itself, or is nested without end, for a problem', () => {
    const circle: Record<string, unknown> = {}
    circle['a'] = [circle]
    for (const data of [circle, JSON.parse('['.repeat(1e5) + ']'.repeat(1e5)) as unknown])
      expect(problems({ name: 'n', application: 'a', data })).toEqual(['data contains itself or is nested too deeply'])
  })

  test('reads any JSON as data, and names the place of what is none', () => {
    const data: unknown = JSON.parse('{"constructor": [null, true, 1.5, "x", {}], "": {"prototype": []}}')
    expect(checkSpawn({ name: 'n', application: 'a', data })).toMatchObject({ value: { data } })
    for (const [bad, place] of [
      [{ a: [1, { b: Infinity }] }, 'data.a.1.b'],
      [[undefined], 'data.0'],
      [{ when: new Date(0) }, 'data.when'],
      [new Map([['a', 1]]), 'data'],
    ] as const)
      expect(problems({ name: 'n', application: 'a', data: bad })).toEqual([
        `${place} must be JSON: text, a number, true, false, null, a list or a map`,
      ])
  })

  test('keeps tags and variables of any name but __proto__', () => {
    const map: unknown = JSON.parse('{"constructor": "a", "prototype": "b", "toString": 1, "__proto__": "c"}')
    const { tags, environVars } = read({ application: 'a', tags: map, environ_vars: map })
    for (const kept of [tags, environVars]) expect(kept).toEqual({ constructor: 'a', prototype: 'b', toString: '1' })
  })

  test.prop([fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true, withMap: true, withSet: true })])(
    'never throws, whatever it is given',
    (value) => {
      expect(checkSpawn(value).ok).toBe(false)
    },
  )
})

test('each field has a default that its schema leaves as it is', () => {
  const { application: _, ...others } = JOB_FIELDS
  for (const [name, { schema }] of Object.entries(others))
    expect([name, v.parse(schema, UNKNOWN_SPEC.field(name))]).toEqual([name, UNKNOWN_SPEC.field(name)])
})

test('the fields of one job are its own: a change of their lists and maps reaches no other', () => {
  const spec = decodeSpec({ environ_vars: { A: '1' } })
  const mine = plainFields(spec)
  mine.args.push('oops')
  mine.tags['oops'] = 'x'
  mine.environVars['A'] = '2'
  expect(plainFields(spec)).toMatchObject({ args: [], tags: {}, environVars: { A: '1' } })
  expect(() => UNKNOWN_SPEC.args.push('oops')).toThrow(TypeError)
})

import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { decodeSpec } from '../../../src/core/job/job-spec.ts'
import { type JournalLine, formatLine, parseLine, toEvent } from '../../../src/core/index/journal-events.ts'
import { type JobState, advance } from '../../../src/core/life/job-state.ts'
import { STATES } from '../../../src/core/life/states.ts'

const text = fc.string({ unit: 'binary' }).map((value) => value.replaceAll(/\p{Surrogate}/gu, ''))
const entries = fc.record({ time: text, state: fc.constantFrom(...STATES), message: text })
const events = fc.record(
  {
    id: text,
    born: text,
    revision: fc.nat(),
    state: fc.constantFrom(...STATES),
    attempt: fc.nat(),
    launcher: text,
    kill: text,
    broken: text,
    removed: fc.constant(true as const),
    recovered: fc.constant(true as const),
    spec: fc
      .dictionary(
        fc.string().filter((key) => key !== '__proto__'),
        text,
        { noNullPrototype: true },
      )
      .map(decodeSpec),
    history: fc.array(entries),
  },
  { requiredKeys: ['id', 'born', 'revision', 'state', 'attempt', 'history'], noNullPrototype: true },
)
const lines: fc.Arbitrary<JournalLine> = fc.oneof(
  fc.record({ by: text, n: fc.nat(), event: events }, { noNullPrototype: true }),
  fc.record(
    { by: text, done: fc.nat(), void: fc.array(fc.nat()) },
    { requiredKeys: ['by', 'done'], noNullPrototype: true },
  ),
)

describe('a line of the journal', () => {
  test.prop([lines])('is one line, and says what it was told', (line) => {
    const formatted = formatLine(line)
    expect(formatted.indexOf('\n')).toBe(formatted.length - 1)
    expect(parseLine(formatted)).toEqual(line)
  })

  test.prop([lines, fc.nat()])('cut off anywhere is no line', (line, at) => {
    const whole = formatLine(line).trimEnd()
    expect(parseLine(whole.slice(0, at % whole.length))).toBeUndefined()
  })

  test.prop([lines, lines, fc.nat()])(
    'is not mistaken when another writer wrote into the middle of it',
    (one, other, at) => {
      const whole = formatLine(one).trimEnd()
      const cut = at % whole.length
      for (const text of `${whole.slice(0, cut)}\n${formatLine(other)}${whole.slice(cut)}`.split('\n')) {
        const line = parseLine(text)
        expect(line === undefined || text === formatLine(other).trimEnd() || cut === 0).toBe(true)
      }
    },
  )

  test.prop([fc.oneof(fc.json(), fc.string())])(
    'is not read from anything else, and nothing makes it throw',
    (other) => {
      const line = parseLine(other)
      expect(line === undefined || typeof line.by === 'string').toBe(true)
    },
  )

  test.each([
    '',
    'null',
    '[]',
    '7',
    '{}',
    '{"by":7}',
    '{"by":"a","n":1}',
    '{"by":"a","n":1,"id":"w/n","revision":1,"state":"NONE"}',
    '\0\0\0',
  ])('is not read from %j', (other) => {
    expect(parseLine(other)).toBeUndefined()
  })
})

test('an event tells what a change adds, and who owns the job then', () => {
  const time = '2026-11-23T03:41:20.113Z'
  const born: JobState = {
    state: 'CREATED',
    attempt: 0,
    revision: 1,
    history: [{ time, state: 'CREATED', message: 'spawned' }],
  }
  const running = advance(born, [{ time, state: 'RUNNING', message: 'm' }], { attempt: 1, launcher: 'l1', kill: 'ada' })
  expect(toEvent('w/n', born, 0, decodeSpec({ application: 'a' }))).toEqual({
    id: 'w/n',
    born: time,
    revision: 1,
    state: 'CREATED',
    attempt: 0,
    spec: decodeSpec({ application: 'a' }),
    history: born.history,
  })
  expect(toEvent('w/n', running, 1)).toEqual({
    id: 'w/n',
    born: time,
    revision: 2,
    state: 'RUNNING',
    attempt: 1,
    launcher: 'l1',
    kill: 'ada',
    history: running.history.slice(1),
  })
})

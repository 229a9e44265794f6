import { test } from '@fast-check/vitest'
import { expect } from 'vitest'
import { describeDifference } from '../../../src/search/space/space-difference.ts'
import { parseSpace } from '../../../src/search/space/space.ts'
import { arbitrarySpace } from './arbitrary-space.ts'

const rate = { type: 'float', low: 0.001, high: 0.1, log: true }
const kind = { choices: ['a', 'b'] }

test('says field by field what differs', () => {
  const before = parseSpace({ parameters: { rate, kind, depth: { choices: [1] } } })
  const after = parseSpace({
    direction: 'maximise',
    parameters: {
      width: { choices: [1] },
      kind: { choices: ['a', 'c'] },
      rate: { ...rate, high: 1, when: { kind: 'a' } },
    },
  })
  expect(describeDifference(before, after)?.split('; ')).toEqual([
    'direction: minimise → maximise',
    'width: new',
    'kind.choices: ["a", "b"] → ["a", "c"]',
    'rate.high: 0.1 → 1',
    'rate.when.kind: none → ["a"]',
    'depth: gone',
  ])
})

test('says that there are other objectives', () => {
  const one = parseSpace({ parameters: { kind }, objective: 'loss' })
  const two = parseSpace({ parameters: { kind }, objectives: { loss: 'minimise', seconds: 'minimise' } })
  expect(describeDifference(one, two)).toBe('objectives: none → loss minimise, seconds minimise')
})

test('order is no difference', () => {
  const one = parseSpace({ parameters: { rate, kind } })
  const other = parseSpace({ parameters: { kind: { choices: ['b', 'a'] }, rate } })
  expect(describeDifference(one, other)).toBeUndefined()
})

test.prop([arbitrarySpace, arbitrarySpace])(
  'a space differs from no copy of itself, and from others either way',
  (one, other) => {
    expect(describeDifference(one, structuredClone(one))).toBeUndefined()
    expect(describeDifference(one, other) === undefined).toBe(describeDifference(other, one) === undefined)
  },
)

import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { compareNaturally } from '../../../src/client/view/natural-order.ts'

const words = fc.stringMatching(/^[ab0-9/-]{0,8}$/)

describe('compareNaturally', () => {
  test('counts as people do', () => {
    const sorted = ['task1', 'task1b', 'task2', 'task10', 'task010b', 'task11', 'taska']
    expect([...sorted].reverse().sort(compareNaturally)).toEqual(sorted)
  })

  test.prop([words, words, words])('is a total order', (a, b, c) => {
    expect(Math.sign(compareNaturally(a, b))).toBe(-Math.sign(compareNaturally(b, a)) + 0)
    expect(compareNaturally(a, b) === 0).toBe(a === b)
    if (compareNaturally(a, b) <= 0 && compareNaturally(b, c) <= 0)
      expect(compareNaturally(a, c)).toBeLessThanOrEqual(0)
  })
})

import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { REDUCTION, SuccessiveHalving, parseReport } from '../../../src/search/study/early-stopping.ts'

describe('a report', () => {
  test('is a step and a value, whatever follows', () => {
    expect(parseReport('12 0.347')).toEqual({ step: 12, value: 0.347 })
    expect(parseReport('  3,\t-1e-3 0.99 2026-11-24')).toEqual({ step: 3, value: -0.001 })
    expect(parseReport('3 nan')).toEqual({ step: 3, value: NaN })
    expect(parseReport('3 -Infinity')).toEqual({ step: 3, value: NaN })
    for (const line of ['', '7', 'step 3', '-1 3', '3 x', '0x10 1', 'epoch 3 0.5'])
      expect(parseReport(line), line).toBeUndefined()
  })
})

describe('successive halving', () => {
  test('lets the first to come go on, then those among the best quarter of their rung', () => {
    const halving = new SuccessiveHalving('minimise', 2)
    expect(halving.add(0, { step: 1, value: 9 })).toBe(false)
    expect(halving.judge(0)).toBeUndefined()
    expect(halving.add(0, { step: 2, value: 5 })).toBe(true)
    expect(halving.judge(0)).toBeUndefined()
    // Said once a rung.
    expect(halving.add(0, { step: 3, value: 99 })).toBe(false)
    halving.add(1, { step: 2, value: 6 })
    expect(halving.judge(1)).toEqual({ step: 2, value: 6, place: 2, count: 2 })
    halving.add(2, { step: 2, value: 4 })
    expect(halving.judge(2)).toBeUndefined()
    for (const id of [3, 4, 5, 6]) halving.add(id, { step: 2, value: 10 + id })
    halving.add(7, { step: 2, value: 4.5 })
    // Two of eight.
    expect(halving.judge(7)).toBeUndefined()
    expect(halving.judge(0)).toMatchObject({ place: 3, count: 8 })
    // The next rung is four times as far, and may be reached by a leap over it.
    expect(halving.add(2, { step: 7, value: 1 })).toBe(false)
    expect(halving.add(2, { step: 9, value: 3 })).toBe(true)
    halving.add(7, { step: 8, value: 3.5 })
    expect(halving.judge(2)).toBeUndefined()
    expect(halving.judge(7)).toEqual({ step: 8, value: 3.5, place: 2, count: 2 })
  })

  test('keeps none that has diverged, and none for being one of many diverged', () => {
    const halving = new SuccessiveHalving('maximise', 1)
    for (const id of [0, 1, 2]) {
      halving.add(id, { step: 1, value: NaN })
      expect(halving.judge(id)).toMatchObject({ place: 1, count: id + 1 })
    }
    halving.add(3, { step: 1, value: -1e9 })
    expect(halving.judge(3)).toBeUndefined()
  })

  test.prop([fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 60 })])(
    'never stops the best of those that have come, and of many that came it keeps a quarter',
    (values) => {
      const halving = new SuccessiveHalving('minimise', 1)
      for (const [id, value] of values.entries()) {
        halving.add(id, { step: 1, value })
        if (value <= Math.min(...values.slice(0, id))) expect(halving.judge(id)).toBeUndefined()
      }
      const kept = values.filter((_, id) => halving.judge(id) === undefined)
      expect(kept.length).toBeGreaterThanOrEqual(Math.max(1, Math.floor(values.length / REDUCTION)))
      expect(new Set(kept).size).toBeLessThanOrEqual(Math.max(1, Math.floor(values.length / REDUCTION)))
    },
  )
})

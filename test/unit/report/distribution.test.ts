import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { describeSeconds } from '../../../src/report/distribution.ts'

describe('a distribution of durations', () => {
  test.prop([fc.array(fc.double({ min: 0, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 200 })])(
    'counts each once, in the bin that it lies in',
    (seconds) => {
      const { count, counts, edges, min, max, p50, p90, p99 } = describeSeconds(seconds)
      expect(count).toBe(seconds.length)
      expect(counts.reduce((sum, one) => sum + one, 0)).toBe(seconds.length)
      expect(edges).toHaveLength(counts.length + 1)
      expect(edges.at(-1)).toBeGreaterThan(max * 0.999)
      for (const [smaller, larger] of [
        [min, p50],
        [p50, p90],
        [p90, p99],
        [p99, max],
      ] as const)
        expect(smaller).toBeLessThanOrEqual(larger)
      expect(seconds).toContain(p90)
    },
  )

  test('of nothing has no bins', () => {
    expect(describeSeconds([])).toMatchObject({ count: 0, mean: 0, max: 0, edges: [], counts: [] })
  })

  test('has quantiles by rank', () => {
    const seconds = Array.from({ length: 100 }, (_, at) => 100 - at)
    expect(describeSeconds(seconds)).toMatchObject({ min: 1, p50: 50, p90: 90, p99: 99, max: 100, mean: 50.5 })
  })
})

import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { BinnedMean, binTime } from '../../../src/report/time-bins.ts'

const stretches = fc.array(
  fc.record({ start: fc.nat({ max: 5000 }), length: fc.nat({ max: 3000 }), weight: fc.nat({ max: 64 }) }),
  { maxLength: 30 },
)

describe('means over time', () => {
  test.prop([stretches, fc.integer({ min: 1, max: 997 }), fc.integer({ min: 1, max: 40 }), fc.nat({ max: 3000 })])(
    'are what overlaps each bin, and nothing is lost between bins',
    (list, width, count, from) => {
      const mean = new BinnedMean({ from, width, count })
      let total = 0
      for (const { start, length, weight } of list) {
        mean.add(start, start + length, weight)
        total += Math.max(0, Math.min(start + length, from + width * count) - Math.max(start, from)) * weight
      }
      const means = mean.means()
      expect(mean.total).toBeCloseTo(total, 3)
      for (const [bin, value] of means.entries()) {
        const [low, high] = [from + bin * width, from + (bin + 1) * width]
        const expected = list.reduce(
          (sum, { start, length, weight }) =>
            sum + Math.max(0, Math.min(start + length, high) - Math.max(start, low)) * weight,
          0,
        )
        expect(value).toBeCloseTo(expected / width, 5)
      }
    },
  )

  test.prop([fc.nat({ max: 1e9 }), fc.nat({ max: 1e11 }), fc.integer({ min: 2, max: 300 })])(
    'are of bins that cover the whole time and are not too many',
    (from, length, most) => {
      const bins = binTime(from, from + length, most)
      expect(bins.count).toBeLessThanOrEqual(most)
      expect(bins.from + bins.width * bins.count).toBeGreaterThanOrEqual(from + length)
    },
  )
})

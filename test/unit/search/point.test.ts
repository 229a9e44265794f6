import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { checkPoint, decodePoint, encodePoint, listAllPoints } from '../../../src/search/space/point.ts'
import { parseSpace } from '../../../src/search/space/space.ts'
import { arbitrarySpace } from './arbitrary-space.ts'

const units = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 8, maxLength: 8 })

describe('the unit cube', () => {
  test.prop([arbitrarySpace, units])('decodes to a point of the space', (space, coordinates) => {
    expect(() => checkPoint(space, decodePoint(space, coordinates))).not.toThrow()
  })

  test.prop([arbitrarySpace, units])('gives a point back after encoding and decoding', (space, coordinates) => {
    const point = decodePoint(space, coordinates)
    const encoded = encodePoint(space, point)
    for (const unit of encoded) {
      expect(unit).toBeGreaterThanOrEqual(0)
      expect(unit).toBeLessThanOrEqual(1)
    }
    const again = decodePoint(space, encoded)
    expect(Object.keys(again)).toEqual(Object.keys(point))
    for (const [name, value] of Object.entries(point)) {
      if (typeof value === 'number') expect(again[name]).toBeCloseTo(value, 9)
      else expect(again[name]).toBe(value)
    }
  })
})

const space = parseSpace({
  parameters: {
    optimizer: { choices: ['sgd', 'adam'] },
    momentum: { type: 'float', low: 0.1, high: 0.3, step: 0.1, when: { optimizer: 'sgd' } },
    size: { type: 'integer', low: 1, high: 1000, log: true },
  },
})

test('holds active parameters only, and steps without rounding errors', () => {
  expect(decodePoint(space, [0.1, 0.99, 0.5])).toEqual({ optimizer: 'sgd', momentum: 0.3, size: 22 })
  expect(decodePoint(space, [0.9, 0.99, 1])).toEqual({ optimizer: 'adam', size: 1000 })
})

test('refuses what is no point of the space and says which parameter', () => {
  const refusal = (point: Record<string, string | number>): unknown => {
    try {
      checkPoint(space, point)
      return undefined
    } catch (error) {
      return error
    }
  }
  expect(refusal({ optimizer: 'adam', size: 3 })).toBeUndefined()
  expect(refusal({ optimizer: 'adam', size: 3, momentum: 0.1 })).toMatchObject({ detail: { field: 'momentum' } })
  expect(refusal({ optimizer: 'sgd', size: 3 })).toMatchObject({ message: 'momentum is missing' })
  expect(refusal({ optimizer: 'sgd', size: 3, momentum: 0.15 })).toMatchObject({ message: 'momentum cannot be 0.15' })
  expect(refusal({ optimizer: 'adam', size: 3.5 })).toMatchObject({ detail: { field: 'size' } })
  expect(refusal({ optimizer: 'adam', size: 3, depth: 1 })).toMatchObject({ detail: { field: 'depth' } })
})

test('lists all points of a finite space, an inactive parameter once', () => {
  const finite = parseSpace({
    parameters: { a: { choices: ['x', 'y'] }, b: { type: 'integer', low: 1, high: 3, when: { a: 'x' } } },
  })
  expect(listAllPoints(finite, 10)).toEqual([{ a: 'x', b: 1 }, { a: 'x', b: 2 }, { a: 'x', b: 3 }, { a: 'y' }])
  expect(listAllPoints(finite, 3)).toBeUndefined()
  expect(listAllPoints(parseSpace({ parameters: { a: { type: 'float', low: 0, high: 1 } } }), 1e6)).toBeUndefined()
})

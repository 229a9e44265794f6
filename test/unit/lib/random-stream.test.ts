import { expect, test } from 'vitest'
import { RandomStream } from '../../../src/lib/random-stream.ts'

test('a seed repeats its numbers and another seed does not', () => {
  const draw = (seed: string): number[] => {
    const random = new RandomStream(seed)
    return Array.from({ length: 20 }, () => random.uniform())
  }
  expect(draw('1')).toEqual(draw('1'))
  expect(draw('1')).not.toEqual(draw('2'))
})

test('a substream depends on its name, not on what was drawn before', () => {
  const fresh = new RandomStream('1')
  const used = new RandomStream('1')
  used.uniform()
  expect(used.substream('a').uniform()).toBe(fresh.substream('a').uniform())
  expect(fresh.substream('a').uniform()).not.toBe(fresh.substream('b').uniform())
})

test('numbers have the moments of their distributions', () => {
  const random = new RandomStream('moments')
  const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
  const uniforms = Array.from({ length: 20_000 }, () => random.uniform())
  const normals = Array.from({ length: 20_000 }, () => random.normal())
  expect(Math.min(...uniforms)).toBeGreaterThanOrEqual(0)
  expect(Math.max(...uniforms)).toBeLessThan(1)
  expect(mean(uniforms)).toBeCloseTo(0.5, 1)
  expect(mean(uniforms.map((value) => (value - 0.5) ** 2))).toBeCloseTo(1 / 12, 2)
  expect(mean(normals)).toBeCloseTo(0, 1)
  expect(mean(normals.map((value) => value ** 2))).toBeCloseTo(1, 1)
})

test('integers cover their range and a shuffle keeps its items', () => {
  const random = new RandomStream('integers')
  const seen = new Set(Array.from({ length: 200 }, () => random.integer(5)))
  expect(seen).toEqual(new Set([0, 1, 2, 3, 4]))
  const items = Array.from({ length: 30 }, (_, index) => index)
  const shuffled = random.shuffle(items)
  expect(shuffled).not.toEqual(items)
  expect([...shuffled].sort((one, other) => one - other)).toEqual(items)
})

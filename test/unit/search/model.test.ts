import { describe, expect, test } from 'vitest'
import { RandomStream } from '../../../src/lib/random-stream.ts'
import { CholeskyFactor } from '../../../src/search/model/cholesky.ts'
import { logExpectedImprovement } from '../../../src/search/samplers/expected-improvement.ts'
import { fitLogs, GaussianProcess } from '../../../src/search/model/gaussian-process.ts'
import { History } from '../../../src/search/samplers/trial-history.ts'
import { normalProbability } from '../../../src/search/model/normal-distribution.ts'
import { ParzenMixture } from '../../../src/search/model/parzen-mixture.ts'
import { warpToNormal } from '../../../src/search/model/power-transform.ts'
import { minimiseByRprop } from '../../../src/search/model/rprop.ts'
import { parseSpace } from '../../../src/search/space/space.ts'

describe('Cholesky factor', () => {
  const matrix = [[4], [2, 5], [1, 3, 6]]
  const factor = new CholeskyFactor(4)
  for (const row of matrix) factor.append(row)

  test('solves, inverts and gives the determinant', () => {
    // A·(1, 2, 3) with the symmetric A above.
    expect([...factor.solve([11, 21, 25])].map((value) => Number(value.toFixed(12)))).toEqual([1, 2, 3])
    expect(Math.exp(factor.logDeterminant())).toBeCloseTo(67, 9)
    const inverse = factor.invert()
    expect((inverse[0] ?? 0) * 4 + (inverse[3] ?? 0) * 2 + (inverse[6] ?? 0) * 1).toBeCloseTo(1, 12)
    expect((inverse[6] ?? 0) * 4 + (inverse[7] ?? 0) * 2 + (inverse[8] ?? 0) * 1).toBeCloseTo(0, 12)
  })

  test('leaves out a row that makes the matrix singular', () => {
    expect(factor.append([4, 2, 1, 4])).toBe(false)
    expect(factor.size).toBe(3)
  })
})

test('the normal distribution agrees with tables in both tails', () => {
  expect(normalProbability(0)).toBeCloseTo(0.5, 6)
  expect(normalProbability(1.959964)).toBeCloseTo(0.975, 6)
  expect(normalProbability(-6) / 9.865876e-10).toBeCloseTo(1, 5)
})

test('the logarithm of expected improvement is exact near 0 and smooth far below', () => {
  expect(Math.exp(logExpectedImprovement(0))).toBeCloseTo(0.398942, 5)
  expect(Math.exp(logExpectedImprovement(-2))).toBeCloseTo(0.0084907, 7)
  for (const z of [-1, -25]) expect(logExpectedImprovement(z - 1e-6)).toBeCloseTo(logExpectedImprovement(z + 1e-6), 2)
  expect(logExpectedImprovement(-1000)).toBeLessThan(logExpectedImprovement(-999))
})

test('Rprop finds the minimum of a skewed bowl', () => {
  const [x = 0, y = 0] = minimiseByRprop(
    ([a = 0, b = 0]) => ({ value: (a - 1) ** 2 + 50 * (b + 2) ** 2, gradient: [2 * (a - 1), 100 * (b + 2)] }),
    [0, 0],
    100,
  )
  expect(x).toBeCloseTo(1, 1)
  expect(y).toBeCloseTo(-2, 1)
})

test('a Gaussian process passes through what it saw, and finds which dimension matters', () => {
  const random = new RandomStream('process')
  const inputs = Array.from({ length: 30 }, () => Float64Array.from([random.uniform(), random.uniform()]))
  const truth = (x: number): number => Math.sin(6 * x)
  const outputs = inputs.map(([x = 0]) => truth(x))
  const logs = fitLogs(['numeric', 'numeric'], inputs, outputs)
  expect(logs[0]).toBeLessThan((logs[1] ?? 0) - 1)
  const model = new GaussianProcess(['numeric', 'numeric'], inputs, outputs, logs, 1)
  const seen = inputs[0] ?? new Float64Array()
  expect(model.predict(seen).mean).toBeCloseTo(outputs[0] ?? 0, 2)
  const between = Float64Array.from([0.5, 0.5])
  expect(model.predict(between).mean).toBeCloseTo(truth(0.5), 1)
  const before = model.predict(Float64Array.from([3, 3])).variance
  model.extend(Float64Array.from([3, 3]), 0)
  expect(model.predict(Float64Array.from([3, 3])).variance).toBeLessThan(before / 100)
})

test('losses are warped in order, and no size of them overflows', () => {
  for (const losses of [[1e300, 1, 2, 3, -1e300], [1, 10, 100, 1e6], [5, 5, 5], [0]]) {
    const warped = warpToNormal(losses)
    for (const [index, value] of warped.entries()) {
      expect(value).toBeTypeOf('number')
      expect(Number.isFinite(value)).toBe(true)
      for (const [other, loss] of losses.entries())
        if ((losses[index] ?? 0) < loss) expect(value).toBeLessThanOrEqual(warped[other] ?? 0)
    }
  }
})

test('losses that grow by factors are bent to lie more evenly', () => {
  const losses = Array.from({ length: 30 }, (_, index) => 1.5 ** index)
  const [low = 0, middle = 0, high = 0] = [0, 15, 29].map((index) => warpToNormal(losses)[index] ?? 0)
  const unbent = ((losses[15] ?? 0) - 1) / ((losses[29] ?? 0) - 1)
  expect((middle - low) / (high - low)).toBeGreaterThan(5 * unbent)
})

test('a Parzen density sums to 1 over a mixed space', () => {
  const { parameters } = parseSpace({
    parameters: {
      x: { type: 'float', low: 0, high: 1 },
      k: { choices: ['a', 'b', 'c'] },
      n: { type: 'integer', low: 1, high: 4 },
    },
  })
  const centres = [Float64Array.from([0.02, 0.5, 0.125]), Float64Array.from([0.7, 1 / 6, 0.875])]
  const mixture = new ParzenMixture(parameters, centres, [0.5, 0.3, 0.2], 0.2)
  let sum = 0
  const slices = 400
  for (const k of [1 / 6, 0.5, 5 / 6])
    for (const n of [0.125, 0.375, 0.625, 0.875])
      for (let slice = 0; slice < slices; slice++)
        sum += Math.exp(mixture.logDensity(Float64Array.from([(slice + 0.5) / slices, k, n]))) / slices
  expect(sum).toBeCloseTo(1, 3)
})

test('a failure costs as much as the worst, a stopped trial no less than the median', () => {
  const history = new History('maximise')
  for (let id = 0; id < 6; id++) history.add({ id, point: {} })
  history.tell(0, { kind: 'failed' })
  expect(history.listObservations()).toEqual([])
  for (const [id, value] of [
    [1, 10],
    [2, 20],
    [3, 30],
  ] as const)
    history.tell(id, { kind: 'value', value })
  history.tell(4, { kind: 'intermediate', step: 2, value: 99 })
  history.tell(4, { kind: 'intermediate', step: 1, value: 5 })
  history.tell(4, { kind: 'stopped' })
  expect(history.listObservations().map(({ loss }) => loss)).toEqual([10, -10, -20, -30, 10])
  expect(history.listPending().map(({ id }) => id)).toEqual([5])
})

test('what was stopped early costs what it had come to, moved as the finished ones have moved since', () => {
  const history = new History('minimise')
  for (let id = 0; id < 6; id++) history.add({ id, point: {} })
  const report = (id: number, step: number, value: number): void =>
    history.tell(id, { kind: 'intermediate', step, value })
  report(0, 2, 10)
  report(0, 8, 4)
  history.tell(0, { kind: 'value', value: 1 })
  report(1, 2, 11)
  history.tell(1, { kind: 'value', value: 3 })
  for (const [id, step, value] of [
    [2, 2, 13],
    [3, 2, 20],
    [4, 9, 5],
  ] as const) {
    report(id, step, value)
    history.tell(id, { kind: 'stopped' })
  }
  history.tell(5, { kind: 'failed' })
  // Since step 2 the finished ones have lost 9 and 8, since step 8 one of them 3.
  expect(history.listObservations().map(({ loss }) => loss)).toEqual([1, 3, 5, 12, 2, 12])
})

test('where nothing tells how losses move, those that were stopped are put in order', () => {
  const history = new History('maximise')
  for (let id = 0; id < 5; id++) history.add({ id, point: {} })
  history.tell(0, { kind: 'value', value: 1 })
  for (const [id, step, value] of [
    [1, 2, 0.5],
    [2, 2, 0.1],
    [3, 8, 0.2],
  ] as const) {
    history.tell(id, { kind: 'intermediate', step, value })
    history.tell(id, { kind: 'stopped' })
  }
  history.tell(4, { kind: 'stopped' })
  const losses = history.listObservations().map(({ loss }) => loss)
  expect([3, 1, 2, 4].map((id) => losses[id])).toEqual(
    [3, 1, 2, 4].map((id) => losses[id] ?? 0).toSorted((a, b) => a - b),
  )
  expect(new Set(losses).size).toBe(5)
  expect(Math.min(...losses)).toBe(-1)
})

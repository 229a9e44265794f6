import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { BjobError } from '../../../src/core/text/errors.ts'
import { createSampler, SAMPLER_NAMES, type SamplerName } from '../../../src/search/samplers/create-sampler.ts'
import type { Outcome, Trial } from '../../../src/search/samplers/trial-history.ts'
import { checkPoint, pointKey, type Point } from '../../../src/search/space/point.ts'
import type { Sampler } from '../../../src/search/samplers/sampler.ts'
import { parseSpace, type Space } from '../../../src/search/space/space.ts'
import { arbitrarySpace } from './arbitrary-space.ts'

const names = fc.constantFrom<SamplerName>(...SAMPLER_NAMES)
const outcome: fc.Arbitrary<Outcome> = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => ({ kind: 'value' as const, value })),
  },
  fc.constantFrom<Outcome>({ kind: 'failed' }, { kind: 'stopped' }, { kind: 'value', value: 1 }),
  fc
    .double({ noNaN: true, noDefaultInfinity: true })
    .map((value) => ({ kind: 'intermediate' as const, step: 1, value })),
)

/**
 * A search told by `outcomes`: asks one or two, tells the oldest pending; returns what was asked
 * and told.
 */
function runSearch(sampler: Sampler, outcomes: readonly Outcome[]): [Trial[], [number, Outcome][]] {
  const asked: Trial[] = []
  const told: [number, Outcome][] = []
  let oldest = 0
  for (const [index, result] of outcomes.entries()) {
    asked.push(...sampler.ask(index % 3 === 0 ? 2 : 1))
    const trial = asked[oldest]
    if (!trial) break
    sampler.tell(trial.id, result)
    told.push([trial.id, result])
    if (result.kind !== 'intermediate') oldest++
  }
  return [asked, told]
}

/** A grid of too many points is refused, and rightly: another space is tried then. */
function createOrSkip(space: Space, name: SamplerName, seed: number): Sampler {
  try {
    return createSampler(space, name, { seed })
  } catch (error) {
    fc.pre(!(error instanceof BjobError && error.code === 'grid-too-large'))
    throw error
  }
}

const search = [names, arbitrarySpace, fc.array(outcome, { minLength: 1, maxLength: 22 }), fc.nat()] as const

test.prop([...search], { numRuns: 75 })(
  'every sampler, in every space, whatever it is told, asks for points of the space, none twice; from its seed again the same, and after a replay in any order',
  (name, space, outcomes, seed) => {
    const sampler = createOrSkip(space, name, seed)
    const [asked, told] = runSearch(sampler, outcomes)
    for (const { point } of asked) checkPoint(space, point)
    expect(new Set(asked.map(({ point }) => pointKey(space, point))).size).toBe(asked.length)
    expect(asked.map(({ id }) => id)).toEqual(asked.map((_, index) => index))

    const next = sampler.ask(3)
    const twin = createOrSkip(space, name, seed)
    expect(runSearch(twin, outcomes)[0]).toEqual(asked)
    expect(twin.ask(3)).toEqual(next)

    const replayed = createOrSkip(space, name, seed)
    for (const trial of [...asked].reverse()) replayed.adopt(trial)
    const ends = told.filter(([, { kind }]) => kind !== 'intermediate')
    for (const [id, result] of told.filter(([, { kind }]) => kind === 'intermediate')) replayed.tell(id, result)
    for (const [id, result] of ends.reverse()) replayed.tell(id, result)
    expect(replayed.ask(3)).toEqual(next)
  },
)

const FLOAT = { type: 'float', low: 0, high: 1 }

const box = parseSpace({
  direction: 'maximise',
  parameters: { x: { type: 'float', low: -1, high: 2 }, y: { type: 'float', low: -1, high: 2 } },
})
const bump = ({ x, y }: Point): number => -((Number(x) - 0.3) ** 2) - (Number(y) + 0.4) ** 2

describe.each(['gp', 'tpe'] as const)('%s', (name) => {
  /** The best of 60, with `width` pending; where `fails` holds, a trial fails. */
  const findBest = (width: number, fails: (point: Point) => boolean): number => {
    const sampler = createSampler(box, name, { seed: 3 })
    const pending: Trial[] = []
    let best = -Infinity
    for (let count = 0; count < 60; count++) {
      pending.push(...sampler.ask(width - pending.length))
      const trial = pending.shift()
      if (!trial) break
      const value = bump(trial.point)
      if (!fails(trial.point)) best = Math.max(best, value)
      sampler.tell(trial.id, fails(trial.point) ? { kind: 'failed' } : { kind: 'value', value })
    }
    return best
  }

  test('learns, one at a time and with many pending', () => {
    // 60 random points come within 0.02 about once in three.
    expect(findBest(1, () => false)).toBeGreaterThan(-0.005)
    expect(findBest(8, () => false)).toBeGreaterThan(-0.02)
  })

  test('learns to keep out of where trials fail', () => {
    expect(findBest(4, ({ x }) => Number(x) > 0.2)).toBeGreaterThan(-0.06)
  })

  test('goes on as before after a long history is replayed in another order', () => {
    const sampler = createSampler(box, name, { seed: 5 })
    const asked = sampler.ask(4)
    const told: Trial[] = []
    for (const trial of asked) {
      if (told.length === 26) break
      sampler.tell(trial.id, { kind: 'value', value: bump(trial.point) })
      told.unshift(trial)
      asked.push(...sampler.ask(1))
    }
    const replayed = createSampler(box, name, { seed: 5 })
    for (const trial of asked.toReversed()) replayed.adopt(trial)
    for (const { id, point } of told) replayed.tell(id, { kind: 'value', value: bump(point) })
    expect(replayed.ask(3)).toEqual(sampler.ask(3))
  })

  test('survives a search in which everything fails', () => {
    const sampler = createSampler(box, name, { seed: 1 })
    for (let count = 0; count < 40; count++) for (const { id } of sampler.ask(2)) sampler.tell(id, { kind: 'failed' })
    expect(sampler.ask(1)).toHaveLength(1)
  })

  test('spreads points that are asked for at once', () => {
    const sampler = createSampler(box, name, { seed: 1 })
    for (const { id, point } of sampler.ask(30)) sampler.tell(id, { kind: 'value', value: bump(point) })
    const points = sampler.ask(8).map(({ point }) => [Number(point['x']), Number(point['y'])] as const)
    for (const [index, [x, y]] of points.entries())
      for (const [otherX, otherY] of points.slice(0, index))
        expect(Math.hypot(x - otherX, y - otherY)).toBeGreaterThan(1e-4)
  })
})

test('auto is gp for the first 300 trials, pending ones included, and tpe from then on', () => {
  const known: Trial[] = createSampler(box, 'random', { seed: 2 }).ask(299)
  const next = (name: SamplerName): Trial[] => {
    const sampler = createSampler(box, name, { seed: 7 })
    for (const trial of known) sampler.adopt(trial)
    for (const { id, point } of known.slice(0, 20)) sampler.tell(id, { kind: 'value', value: bump(point) })
    return sampler.ask(1)
  }
  const early = next('auto')
  expect(early).toEqual(next('gp'))
  expect(early).not.toEqual(next('tpe'))
  known.push(...early)
  const late = next('auto')
  expect(late).toEqual(next('tpe'))
  expect(late).not.toEqual(next('gp'))
})

describe.each(['gp', 'tpe'] as const)('%s, asked for two objectives', (name) => {
  const space = parseSpace({ parameters: { x: FLOAT, y: FLOAT }, objectives: { loss: 'minimise', gain: 'maximise' } })
  /**
   * Its front is y = 0: loss x, gain 1 - √x (ZDT1 of Zitzler, Deb and Thiele 2000, the second
   * objective turned round).
   */
  const evaluate = ({ x, y }: Point): [number, number] => {
    const far = 1 + 9 * Number(y)
    return [Number(x), -far * (1 - Math.sqrt(Number(x) / far))]
  }
  const run = (sampler: Sampler, count: number): [Trial, number, number][] =>
    Array.from({ length: count }, () => {
      const [trial = { id: -1, point: {} }] = sampler.ask(1)
      const [value, gain] = evaluate(trial.point)
      sampler.tell(trial.id, { kind: 'value', value, further: [gain] })
      return [trial, value, gain]
    })

  /** The area between what was found and a point that is bad in both. */
  const areaOf = (found: readonly (readonly [unknown, number, number])[]): number => {
    let [area, reached] = [0, -10]
    for (const [, value, gain] of [...found].sort((one, other) => one[1] - other[1])) {
      if (gain <= reached || value >= 1) continue
      area += (1 - value) * (gain - reached)
      reached = gain
    }
    return area
  }

  test('finds more of the front than chance, and after a replay goes on as before', () => {
    const sampler = createSampler(space, name, { seed: 4 })
    const found = run(sampler, 50)
    expect(areaOf(found)).toBeGreaterThan(areaOf(run(createSampler(space, 'random', { seed: 4 }), 150)))
    const replayed = createSampler(space, name, { seed: 4 })
    for (const [trial] of found.toReversed()) replayed.adopt(trial)
    for (const [{ id }, value, gain] of found) replayed.tell(id, { kind: 'value', value, further: [gain] })
    expect(replayed.ask(2)).toEqual(sampler.ask(2))
  })

  test('takes a value for each', () => {
    const sampler = createSampler(space, name, { seed: 1 })
    const [{ id } = { id: -1 }] = sampler.ask(1)
    expect(() => sampler.tell(id, { kind: 'value', value: 1 })).toThrow('needs 2 values')
    expect(() => sampler.tell(id, { kind: 'value', value: 1, further: [NaN] })).toThrow('report a failure instead')
  })
})

test('a finite space ends when all its points were asked for', () => {
  const space = parseSpace({
    parameters: { a: { choices: [1, 2, 3] }, b: { type: 'integer', low: 1, high: 2, when: { a: [1, 2] } } },
  })
  for (const name of SAMPLER_NAMES) {
    const sampler = createSampler(space, name, { seed: 1 })
    const trials = sampler.ask(100)
    expect(trials, name).toHaveLength(5)
    expect(sampler.ask(1), name).toEqual([])
  }
})

test('a grid is as fine as the budget allows and holds the ends of each range', () => {
  const sampler = createSampler(box, 'grid', { seed: 1, evaluations: 20 })
  const points = sampler.ask(100).map(({ point }) => point)
  expect(points).toHaveLength(16)
  expect(new Set(points.map(({ x }) => x))).toEqual(new Set([-1, 0, 1, 2]))
})

test('a grid of more points than anyone could try is refused', () => {
  const parameters = Object.fromEntries(Array.from({ length: 30 }, (_, index) => [`p${index}`, { choices: [0, 1] }]))
  expect(() => createSampler(parseSpace({ parameters }), 'grid', { seed: 1 })).toThrow(/more than 100000 points/)
})

test('quasi-random points are spread more evenly than chance', () => {
  const sampler = createSampler(box, 'quasi-random', { seed: 1 })
  const eighths = new Set(sampler.ask(8).map(({ point }) => Math.floor(((Number(point['x']) + 1) / 3) * 8)))
  expect(eighths.size).toBe(8)
})

test('ends are checked: unknown trials, second ends and values that are no numbers are refused', () => {
  const sampler = createSampler(box, 'random', { seed: 1 })
  const [trial = { id: -1, point: {} }] = sampler.ask(1)
  expect(() => sampler.tell(7, { kind: 'failed' })).toThrow('unknown trial 7')
  expect(() => sampler.tell(trial.id, { kind: 'value', value: NaN })).toThrow('report a failure instead')
  sampler.tell(trial.id, { kind: 'failed' })
  expect(() => sampler.tell(trial.id, { kind: 'failed' })).toThrow('already ended')
  expect(() => sampler.adopt(trial)).toThrow('already exists')
  expect(() => sampler.adopt({ id: 9, point: { x: 0 } })).toThrow('y is missing')
})

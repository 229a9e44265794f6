import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { formatValue } from '../../../src/search/space/parameter.ts'
import { historyOfBest, parallelCoordinates } from '../../../src/search/study/study-figures.ts'
import { importances } from '../../../src/search/study/importance.ts'
import { parseSearch } from '../../../src/search/study/search.ts'
import { Study } from '../../../src/search/study/study.ts'

/** A study of random points; `evaluate` gives undefined where the evaluation fails. */
function makeStudy(
  document: unknown,
  count: number,
  evaluate: (point: Readonly<Record<string, unknown>>, id: number) => number | undefined,
): Study {
  const study = new Study(parseSearch(document), { sampler: 'random', seed: 1, evaluations: count })
  for (const { id, point } of study.ask(count)) {
    const value = evaluate(point, id)
    study.tell(id, value === undefined ? { kind: 'failed', reason: 'exit 1' } : { kind: 'value', value })
  }
  return study
}

const document = {
  parameters: {
    rate: { type: 'float', low: 0.001, high: 1, log: true },
    kind: { choices: ['a', 'b', true] },
    depth: { type: 'integer', low: 1, high: 5, when: { kind: 'a' } },
  },
  objective: 'loss',
}

describe('the figures of a search', () => {
  test('show the best so far in the order of asking, for either direction, without what failed', () => {
    const values = [3, undefined, 5, 2, 4]
    const evaluate = (_: unknown, id: number): number | undefined => values[id]
    expect(historyOfBest(makeStudy(document, 5, evaluate))).toEqual([
      { id: 0, value: 3, best: 3 },
      { id: 2, value: 5, best: 3 },
      { id: 3, value: 2, best: 2 },
      { id: 4, value: 4, best: 2 },
    ])
    const upwards = makeStudy({ ...document, direction: 'maximise' }, 5, evaluate)
    expect(historyOfBest(upwards).map(({ best }) => best)).toEqual([3, 5, 5, 5])
  })

  test('place every value on its axis, and nothing where a parameter takes no part', () => {
    const study = makeStudy(document, 30, (_, id) => (id === 4 ? undefined : id))
    const { axes, objective, lines } = parallelCoordinates(study)
    expect(axes).toEqual([
      { name: 'rate', scale: 'log', low: 0.001, high: 1, choices: [] },
      { name: 'kind', scale: 'choices', low: 0, high: 2, choices: ['a', 'b', 'true'] },
      { name: 'depth', scale: 'linear', low: 1, high: 5, choices: [] },
    ])
    expect(objective).toMatchObject({ name: 'loss', low: 0, high: 29 })
    expect(lines).toHaveLength(29)
    for (const { id, positions } of lines) {
      const point = study.evaluations[id]?.point ?? {}
      expect(positions).toEqual([
        point['rate'],
        ['a', 'b', true].indexOf(formatValue(point['kind'] ?? null)) < 0 ? 2 : point['kind'] === 'a' ? 0 : 1,
        point['depth'] ?? null,
      ])
    }
  })

  test('are empty, and no error, of a search that has no value yet', () => {
    const study = makeStudy(document, 3, () => undefined)
    expect(historyOfBest(study)).toEqual([])
    expect(parallelCoordinates(study).lines).toEqual([])
    expect(importances(study)).toEqual([])
  })
})

describe('importances', () => {
  const cube = {
    parameters: Object.fromEntries(['a', 'b', 'c'].map((name) => [name, { type: 'float', low: 0, high: 1 }])),
  }
  const shareOf = (study: Study, name: string): number =>
    importances(study).find((one) => one.name === name)?.share ?? NaN

  test('are those of the analysis of variance where the function is known', () => {
    // Of a linear function the variance explained by each parameter goes with the square of its
    // slope: 9 : 1 : 0.
    const study = makeStudy(cube, 300, ({ a, b }) => 3 * Number(a) + Number(b))
    expect(importances(study).map(({ name }) => name)).toEqual(['a', 'b', 'c'])
    expect(shareOf(study, 'a')).toBeCloseTo(0.9, 1)
    expect(shareOf(study, 'b')).toBeCloseTo(0.1, 1)
    expect(shareOf(study, 'c')).toBeLessThan(0.02)
  })

  test('see a choice whose order is not that of its values, and a logarithmic scale', () => {
    const parameters = {
      choice: { choices: ['p', 'q', 'r', 's'] },
      rate: { type: 'float', low: 1e-6, high: 1, log: true },
      other: { type: 'float', low: 0, high: 1 },
    }
    const offsets: Readonly<Record<string, number>> = { p: 0, q: 8, r: 1, s: 9 }
    const study = makeStudy(
      { parameters },
      200,
      ({ choice, rate }) => (offsets[String(choice)] ?? 0) + 0.5 * Math.log10(Number(rate)),
    )
    expect(shareOf(study, 'choice')).toBeGreaterThan(0.9)
    expect(shareOf(study, 'rate')).toBeGreaterThan(shareOf(study, 'other'))
  })

  test.prop(
    [fc.array(fc.option(fc.double({ min: -1e9, max: 1e9, noNaN: true }), { nil: undefined }), { maxLength: 30 })],
    { numRuns: 20 },
  )('are shares of one, the largest first, and the same each time', (values) => {
    const study = makeStudy(document, values.length, (_, id) => values[id])
    const shares = importances(study).map(({ share }) => share)
    expect(shares).toEqual(shares.toSorted((one, other) => other - one))
    const sum = shares.reduce((total, share) => total + share, 0)
    expect(Math.min(Math.abs(sum), Math.abs(sum - 1))).toBeLessThan(1e-9)
    expect(importances(study).map(({ share }) => share)).toEqual(shares)
  })
})

import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { SAMPLER_NAMES, type SamplerName } from '../../../src/search/samplers/create-sampler.ts'
import type { Result } from '../../../src/search/study/objective.ts'
import { parseSearch } from '../../../src/search/study/search.ts'
import { Study } from '../../../src/search/study/study.ts'
import { nameOfTrial, trialOfName } from '../../../src/search/study/trial-name.ts'

const document = {
  parameters: {
    a: { type: 'float', low: 0, high: 1 },
    b: { choices: ['x', 'y'] },
    c: { type: 'integer', low: 1, high: 3, when: { b: 'x' } },
  },
  params: { epochs: 3 },
}
const options = (sampler: SamplerName) => ({ sampler, seed: 7, evaluations: 16 })
const result = fc.oneof(
  fc.integer({ min: -50, max: 50 }).map((value): Result => ({ kind: 'value', value })),
  fc.constant<Result>({ kind: 'failed', reason: 'exit 3' }),
  fc.integer({ min: -50, max: 50 }).map((value): Result => ({ kind: 'stopped', step: 3, value })),
)

describe('a study', () => {
  test.prop([fc.constantFrom(...SAMPLER_NAMES), fc.array(result, { minLength: 1, maxLength: 8 }), fc.nat({ max: 3 })], {
    numRuns: 40,
  })(
    'that is read back from its jobs asks for the next point that the first would have asked for',
    (sampler, results, pending) => {
      const search = parseSearch(document)
      const first = new Study(search, options(sampler))
      for (const told of results) first.tell(first.ask(1)[0]?.id ?? -1, told)
      first.ask(pending)
      const tasks = first.evaluations.map((evaluation) => ({ text: first.formatTask(evaluation), ...evaluation }))
      const second = new Study(search, options(sampler))
      for (const { text, id } of tasks) second.adopt(second.parseTask(text, id))
      for (const evaluation of tasks) if (evaluation.result !== undefined) second.tell(evaluation.id, evaluation.result)
      expect(second.askMissing()).toEqual([])
      expect(second.best).toEqual(first.best)
      expect([second.endCount, second.failureCount, second.pendingCount]).toEqual([
        first.endCount,
        first.failureCount,
        first.pendingCount,
      ])
      expect(second.ask(2)).toEqual(first.ask(2))
    },
  )

  test.prop([
    fc.constantFrom<SamplerName>('random', 'grid', 'quasi-random', 'tpe'),
    fc.uniqueArray(fc.nat({ max: 8 }), { maxLength: 5 }),
  ])('asks again for points whose jobs were never made, and for none twice', (sampler, lost) => {
    const search = parseSearch(document)
    const first = new Study(search, options(sampler))
    const asked = first.ask(10)
    const second = new Study(search, options(sampler))
    for (const trial of asked) if (!lost.includes(trial.id)) second.adopt(trial)
    expect(second.askMissing().map(({ id, point }) => ({ id, point }))).toEqual(
      asked.filter(({ id }) => lost.includes(id)).map(({ id, point }) => ({ id, point })),
    )
    expect(second.evaluations).toEqual(first.evaluations)
  })

  test('refuses the jobs of another space, and says what differs', () => {
    const study = new Study(parseSearch(document), options('random'))
    const task = study.formatTask(study.ask(1)[0] ?? { id: 0, point: {} })
    const wider = { ...document, parameters: { ...document.parameters, a: { type: 'float', low: 0, high: 2 } } }
    expect(() => new Study(parseSearch(wider), options('random')).parseTask(task, 0)).toThrow(
      'to another space: a.high: 1 → 2',
    )
    const longer = { ...document, params: { epochs: 4 } }
    expect(() => new Study(parseSearch(longer), options('random')).parseTask(task, 0)).toThrow(
      'params: {"epochs":3} → {"epochs":4}',
    )
    expect(() => study.parseTask(task, 1)).toThrow('was not made by a search')
    expect(() => study.parseTask('{"x": {}}', 0)).toThrow('was not made by a search')
    expect(() => study.parseTask('hello', 0)).toThrow('was not made by a search')
  })

  test('knows the best by its direction, and when a target is reached', () => {
    const study = new Study(parseSearch({ ...document, direction: 'maximise' }), options('random'))
    const ids = study.ask(4).map(({ id }) => id)
    const bests = [3, 5, 4].map((value, at) => study.tell(ids[at] ?? -1, { kind: 'value', value }).isBest)
    expect(bests).toEqual([true, true, false])
    study.tell(ids[3] ?? -1, { kind: 'failed', reason: 'x' })
    expect(study.best?.name).toBe('eval-2')
    expect(study.listBest().map(({ result }) => result.value)).toEqual([5, 4, 3])
    expect([study.reaches(5, 5), study.reaches(6, 5), study.reaches(4, 5)]).toEqual([true, true, false])
    expect(() => study.tell(ids[3] ?? -1, { kind: 'failed', reason: 'x' })).toThrow(RangeError)
  })

  test.prop([fc.nat()])('names its jobs so that the trial can be told', (id) => {
    expect(trialOfName(nameOfTrial(id))).toBe(id)
    expect(trialOfName(`x${nameOfTrial(id)}`)).toBeUndefined()
    expect(trialOfName('eval-0')).toBeUndefined()
    expect(trialOfName('eval-01')).toBeUndefined()
  })
})

describe('a study of several objectives', () => {
  const values = fc.array(fc.tuple(fc.integer({ min: 0, max: 5 }), fc.integer({ min: 0, max: 5 })), { minLength: 1 })

  test.prop([values])('has on its front what no other beats in everything, and one of each kind', (pairs) => {
    const search = parseSearch({ ...document, objectives: { loss: 'minimise', speed: 'maximise' } })
    const study = new Study(search, options('random'))
    for (const [value, speed] of pairs)
      study.tell(study.ask(1)[0]?.id ?? -1, { kind: 'value', value, further: [speed] })
    const beaten = ([value, speed]: readonly [number, number]): boolean =>
      pairs.some(([other, faster]) => other <= value && faster >= speed && (other < value || faster > speed))
    const expected = new Set(pairs.filter((pair) => !beaten(pair)).map(String))
    const front = study.listFront().map(({ result: { value, further } }) => String([value, ...(further ?? [])]))
    expect(new Set(front)).toEqual(expected)
    expect(front).toHaveLength(expected.size)
    expect(study.listBest().slice(0, front.length)).toEqual(study.listFront())
  })
})

import { describe, expect, test } from 'vitest'
import { BjobError } from '../../../src/core/text/errors.ts'
import { levelIndex, unitOfValue, valueAtUnit } from '../../../src/search/space/parameter.ts'
import { checkPoint } from '../../../src/search/space/point.ts'
import { parseSpace } from '../../../src/search/space/space.ts'

const good = {
  objective: 'loss',
  direction: 'maximize',
  parameters: {
    momentum: { type: 'float', low: 0, high: 0.99, when: { optimizer: 'sgd' } },
    optimizer: { choices: ['sgd', 'adam'] },
    rate: { type: 'float', low: 1e-5, high: 0.1, log: true },
    layers: { type: 'integer', low: 2, high: 8, step: 2 },
  },
}

test('a choice is any value that JSON has, and the same value however its keys are ordered', () => {
  const choices = [null, 5, [64, 64], [64], { a: 1, b: [] }]
  const space = parseSpace({ parameters: { x: { choices }, y: { choices: [1], when: { x: [null, [64]] } } } })
  const [x] = space.parameters
  if (x === undefined) throw new Error('there is none')
  for (const [index, choice] of choices.entries()) {
    expect(levelIndex(x, choice)).toBe(index)
    expect(valueAtUnit(x, unitOfValue(x, choice))).toEqual(choice)
    checkPoint(space, choice === null || index === 3 ? { x: choice, y: 1 } : { x: choice })
  }
  expect(levelIndex(x, { b: [], a: 1 })).toBe(4)
  expect(levelIndex(x, [64, 32])).toBe(-1)
  expect(() =>
    parseSpace({
      parameters: {
        x: {
          choices: [
            [1, { a: 2 }],
            [1, { a: 2 }],
          ],
        },
      },
    }),
  ).toThrow(/twice/)
})

test('reads every kind of parameter and puts conditions after what they name', () => {
  const space = parseSpace(good)
  expect(space.parameters.map(({ name }) => name)).toEqual(['optimizer', 'momentum', 'rate', 'layers'])
  expect(space).toMatchObject({ direction: 'maximise', objective: 'loss' })
  expect(space.parameters[1]).toMatchObject({ kind: 'float', low: 0, high: 0.99, log: false, step: undefined })
  expect(space.parameters[1]?.when).toEqual(new Map([['optimizer', ['sgd']]]))
})

describe('refuses, in one line that names the field,', () => {
  const rate = (spec: object): object => ({ parameters: { rate: { type: 'float', low: 1, high: 2, ...spec } } })
  const kind = (spec: object): object => ({ parameters: { kind: { choices: ['a', 'b'] }, other: spec } })
  const cases: [string, unknown, string, RegExp][] = [
    ['what is not a mapping', [1], '', /the space/],
    ['no parameters', { parameters: {} }, 'parameters', /no parameter/],
    ['a missing list of parameters', {}, 'parameters', /is missing/],
    ['an unknown key', { ...good, directoin: 'minimise' }, 'directoin', /did you mean direction\?/],
    ['an unknown key of a parameter', rate({ hgih: 2 }), 'parameters.rate.hgih', /did you mean high\?/],
    [
      'a misspelt key that is then missing',
      { parameters: { x: { type: 'float', lo: 0, high: 1 } } },
      'parameters.x.lo',
      /low/,
    ],
    ['an unknown direction', { ...good, direction: 'up' }, 'direction', /minimise or maximise/],
    ['objectives beside one', { ...good, objective: 'a', objectives: { a: 'minimise' } }, 'objectives', /excludes/],
    ['no objectives', { parameters: { x: { choices: [1] } }, objectives: {} }, 'objectives', /is empty/],
    [
      'an objective without a direction',
      { parameters: { x: { choices: [1] } }, objectives: { a: 1 } },
      'objectives.a',
      /minimise or maximise/,
    ],
    ['an unknown type', rate({ type: 'int' }), 'parameters.rate.type', /did you mean integer\?/],
    ['a missing type', { parameters: { x: { low: 0, high: 1 } } }, 'parameters.x.type', /is missing/],
    ['a parameter that is not a mapping', { parameters: { x: 3 } }, 'parameters.x', /mapping/],
    ['a name that is none', { parameters: { '1 x': { choices: [1] } } }, 'parameters.1 x', /not a name/],
    ['an empty range', rate({ low: 3 }), 'parameters.rate', /empty range: low 3 is above high 2/],
    ['a low that is not a number', rate({ low: '1e-5' }), 'parameters.rate.low', /"1e-5"/],
    ['an endless range', rate({ high: Infinity }), 'parameters.rate.high', /number/],
    ['half an integer', rate({ type: 'integer', high: 2.5 }), 'parameters.rate.high', /2.5/],
    ['log over zero', rate({ low: 0, log: true }), 'parameters.rate.low', /above 0 on a log scale/],
    ['a step of nothing', rate({ step: 0 }), 'parameters.rate.step', /above 0/],
    ['a step beyond the range', rate({ step: 3 }), 'parameters.rate.step', /more than the range/],
    ['a step on a log scale', rate({ step: 0.1, log: true }), 'parameters.rate.step', /log/],
    ['a choice without options', kind({ choices: [] }), 'parameters.other.choices', /is empty/],
    ['an option twice', kind({ choices: [1, 2, 1] }), 'parameters.other.choices', /lists 1 twice/],
    [
      'a condition on nothing known',
      kind({ choices: [1], when: { knid: 'a' } }),
      'parameters.other.when.knid',
      /mean kind\?/,
    ],
    [
      'a condition that never holds',
      kind({ choices: [1], when: { kind: ['c'] } }),
      'parameters.other.when.kind',
      /which is not a value of/,
    ],
    [
      'a condition without values',
      kind({ choices: [1], when: { kind: [] } }),
      'parameters.other.when.kind',
      /is empty/,
    ],
    [
      'a condition on itself',
      { parameters: { a: { choices: [1], when: { b: 1 } }, b: { choices: [1], when: { a: 1 } } } },
      'parameters.a.when',
      /cycle: a → b → a/,
    ],
    [
      'a condition on any real number',
      { parameters: { a: { type: 'float', low: 0, high: 1 }, b: { choices: [1], when: { a: 0.5 } } } },
      'parameters.b.when.a',
      /float without step/,
    ],
  ]
  test.each(cases)('%s', (_, input, field, message) => {
    let error: unknown
    try {
      parseSpace(input)
    } catch (thrown) {
      error = thrown
    }
    if (!(error instanceof BjobError)) throw new Error(`not refused: ${String(error)}`)
    expect(error).toMatchObject({ kind: 'request', code: 'bad-space' })
    expect(error.detail.field ?? '').toBe(field)
    expect(error.message).toMatch(message)
    expect(error.message).not.toContain('\n')
  })
})

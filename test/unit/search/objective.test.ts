import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { readObjective } from '../../../src/search/study/objective.ts'
import { parseSpace } from '../../../src/search/space/space.ts'

const plain = parseSpace({ parameters: { a: { choices: [1, 2] } } })
const named = parseSpace({ parameters: { a: { choices: [1, 2] } }, objective: 'rmse' })

describe('an objective', () => {
  test.prop([fc.double({ noNaN: true, noDefaultInfinity: true })])('is a bare number, or a field', (value) => {
    expect(readObjective(`${value}\n`, plain, 'r')).toEqual({
      kind: 'value',
      value: value === 0 ? expect.closeTo(0) : value,
    })
    expect(readObjective(JSON.stringify({ loss: value, other: 3 }), plain, 'r')).toMatchObject({ kind: 'value' })
    expect(readObjective(JSON.stringify({ loss: 'x', rmse: value }), named, 'r')).toMatchObject({ kind: 'value' })
  })

  test.each([
    ['1.', 1],
    ['.5', 0.5],
    ['+2e3', 2000],
    ['1.5D2', 150],
    ['007', 7],
    ['{"accuracy": 0.5, "note": "NaN"}', 0.5],
    ['{"loss": 1, "gradient": [NaN, -Infinity]}', 1],
  ])('is read from %s', (text, value) => {
    expect(readObjective(text, plain, 'r')).toEqual({ kind: 'value', value })
  })

  test.each([
    [null, 'it wrote no r'],
    [' \n', 'r is empty'],
    ['nan', 'r is not a number: NaN, infinite or null'],
    ['-Infinity', 'r is not a number: NaN, infinite or null'],
    ['{"loss": NaN}', 'loss in r is not a number: NaN, infinite or null'],
    ['1e999', 'r is infinite'],
    ['{"loss": "low"}', 'loss in r is not a number: "\\"low\\""'],
    ['{"a": 1, "b": 2}', 'r has several fields; set `objective` in the space to one of them'],
    ['Segmentation fault', 'r is neither JSON nor a number: "Segmentation fault"'],
    ['[1]', 'r is not a number: "[1]"'],
  ])('is missing in %s', (text, reason) => {
    expect(readObjective(text, plain, 'r')).toEqual({ kind: 'failed', reason })
  })

  test('of several each is a field', () => {
    const both = parseSpace({
      parameters: { a: { choices: [1, 2] } },
      objectives: { rmse: 'minimise', speed: 'maximise' },
    })
    expect(readObjective('{"speed": 3, "rmse": 1}', both, 'r')).toEqual({ kind: 'value', value: 1, further: [3] })
    const failed = (reason: string): object => ({ kind: 'failed', reason })
    expect(readObjective('{"rmse": 1}', both, 'r')).toEqual(failed('r has no field speed'))
    expect(readObjective('2', both, 'r')).toEqual(failed('r has no field speed'))
    expect(readObjective('{"speed": NaN, "rmse": 1}', both, 'r')).toEqual(
      failed('speed in r is not a number: NaN, infinite or null'),
    )
  })

  test('is the named field or none', () => {
    expect(readObjective('{"loss": 1}', named, 'r')).toEqual({ kind: 'failed', reason: 'r has no field rmse' })
    expect(readObjective('2', named, 'r')).toEqual({ kind: 'value', value: 2 })
  })
})

import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'

import { formatHours, formatMinutes, formatWalltime, parseWalltime } from '../../../src/platform/schedulers/walltime.ts'

describe('parseWalltime', () => {
  test.each([
    ['90', 5400],
    ['59:03', 3543],
    ['0:12', 12],
    ['02:00:05', 7205],
    ['100:00:00', 360_000],
    ['1-02', 93_600],
    ['1-02:03', 93_780],
    ['1-02:03:04', 93_784],
    ['UNLIMITED', Infinity],
    ['infinite', Infinity],
    [' 10 \n', 600],
  ])('%s', (text, seconds) => {
    expect(parseWalltime(text)).toBe(seconds)
  })

  test.each(['', 'soon', '1:60', '1:00:60', '1-24:00', '1:2:3:4', '-5', '1.5', '00:123'])('refuses %j', (text) => {
    expect(() => parseWalltime(text)).toThrow(expect.objectContaining({ code: 'bad-walltime', kind: 'request' }))
    expect(() => parseWalltime(text)).toThrow(`'${text}' is not a time limit`)
  })
})

describe('formatting', () => {
  test('writes days only from one day on', () => {
    expect(formatWalltime(86_399)).toBe('23:59:59')
    expect(formatWalltime(86_400)).toBe('1-00:00:00')
    expect(formatWalltime(Infinity)).toBe('UNLIMITED')
    expect(formatHours(108_000)).toBe('30:00:00')
    expect(formatMinutes(61)).toBe(2)
  })

  test.each([Infinity, NaN, -1])('%d hours are refused', (seconds) => {
    expect(() => formatHours(seconds)).toThrow('needs a finite limit')
  })

  test.prop([fc.nat(10_000_000)])('is read back', (seconds) => {
    expect(parseWalltime(formatWalltime(seconds))).toBe(seconds)
    expect(parseWalltime(formatHours(seconds))).toBe(seconds)
  })
})

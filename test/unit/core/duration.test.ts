import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { formatSeconds, parseDuration } from '../../../src/core/text/duration.ts'

describe('a duration', () => {
  test.each([
    ['90', 5400],
    ['0.5', 30],
    ['90s', 90],
    ['30m', 1800],
    ['30 min', 1800],
    ['1h30m', 5400],
    ['1.5h', 5400],
    ['2d 1h', 176_400],
    ['59:03', 3543],
    ['1:00:00', 3600],
    ['1-12', 129_600],
    ['1-12:00', 129_600],
    ['-5', -300],
  ])('%j, a number of minutes where it has no unit, is %d seconds', (text, seconds) => {
    expect(parseDuration(text, 'seconds')).toBe(/^[-\d.]+$/.test(text) && text !== '1-12' ? Number(text) : seconds)
    expect((parseDuration(text, 'minutes') ?? 0) * 60).toBeCloseTo(seconds, 9)
  })

  test.each(['', 'soon', '1:60', '1:00:60', '1-24', '1:2:3:4', '5x', 'm', '1h30', 'NaN', 'Infinity', '0x10'])(
    'is not %j',
    (text) => expect(parseDuration(text, 'minutes')).toBeUndefined(),
  )

  test.prop([fc.nat(1000), fc.nat(23), fc.nat(59), fc.nat(59)])('means the same in each form', (d, h, m, s) => {
    const seconds = ((d * 24 + h) * 60 + m) * 60 + s
    for (const text of [`${d}-${h}:${m}:${s}`, `${d * 24 + h}:${m}:${s}`, `${d}d${h}h${m}m${s}s`, `${seconds}s`])
      expect(parseDuration(text, 'seconds')).toBe(seconds)
  })

  test.each([
    [0.123, '0.12 s'],
    [59.94, '59.9 s'],
    [61, '1 min 1 s'],
    [7320, '2 h 2 min'],
  ])('of %d seconds reads %j', (seconds, text) => expect(formatSeconds(seconds)).toBe(text))
})

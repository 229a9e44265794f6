import { describe, expect, test } from 'vitest'
import { formatAge } from '../../../src/cli/terminal/terminal.ts'

describe('formatAge', () => {
  const now = Date.parse('2026-01-10T00:00:00.000Z')
  test.each([
    ['2026-01-10T00:00:05.000Z', '0s'],
    ['2026-01-09T23:59:18.000Z', '42s'],
    ['2026-01-09T23:50:01.000Z', '9m'],
    ['2026-01-09T00:00:00.000Z', '24h'],
    ['2026-01-07T00:00:00.000Z', '3d'],
    ['nonsense', '?'],
  ])('%s is %s ago', (since, age) => expect(formatAge(since, now)).toBe(age))
})

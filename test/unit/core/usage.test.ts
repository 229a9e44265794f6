import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { formatSeconds, parseSeconds } from '../../../src/core/text/duration.ts'
import { type Usage, formatRan, parseRan } from '../../../src/core/life/usage.ts'

const usages: fc.Arbitrary<Usage> = fc.record(
  { cpuSeconds: fc.nat({ max: 59 }), cpuIs: fc.constantFrom('exact', 'at least', 'at most'), peakMiB: fc.nat() },
  { requiredKeys: [] },
)

describe('what an attempt has used, in its history', () => {
  test.prop([
    fc.nat({ max: 3599 }),
    usages,
    fc.constantFrom('exit 0', 'exit 1', 'killed by SIGKILL', 'x after y'),
    fc.string(),
  ])('is read back as it was written', (seconds, { cpuIs = 'exact', ...usage }, reason, tail) => {
    const cpu = usage.cpuSeconds === undefined ? {} : { cpuIs }
    const message = `${reason} ${formatRan({ seconds, usage: { ...usage, ...cpu } })}\n${tail}`
    expect(parseRan(message)).toEqual({ seconds, usage: { ...usage, ...cpu } })
  })

  test.prop([fc.double({ min: 0, max: 1e7, noNaN: true })])('a duration keeps 2 % of itself, or 0.01 s', (seconds) => {
    expect(Math.abs(parseSeconds(formatSeconds(seconds)) - seconds)).toBeLessThanOrEqual(Math.max(0.06, seconds / 50))
  })

  test.each(['', 'killed by ada', 'retry 1 of 3', 'exit 1 after', 'said: after 3.0 s of nothing'])(
    'there is none in %j',
    (message) => expect(parseRan(message)).toBeUndefined(),
  )
})

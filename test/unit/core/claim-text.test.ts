import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { formatClaim, parseClaim } from '../../../src/core/life/claim-text.ts'
import { expandHostList, foldHostList } from '../../../src/platform/hostlist.ts'

const claims = fc.record({
  what: fc.oneof(
    fc.nat({ max: 1e6 }).map((attempt) => `attempt ${attempt}`),
    fc.constantFrom('preprocess', 'postprocess'),
  ),
  nodes: fc.uniqueArray(fc.stringMatching(/^[a-z]{1,5}\d{0,4}$/), { minLength: 1 }).map(foldHostList),
  cores: fc.oneof(fc.nat({ max: 1e7 }), fc.constantFrom(0.5, 0.125)),
  gpus: fc.nat({ max: 1e5 }),
})

describe('the text of a claim', () => {
  test.prop([claims])('is read back as it was', (claim) => {
    expect(parseClaim(formatClaim(claim))).toEqual(claim)
  })

  test.prop([claims, fc.stringMatching(/^[ -~]{1,3000}$/)])(
    'has the command in a line of its own',
    (claim, command) => {
      const read = parseClaim(formatClaim({ ...claim, command }))
      expect({ ...read, command: '' }).toEqual({ ...claim, command: '' })
      expect(command.startsWith(read?.command?.replace(/ …$/, '') ?? '?')).toBe(true)
    },
  )

  test('reads as people say it', () => {
    const nodes = foldHostList(['n1', 'n2', 'gpu7'])
    expect(formatClaim({ what: 'attempt 2', nodes, cores: 1, gpus: 1 })).toBe('attempt 2 on gpu7,n[1-2], 1 core, 1 GPU')
    expect(expandHostList(parseClaim('attempt 2 on gpu7,n[1-2], 8 cores')?.nodes ?? '')).toEqual(['gpu7', 'n1', 'n2'])
  })

  test.each(['', 'exit 0 after 0.1 s', 'killed by a@b on c, 3 d', 'attempt 1 on x', 'attempt x on y, 1 core'])(
    'is not found in %j',
    (message) => expect(parseClaim(message)).toBeUndefined(),
  )
})

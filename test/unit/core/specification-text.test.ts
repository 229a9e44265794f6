import { fc, test } from '@fast-check/vitest'
import { expect } from 'vitest'
import { formatSpecification } from '../../../src/core/specification-text.ts'
import { formatYaml } from '../../../src/core/yaml-text.ts'

const word = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.stringMatching(/^[-A-Za-z0-9_.=/ :#'"]{0,12}$/),
  fc.constantFrom('null', 'True', '~', '--lr', '-1', '0.5', '1e3', '0x1f', '007', '-', '--', '.inf', 'yes', 'a\nb', ''),
)
const value = fc.oneof(
  word,
  fc.boolean(),
  fc.integer(),
  fc.double({ noNaN: true }),
  fc.array(word),
  fc.dictionary(fc.stringMatching(/^\w{1,8}$/), word),
)

test.prop(
  [
    fc.dictionary(
      fc.stringMatching(/^[a-z_]{1,12}$/).filter((name) => !/^(null|true|false)$/.test(name)),
      value,
    ),
  ],
  { numRuns: 2000 },
)('is what the general writer makes', (record) => {
  expect(formatSpecification(record)).toBe(formatYaml(record))
})

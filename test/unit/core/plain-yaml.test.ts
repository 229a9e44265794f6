import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { parse, stringify } from 'yaml'
import { parsePlainYaml } from '../../../src/core/text/plain-yaml.ts'
import { formatYaml, parseYaml } from '../../../src/core/text/yaml-text.ts'

const words = [
  'a',
  'a b',
  '-x',
  '--n=3',
  '/bin/true',
  '0',
  '-7',
  '007',
  '1.5',
  '1e3',
  '1e-5',
  '3746e250-5cbb pid:[4026531836]',
  '2026-11-27T12:25:00.906Z',
  '12:30',
  '1-2',
  '1_000',
  '0o17',
  'a[0]',
  'a]',
  'http://x/y',
  'a:b:',
  '1 2',
  '1.',
  '0x1f',
  'true',
  'True',
  'null',
  '~',
  'y',
  'no',
  '.5',
  '-',
  '---',
  '...',
]
const hard = [
  '"q"',
  "'q'",
  '"true"',
  "'a: b #c'",
  '"a # b: [c]"',
  '"a"b',
  '"a" #b',
  '"a\\n"',
  "'a''b'",
  '""',
  '" a "',
  'a: b',
  'a #b',
  'a#b',
  '#c',
  '[a]',
  '{a: b}',
  '&a',
  '*a',
  '!a',
  '|',
  '>',
  'a ',
  ' a',
  '',
  'é',
  'a:',
  '2026-11-23',
  '@a',
  '%a',
  '`a',
  '?',
  '? a',
  '99999999999999999999',
]
const word = fc.oneof(fc.constantFrom(...words), fc.constantFrom(...hard), fc.string({ maxLength: 4 }))
const key = fc.oneof(
  fc.constantFrom('a', 'b', 'num_nodes', 'inputFiles', 'null', 'True', '_x', '__proto__', 'constructor', '1a'),
  word,
)
const line = fc.oneof(
  fc.tuple(key, word).map(([name, value]) => `${name}: ${value}`),
  key.map((name) => `${name}:`),
  word.map((value) => `  - ${value}`),
  word.map((value) => `- ${value}`),
  word.map((value) => `# ${value}`),
  word.map((value) => `   ${value}`),
  fc.tuple(key, fc.stringMatching(/^["'][ -~]{0,6}["']$/)).map(([name, value]) => `${name}: ${value}`),
  fc.constantFrom('', ' ', '\t', '\r', '---', '...', '  #'),
)

const anyWord = fc.oneof(
  word,
  fc.string({ unit: 'binary' }),
  fc.stringMatching(/^[-A-Za-z0-9_.=/ :#'"[\]]{0,12}$/),
  fc.stringMatching(/^[0-9][-0-9a-fox.:_ +]{0,6}$/),
  fc.constantFrom('a  b', 'a ', 'a\nb', '/', '--', 'a -', 'a - b', '-1', '0.5', '.inf', 'yes'),
)
const value = fc.oneof(
  anyWord,
  fc.boolean(),
  fc.integer(),
  fc.double({ noNaN: true }),
  fc.array(anyWord),
  fc.dictionary(fc.stringMatching(/^\w{1,8}$/), anyWord),
)

describe('YAML without a parser', () => {
  test.prop([fc.array(line, { maxLength: 6 })], { numRuns: 5000 })('is undecided, or right', (lines) => {
    const text = lines.join('\n')
    const plain = parsePlainYaml(text)
    if (plain !== undefined) expect(plain).toEqual(parse(text, { schema: 'core' }))
  })

  test.prop([fc.dictionary(fc.oneof(fc.stringMatching(/^[a-z_]{1,12}$/), key), value)], { numRuns: 5000 })(
    'is written as the general writer does, and read back',
    (record) => {
      const text = formatYaml(record)
      expect(text).toBe(stringify(record, { lineWidth: 0, flowCollectionPadding: false }))
      expect(parseYaml(text, 'x.yaml').value).toEqual(record)
    },
  )

  test('of comments alone it is nothing', () => {
    expect(parsePlainYaml('# a\n\n  # b\n')).toBeNull()
  })
})

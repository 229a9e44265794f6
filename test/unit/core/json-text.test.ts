import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { parseJson } from '../../../src/core/text/json-text.ts'
import { parseYaml } from '../../../src/core/text/yaml-text.ts'
import { Written, findLoss, toPlain, toWord } from '../../../src/lib/text/written.ts'

const sources = [
  '1.10',
  '007',
  '0x10',
  '1e-3',
  '9007199254740993',
  '12345678901234567890',
  '-0',
  '+5',
  '.5',
  '0.0',
  '1.',
]
const jsonSources = sources.filter((source) => /^-?(0|[1-9]\d*)(\.\d+)?(e-?\d+)?$/.test(source))

describe('numbers as they were written', () => {
  test.each(jsonSources)('%s in JSON', (source) => {
    const value = parseJson(`{"a\\"1.10": [${source}, "#${source}", {"b": ${source}}], "#": 7}`)
    expect(value).toEqual({
      'a"1.10': [new Written(source, Number(source)), `#${source}`, { b: new Written(source, Number(source)) }],
      '#': 7,
    })
  })

  test.each(sources)('%s in YAML', (source) => {
    const { written, value } = parseYaml(`a: [${source}, '${source}']\n${source}: b\n`, 'x.yaml')
    const [bare, quoted] = (written as { a: unknown[] }).a
    expect(toWord(bare)).toBe(source)
    expect(quoted).toBe(source)
    expect((value as { a: unknown[] }).a[0]).toBe(Number(source))
    expect((value as Record<string, unknown>)[source]).toBe('b')
  })

  test.prop([fc.json()])('other JSON is what JSON.parse makes of it', (text) => {
    expect(JSON.stringify(toPlain(parseJson(text)))).toBe(JSON.stringify(JSON.parse(text)))
  })

  test.prop([fc.bigInt({ min: -(2n ** 80n), max: 2n ** 80n })])(
    'whole numbers come as they are, or are a loss',
    (big) => {
      const [value] = parseJson(`[${big}]`) as unknown[]
      expect(toWord(value)).toBe(String(big))
      if (findLoss(value) === undefined) expect(BigInt(JSON.stringify(toPlain(value)))).toBe(big)
      else expect(Number.isSafeInteger(Number(big))).toBe(false)
    },
  )

  test('a loss is found where it is; fractions are none', () => {
    expect(findLoss(parseJson('{"a": [1, {"b": 9007199254740993}]}'))).toEqual(['a', 1, 'b'])
    for (const text of ['1e-400', '-12345678901234567890']) expect(findLoss(parseJson(text)), text).toEqual([])
    for (const text of ['0.10000000000000001', '3.14159265358979323846', '1e300', '0e5', '1.0'])
      expect(findLoss(parseJson(text)), text).toBeUndefined()
  })

  test('words of YAML are true to their source', () => {
    const { written } = parseYaml('a: [True, TRUE, true, yes, no]\n', 'x.yaml')
    expect((written as { a: unknown[] }).a.map(toWord)).toEqual(['True', 'TRUE', 'true', 'yes', 'no'])
  })
})

import { fc, test } from '@fast-check/vitest'
import { expect } from 'vitest'
import { LineSplitter, type ReadLine } from '../../../src/lib/text/line-splitter.ts'

function split(...pieces: readonly Uint8Array[]): ReadLine[] {
  const splitter = new LineSplitter()
  return [...pieces.flatMap((piece) => splitter.push(piece)), ...splitter.end()]
}

test.prop([fc.string({ unit: 'binary' }), fc.integer({ min: 1, max: 7 })])(
  'the lines of a stream are those of its text, however it is cut',
  (raw, size) => {
    const text = raw.replaceAll(/\p{Surrogate}/gu, 'x').replace(/^\uFEFF+/, '')
    const bytes = Buffer.from(text)
    const pieces = Array.from({ length: Math.ceil(bytes.length / size) }, (_, at) =>
      bytes.subarray(at * size, (at + 1) * size),
    )
    const lines = text.split('\n')
    if (lines.at(-1) === '') lines.pop()
    expect(split(...pieces)).toEqual(lines.map((line) => ({ text: line })))
  },
)

test('a byte order mark is dropped at the beginning alone', () => {
  expect(split(Buffer.from('\uFEFFa\n\uFEFFb\n'))).toEqual([{ text: 'a' }, { text: '\uFEFFb' }])
})

test('what is no UTF-8 or too long costs that line alone', () => {
  const long = Buffer.alloc(17 * 1024 * 1024, 'x')
  expect(split(Buffer.from('a\ncaf\xE9\n', 'latin1'), long, long, Buffer.from('\nb'))).toEqual([
    { text: 'a' },
    { problem: 'is not UTF-8' },
    { problem: 'is longer than 16777216 bytes' },
    { text: 'b' },
  ])
})

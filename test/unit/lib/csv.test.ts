import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { csvRow } from '../../../src/lib/text/csv.ts'

/** The cells of one row of RFC 4180, by a reader of its own. */
function parseRow(row: string): string[] {
  const cells: string[] = []
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/y
  for (let match = cell.exec(row); match !== null; match = cell.exec(row))
    cells.push(match[1]?.replaceAll('""', '"') ?? match[2] ?? '')
  return cells
}

describe('csvRow', () => {
  test.prop([fc.array(fc.string({ unit: 'binary' }), { minLength: 1 })])(
    'keeps every text, or marks it as text',
    (texts) => {
      const cells = parseRow(csvRow(texts))
      expect(cells).toHaveLength(texts.length)
      for (const [at, text] of texts.entries()) expect([text, `'${text}`]).toContain(cells[at])
    },
  )

  test('writes values plainly, and text that a spreadsheet would run as text', () => {
    expect(csvRow([-0.5, '-0.5', '+1e-3', true, undefined, null])).toBe('-0.5,-0.5,+1e-3,true,,\r\n')
    expect(csvRow(['=1+1', '-x', '@a', '+cmd|x'])).toBe("'=1+1,'-x,'@a,'+cmd|x\r\n")
    expect(csvRow([['a', 'b'], { k: 1 }, 'a,"b"', 'two\nlines'])).toBe(
      '"[""a"",""b""]","{""k"":1}","a,""b""","two\nlines"\r\n',
    )
  })
})

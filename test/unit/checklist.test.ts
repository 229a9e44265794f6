/** CHECKLIST.md is evidence only while the tests that it names are there. */
import fs from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'

const folder = path.resolve(import.meta.dirname, '..')
const text = fs.readFileSync(path.join(folder, 'CHECKLIST.md'), 'utf8')
const rows = [...text.matchAll(/^\| (\d+) +\|(.*)\|$/gm)].map(([, number, cells = '']) => ({
  number: Number(number),
  cells,
}))

/**
 * True if a line of the source has the title behind a quotation mark: in `test('…`, or in the name
 * of one of a table.
 */
function hasTitle(source: string, title: string): boolean {
  return source.split('\n').some((line) => {
    const at = line.indexOf(title)
    return at > 0 && /(^|test|each|prop|name:|\)).*['"`]/.test(line.slice(0, at))
  })
}

test('has a row for each of the 62 things, which names a test', () => {
  expect(rows.map(({ number }) => number)).toEqual(Array.from({ length: 62 }, (_, at) => at + 1))
  const bare = rows.filter(({ cells }) => !/`[^`]+` › /.test(cells))
  expect(bare).toEqual([])
})

test('names only tests that there are', () => {
  const named = [...text.matchAll(/`([^`]+\.ts)` › ([^|;\n)]+)/g)]
  expect(named.length).toBeGreaterThan(62)
  const missing = named.filter(([, file = '', title = '']) => {
    const source = path.join(folder, file)
    return !fs.existsSync(source) || !hasTitle(fs.readFileSync(source, 'utf8'), title.trim())
  })
  expect(missing.map(([all]) => all)).toEqual([])
})

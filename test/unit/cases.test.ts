/** CASES.md is evidence only while the tests that it names are there. */
import fs from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'

const folder = path.resolve(import.meta.dirname, '..')
const text = fs.readFileSync(path.join(folder, 'CASES.md'), 'utf8')
const rows = [...text.matchAll(/^\| ([A-C]\d+) +\|(.*)\|$/gm)].map(([, id = '', cells = '']) => ({ id, cells }))

test('each case is there once and names a test', () => {
  expect(rows.length).toBeGreaterThan(10)
  expect(new Set(rows.map(({ id }) => id)).size).toBe(rows.length)
  expect(rows.filter(({ cells }) => !/`[^`]+\.ts` › /.test(cells))).toEqual([])
})

test('names only tests that there are', () => {
  const named = [...text.matchAll(/`([^`]+\.ts)` › ([^|;\n]+)/g)]
  const missing = named.filter(([, file = '', title = '']) => {
    const source = path.join(folder, file)
    return !fs.existsSync(source) || !fs.readFileSync(source, 'utf8').includes(title.trim())
  })
  expect(missing.map(([all]) => all)).toEqual([])
})

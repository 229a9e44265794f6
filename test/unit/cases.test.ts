/** CASES.md is evidence only while the tests that it names are there. */
import fs from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { patternOf, readCases } from '../rig/case-table.mjs'

const folder = path.resolve(import.meta.dirname, '..')
const cases = readCases()

test('each case is there once, says what it is and names a test', () => {
  expect(cases.length).toBeGreaterThan(45)
  expect(new Set(cases.map(({ id }) => id)).size).toBe(cases.length)
  expect(cases.filter(({ kind, tests }) => kind === '' || tests.length === 0)).toEqual([])
})

test('names only tests that there are', () => {
  const missing = cases
    .flatMap(({ tests }) => tests)
    .filter(({ file, title }) => {
      const source = path.join(folder, file)
      return !fs.existsSync(source) || !fs.readFileSync(source, 'utf8').includes(title)
    })
  expect(missing).toEqual([])
})

test('a title of a table matches the name of each of its tests, and no other', () => {
  const name = new RegExp(patternOf('%s (of a folder): is refused'))
  expect(name.test('links jobs (of a folder): is refused')).toBe(true)
  expect(name.test('links jobs of a folder: is refused')).toBe(false)
})

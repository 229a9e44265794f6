/** CASES.md is evidence only while the tests that it names are there. */
import fs from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { patternOf, readCases, readLaterCases } from '../rig/case-table.mjs'

const folder = path.resolve(import.meta.dirname, '..')
const cases = readCases()
const later = readLaterCases()

test('each case is there once, says what it is, and names a test or the work that it waits for', () => {
  const ids = [...cases, ...later].map(({ id }) => id)
  const upTo = (letter: string, first: number, last: number): string[] =>
    Array.from({ length: last - first + 1 }, (_, at) => `${letter}${first + at}`)
  expect(ids.toSorted()).toEqual([...upTo('A', 0, 17), ...upTo('B', 1, 12), ...upTo('C', 1, 20)].toSorted())
  expect(cases.filter(({ kind }) => kind === '')).toEqual([])
  expect(later.filter((one) => Object.values(one).includes(''))).toEqual([])
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

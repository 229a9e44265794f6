/** CASES.md: the cases from outside, and the tests that show each. */
import fs from 'node:fs'
import path from 'node:path'

const folder = path.resolve(import.meta.dirname, '..')

/**
 * @typedef {object} ShownBy a test
 * @property {string} file below test/
 * @property {string} title a part of it, as the source has it: `%s` stands for a value of a table
 *
 * @typedef {object} Case
 * @property {string} id
 * @property {string} kind
 * @property {ShownBy[]} tests
 *
 * @typedef {object} LaterCase not right yet
 * @property {string} id
 * @property {string} kind
 * @property {string} now
 * @property {string} later
 */

/** @returns {Case[]} */
export function readCases() {
  return readRows()
    .map(([id = '', kind = '', cell = '']) => ({
      id,
      kind,
      tests: [...cell.matchAll(/`([^`]+\.ts)` › ([^;]+)/g)].map(([, file = '', title = '']) => ({
        file,
        title: title.trim(),
      })),
    }))
    .filter(({ tests }) => tests.length > 0)
}

/** @returns {LaterCase[]} */
export function readLaterCases() {
  return readRows()
    .filter((cells) => cells.length > 3)
    .map(([id = '', kind = '', now = '', later = '']) => ({ id, kind, now, later }))
}

/** @returns {string[][]} */
function readRows() {
  const lines = fs.readFileSync(path.join(folder, 'CASES.md'), 'utf8').split('\n')
  return lines
    .filter((line) => /^\| [A-C]\d+ /.test(line))
    .map((line) =>
      line
        .slice(1, -1)
        .split(' | ')
        .map((cell) => cell.trim()),
    )
}

/**
 * @param {string} title
 * @returns {string} a regular expression for the full names of the tests
 */
export function patternOf(title) {
  return title.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(/%[a-z]/g, '.*')
}

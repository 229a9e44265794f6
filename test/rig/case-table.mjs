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
 */

/** @returns {Case[]} */
export function readCases() {
  const text = fs.readFileSync(path.join(folder, 'CASES.md'), 'utf8')
  return [...text.matchAll(/^\| ([A-C]\d+) +\| (.*?) *\|(.*)\|$/gm)].map(([, id = '', kind = '', cell = '']) => ({
    id,
    kind,
    tests: [...cell.matchAll(/`([^`]+\.ts)` › ([^;]+)/g)].map(([, file = '', title = '']) => ({
      file,
      title: title.trim(),
    })),
  }))
}

/**
 * @param {string} title
 * @returns {string} a regular expression for the full names of the tests
 */
export function patternOf(title) {
  return title.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&').replaceAll(/%[a-z]/g, '.*')
}

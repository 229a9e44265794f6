/**
 * `npm run cases [-- ID…]`: runs the tests of the cases in CASES.md, and prints what happens now, a
 * line a case. Exits with 1 unless all of them hold, apart from those that wait for later work. A
 * test that this machine lacks something for is skipped, and said to be.
 */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { patternOf, readCases, readLaterCases } from './rig/case-table.mjs'

const WIDTH = 4
const wanted = process.argv.slice(2)
const all = readCases()
const later = readLaterCases()
const unknown = wanted.filter((id) => ![...all, ...later].some((one) => one.id === id))
if (unknown.length > 0) {
  process.stderr.write(`CASES.md has no ${unknown.join(', ')}\n`)
  process.exit(2)
}
/** @param {{ id: string }} one */
const isWanted = ({ id }) => wanted.length === 0 || wanted.includes(id)
const cases = all.filter(isWanted)

/** @typedef {{ fullName: string, status: string, failureMessages: string[] | null }} Result */
/**
 * @typedef {{ testResults: { name: string, message: string, assertionResults: Result[] }[] }}
 * Report
 */

const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bjob-cases-'))
const details = path.join(folder, 'output')
/** @type {Report} */
const report = cases.length === 0 ? { testResults: [] } : runTests(cases.flatMap((one) => one.tests))

/**
 * @param {import('./rig/case-table.mjs').ShownBy[]} tests
 * @returns {Report}
 */
function runTests(tests) {
  const output = path.join(folder, 'report.json')
  const names = [...new Set(tests.map(({ title }) => patternOf(title)))].join('|')
  const files = [...new Set(tests.map(({ file }) => file))]
  const reporters = ['--reporter', 'default', '--reporter', 'json', `--outputFile.json=${output}`]
  const command = ['vitest', 'run', ...reporters, '--maxWorkers', '1', '-t', names, ...files]
  const cwd = path.resolve(import.meta.dirname, '..')
  spawnSync('npx', command, { cwd, stdio: ['ignore', fs.openSync(details, 'w'), 'inherit'] })
  return JSON.parse(fs.readFileSync(output, 'utf8'))
}

/**
 * @param {import('./rig/case-table.mjs').Case} one
 * @returns {string}
 */
function judge(one) {
  const results = one.tests.map(({ file, title }) => {
    const found = report.testResults.filter(({ name }) => name.endsWith(`/test/${file}`))
    const name = new RegExp(patternOf(title))
    return found.flatMap(({ assertionResults }) => assertionResults).filter(({ fullName }) => name.test(fullName))
  })
  const failed = results.flat().find(({ status }) => status === 'failed')
  if (failed !== undefined) return `FAILED   ${failed.fullName}: ${failed.failureMessages?.[0]?.split('\n')[0] ?? ''}`
  if (
    results.some(
      (found) => !found.some(({ status }) => status === 'passed' || status === 'pending' || status === 'skipped'),
    )
  )
    return 'FAILED   a test of it did not run'
  const passed = results.flat().filter(({ status }) => status === 'passed').length
  const skipped = results.flat().length - passed
  const count = `${passed} test${passed === 1 ? '' : 's'}`
  return passed === 0 ? 'skipped ' : `ok       ${count}${skipped === 0 ? '' : `, ${skipped} skipped`}`
}

let isWell = true
for (const one of cases) {
  const verdict = judge(one)
  isWell &&= !verdict.startsWith('FAILED')
  process.stdout.write(`${one.id.padEnd(WIDTH)} ${verdict.padEnd(30)}  ${one.kind}\n`)
}
for (const { id, kind, now, later: work } of later.filter(isWanted))
  process.stdout.write(`${id.padEnd(WIDTH)} ${'later'.padEnd(30)}  ${kind}: ${now}; comes with ${work}\n`)
if (isWell) fs.rmSync(folder, { recursive: true })
else process.stdout.write(`The output of the tests: ${details}\n`)
process.exitCode = isWell ? 0 : 1

/**
 * The figures of the bench, stored beside its program. A scenario that runs again on the same
 * machine replaces its earlier figures.
 */
import fs from 'node:fs'
import path from 'node:path'
import { drawOutcome } from './drawing.ts'
import { type Outcome, formatTables } from './figure-text.ts'

const BEGIN = '<!-- Written by `npm run bench -- --readme`. -->\n'
const END = '\n<!-- The end of what the bench writes. -->'

/**
 * Adds an outcome to what earlier runs have left in `folder`: as JSON, as tables and as a drawing.
 * @param scenarios those that were run
 * @returns all of it
 */
export function keepOutcome(folder: string, outcome: Outcome, scenarios: readonly string[]): Outcome {
  const file = path.join(folder, 'bench.json')
  const before = readOutcome(file)
  const isSame = before?.machine === outcome.machine
  const kept = isSame ? before.results.filter(({ scenario }) => !scenarios.includes(scenario)) : []
  const keptNotes = isSame ? before.notes.filter((note) => !scenarios.some((name) => note.startsWith(`${name}: `))) : []
  const all = { ...outcome, notes: [...keptNotes, ...outcome.notes], results: [...kept, ...outcome.results] }
  fs.mkdirSync(folder, { recursive: true })
  fs.writeFileSync(file, `${JSON.stringify(all, undefined, 2)}\n`)
  fs.writeFileSync(path.join(folder, 'bench.md'), `${formatTables(all)}\n`)
  fs.writeFileSync(path.join(folder, 'bench.svg'), drawOutcome(all))
  return all
}

function readOutcome(file: string): Outcome | undefined {
  return fs.existsSync(file) ? (JSON.parse(fs.readFileSync(file, 'utf8')) as Outcome) : undefined
}

/**
 * Puts the tables where README has those of an earlier run.
 * @throws Error when it has no place for them
 */
export function updateReadme(outcome: Outcome): void {
  const text = fs.readFileSync('README.md', 'utf8')
  const begin = text.indexOf(BEGIN)
  const end = text.indexOf(END)
  if (begin < 0 || end < begin)
    throw new Error(`README.md has no place for the tables, which is between\n${BEGIN}and${END}`)
  fs.writeFileSync('README.md', `${text.slice(0, begin + BEGIN.length)}\n${formatTables(outcome)}\n${text.slice(end)}`)
}

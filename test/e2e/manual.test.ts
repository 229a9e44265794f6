/** The manual page, as it is built. */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { COMMANDS } from '../../src/cli/command-table.ts'
import { loginEnvironment } from '../rig/environment.mjs'
import { needs } from '../rig/needs.ts'

const page = path.resolve('dist/bjob.1')

/**
 * As somebody sees it on a terminal of 200 columns: no text is broken in the middle of what is
 * looked for.
 */
function show(): { readonly text: string; readonly complaints: string } {
  const environment = { ...loginEnvironment(), MANWIDTH: '1000', MANROFFOPT: '-c', LC_ALL: 'C.UTF-8' }
  const { stdout, stderr } = spawnSync('man', ['--warnings', '-P', 'cat', '-l', page], {
    env: environment,
    encoding: 'utf8',
  })
  // Bold is a letter, a backspace, and the letter again.
  // eslint-disable-next-line no-control-regex -- that backspace
  return { text: stdout.replaceAll(/.\u0008/g, ''), complaints: stderr }
}

test('man shows all commands, options and examples, and has nothing to complain of', needs('man'), async () => {
  const { text, complaints } = show()
  expect(complaints).toBe('')
  for (const { name, load } of COMMANDS) {
    const { words, options, examples } = await load()
    const from = text.indexOf(`\n   ${`bjob ${name} ${words}`.trim()}\n`)
    expect(from, name).toBeGreaterThan(0)
    const end = text.indexOf('\n   bjob ', from + 1)
    const part = text.slice(from, end < 0 ? undefined : end)
    for (const option of options) expect(part).toContain(`--${option.name}`)
    for (const [line] of examples) expect(part).toContain(line)
  }
  expect(text).toContain('{"x": {…}, "params": …, …}')
  expect(text).not.toMatch(/\\f[BRI]|\\\[u/)
})

test('package.json brings the page, and it is made of the tables of this version', () => {
  const { man, version } = JSON.parse(fs.readFileSync('package.json', 'utf8')) as { man: string[]; version: string }
  expect(man.map((file) => path.resolve(file))).toEqual([page])
  expect(fs.readFileSync(page, 'utf8')).toMatch(new RegExp(`^\\.TH BJOB 1 "" "bjob ${version}"`))
})

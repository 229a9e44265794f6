/** The results of the build, including the compiled code for a quick start. */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import { Script } from 'node:vm'
import { type BuildOptions, build } from 'esbuild'
import { expect, onTestFinished, test } from 'vitest'
import { Rig } from '../rig/rig.ts'

const root = path.resolve(import.meta.dirname, '../..')
const compiled = `compiled/${process.version}-${process.arch}`
const { PART } = createRequire(import.meta.url)('../../bin/build.js') as { PART: BuildOptions }
const readText = (file: string): string => fs.readFileSync(path.join(root, file), 'utf8')

/** A copy of the built package, which a test may damage. */
function copyPackage(): string {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bjob-package-'))
  onTestFinished(() => fs.rmSync(folder, { recursive: true, force: true }))
  for (const name of ['bin', 'dist', 'templates', 'package.json'])
    fs.cpSync(path.join(root, name), path.join(folder, name), { recursive: true })
  return folder
}

test('modules of Node.js and packages can be imported in every form', async () => {
  const contents = `
    import fs, { existsSync as isThere } from 'node:fs'
    import * as os from 'node:os'
    import * as path from 'node:path'
    import type { Stats } from 'node:fs'
    import { type Document, stringify } from 'yaml'
    import * as yaml from 'yaml'
    export { join as together } from 'node:path'
    export * from 'node:url'
    const stats: Stats = fs.statSync('/')
    const text: (document: Document) => string = stringify
    export const seen = [isThere === fs.existsSync, stats.isDirectory(), os.cpus, path.posix.sep, typeof text, yaml.parse('a: 1')]
  `
  const result = await build({
    ...PART,
    minify: false,
    write: false,
    stdin: { contents, loader: 'ts', resolveDir: root },
  })
  const [file] = result.outputFiles ?? []
  const part = { exports: {} as Record<string, unknown> }
  const load = createRequire(path.join(root, 'package.json'))
  const body = new Script(file?.text ?? '').runInThisContext() as (...words: unknown[]) => void
  body((name: string) => load(name.replace('./yaml.cjs', 'yaml')), part, part.exports)
  expect(part.exports['seen']).toEqual([true, true, os.cpus, '/', 'function', { a: 1 }])
  expect(part.exports['together']).toBe(load('node:path').join)
  expect(part.exports['pathToFileURL']).toBe(load('node:url').pathToFileURL)
})

test('the command is ASCII, as it is read as Latin-1: esbuild leaves a regular expression as it is written', () => {
  // eslint-disable-next-line no-control-regex -- all of ASCII
  expect(readText('dist/bjob.cjs').match(/.{0,40}[^\u0000-\u007F].{0,40}/g) ?? []).toEqual([])
})

function commandNames(): string[] {
  const names = [...readText('src/cli/command-table.ts').matchAll(/\bname: '([a-z]+)'/g)].map(([, name = '']) => name)
  expect(names.length).toBeGreaterThan(20)
  return names
}

test('there is compiled code of each command, and V8 takes it', () => {
  const source = fs.readFileSync(path.join(root, 'dist/bjob.cjs'), 'latin1')
  const rejected = ['none', '--complete', ...commandNames()].filter((name) => {
    const cachedData = fs.readFileSync(path.join(root, 'dist', compiled, name, 'bjob.cjs'))
    return new Script(source, { cachedData }).cachedDataRejected !== false
  })
  expect(rejected).toEqual([])
})

test('compiled code that is missing comes with the first run that ends well, and with no other', async () => {
  await using rig = await Rig.create()
  const copy = copyPackage()
  fs.rmSync(path.join(copy, 'dist/compiled'), { recursive: true })
  const run = async (...words: string[]): Promise<number | null> =>
    (await rig.startProgram([process.execPath, path.join(copy, 'bin/bjob.js'), ...words]).ended({ within: 60 })).status
  expect(await run('ls', '--no-such-option')).toBe(2)
  expect(fs.existsSync(path.join(copy, 'dist/compiled'))).toBe(false)
  expect(await run('ls')).toBe(0)
  expect(fs.readdirSync(path.join(copy, 'dist', compiled))).toEqual(['ls'])
  expect(fs.readdirSync(path.join(copy, 'dist', compiled, 'ls'))).toEqual(['bjob.cjs'])
  const first = fs.statSync(path.join(copy, 'dist', compiled, 'ls/bjob.cjs')).ino
  expect(await run('ls')).toBe(0)
  expect(fs.statSync(path.join(copy, 'dist', compiled, 'ls/bjob.cjs')).ino).toBe(first)
})

test('an installation compiles without any variable or tool of the machine, and no failure of that is its own', () => {
  const copy = copyPackage()
  const folder = path.join(copy, 'dist/compiled')
  fs.rmSync(folder, { recursive: true })
  fs.writeFileSync(folder, 'in the way')
  const compile = (): unknown[] => {
    const env = { TMPDIR: '/no/such/folder', HOME: '/no/such/folder', NODE_OPTIONS: '--max-old-space-size=300' }
    const { status, stderr } = spawnSync(process.execPath, [path.join(copy, 'bin/compile.js')], {
      env,
      encoding: 'utf8',
    })
    return [status, stderr]
  }
  expect(compile()).toEqual([
    0,
    expect.stringMatching(/^bjob will start more slowly than it could: cannot write into .*dist\n$/),
  ])
  fs.rmSync(folder)
  expect(compile()).toEqual([0, ''])
  // Not compared with the checkout: its commands may not have run yet.
  expect(fs.readdirSync(path.join(copy, 'dist', compiled))).toEqual(
    expect.arrayContaining(['none', '--complete', ...commandNames()]),
  )
  expect(fs.readdirSync(path.join(copy, 'dist')).filter((name) => name.startsWith('.compile'))).toEqual([])
})

test.each([
  [['ls'], 'dist', /^bjob: the installation is damaged: ENOENT.*dist.bjob\.cjs.*npm ci\)\n$/],
  [['spawn', '--from', 'rich.yaml'], 'dist/yaml.cjs', /^bjob: the installation is damaged: ENOENT.*yaml\.cjs'\nhint/],
  [['launch'], 'dist/agent.cjs', /^bjob: the installation is damaged: ENOENT.*agent\.cjs'\nhint/],
  [['launch'], 'bin/agent.js', /^bjob: the installation is damaged: ENOENT.*agent\.js'\nhint/],
  [['report'], 'dist/report-page.js', /^bjob: the installation is damaged: ENOENT.*report-page\.js'\nhint/],
  [['--version'], 'package.json', /^bjob: the installation is damaged: ENOENT.*package\.json'\nhint/],
])('`bjob %j` of an installation without %s says so, without a stack', async (words, part, line) => {
  await using rig = await Rig.create({ mayLeaveScaffolding: true })
  const copy = copyPackage()
  fs.rmSync(path.join(copy, part), { recursive: true })
  // Beyond plain YAML, which bjob reads without the package.
  fs.writeFileSync(path.join(rig.site, 'rich.yaml'), '[{app: yes, name: &name one}]\n')
  const command = path.join(copy, 'bin/bjob.js')
  const { status, stderr } = await rig.startProgram([process.execPath, command, ...words]).ended({ within: 60 })
  expect([status, stderr]).toEqual([3, expect.stringMatching(line)])
  expect(stderr).not.toMatch(/^ +at /m)
})

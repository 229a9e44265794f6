/**
 * README's drivers, each just as it is printed, in the site that README makes, beside a launcher.
 */
import fs from 'node:fs'
import path from 'node:path'
import { buildSync } from 'esbuild'
import { describe, expect, test } from 'vitest'
import { HARD_COUNT, useHardWorker } from '../rig/hard-worker.ts'
import { needs } from '../rig/needs.ts'
import { Rig } from '../rig/rig.ts'

const root = path.resolve(import.meta.dirname, '../..')
const readme = fs.readFileSync(path.join(root, 'README.md'), 'utf8')

/** The one driver of README in that language, of the fence. */
function printed(language: string): string {
  const [found, ...others] = [...readme.matchAll(new RegExp(`^\`\`\`${language}\n([^]*?)^\`\`\`$`, 'gm'))]
  expect(found).toBeDefined()
  expect(others).toEqual([])
  return found?.[1] ?? ''
}

/** @param prepare makes of the text, in the site, what is run @returns what it printed */
async function drive(
  text: string,
  prepare: (text: string, site: string) => readonly string[],
  { isHard = false } = {},
): Promise<string> {
  await using rig = await Rig.create()
  const site = path.join(rig.outside, 'mysite')
  await rig.done(['init', site, '--template', 'hps'], { cwd: rig.outside })
  if (isHard) useHardWorker(site)
  const bin = path.join(rig.outside, 'bin')
  fs.mkdirSync(bin)
  fs.symlinkSync(path.join(root, 'bin/bjob.js'), path.join(bin, 'bjob'))
  const options = { cwd: site, env: { PATH: `${bin}:${process.env['PATH']}`, PYTHONDONTWRITEBYTECODE: '1' } }
  const launcher = rig.start(['launch', '--persistent', '--quiet'], options)
  const { status, stdout, stderr } = await rig.startProgram(prepare(text, site), options).ended({ within: 120 })
  expect(status, stderr).toBe(0)
  if (isHard) {
    const failed = await rig.done(['ls', '--state', 'FAILED', '--fields', 'id'], options)
    expect(failed.trimEnd().split('\n')).toHaveLength(2)
  } else {
    expect(stderr).toBe('')
    expect(await rig.done(['ls', '--fields', 'state'], options)).toMatch(/^STATE\n(JOB_FINISHED\n)+$/)
  }
  await launcher.kill('SIGTERM')
  return stdout
}

/** With the library in it, as what this Node.js can run. */
function compile(text: string, site: string): readonly string[] {
  const source = path.join(site, 'driver.mts')
  const outfile = path.join(site, 'compiled.mjs')
  fs.writeFileSync(source, text)
  buildSync({
    entryPoints: [source],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'esm',
    alias: { bjob: path.join(root, 'src/index.ts'), 'graceful-fs': 'node:fs' },
    nodePaths: [path.join(root, 'node_modules')],
    // The library's packages call `require`, which a module with a top-level await lacks.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  })
  return [process.execPath, outfile]
}

const inPython = (text: string, site: string): readonly string[] => {
  fs.writeFileSync(path.join(site, 'driver.py'), text)
  return ['python3', 'driver.py']
}
const inShell = (text: string, site: string): readonly string[] => {
  fs.writeFileSync(path.join(site, 'driver.sh'), text, { mode: 0o755 })
  return ['./driver.sh']
}

describe('results that are none are failures', () => {
  test('in TypeScript', async () => {
    expect(await drive(printed('ts'), compile, { isHard: true })).toMatch(/^best: from-typescript\/task\d+,0\.5\n$/)
  })

  test('in Python', needs('python3 from 3.6 on'), async () => {
    const output = await drive(printed('python'), inPython, { isHard: true })
    expect(output).toMatch(/^12 evaluations, best: from-python\/task\d+, loss 0\.5000\n$/)
  })

  test('in shell', async () => {
    // Six points: all of them are hard, and so is none the best.
    const lines = (await drive(printed('sh'), inShell, { isHard: true })).trimEnd().split('\n')
    expect(lines.filter((line) => !line.startsWith('from-shell/'))).toEqual([])
    expect(lines).toHaveLength(HARD_COUNT)
  })

  test("in the template's driver", async () => {
    const text = fs.readFileSync(path.join(root, 'templates/hps/driver.mjs'), 'utf8')
    const output = await drive(text, (...given) => [...compile(...given), '--evals', '10'], { isHard: true })
    expect(output.match(/ no loss, (JOB_FINISHED|FAILED) /g)).toHaveLength(HARD_COUNT)
    expect(output).toMatch(/^best: task\d+, loss 0\.5000 at /m)
  })
})

test('in TypeScript', async () => {
  expect(await drive(printed('ts'), compile)).toMatch(/^best: from-typescript\/task\d+,\d\.\d+\n$/)
})

test('in Python', needs('python3 from 3.6 on'), async () => {
  const output = await drive(printed('python'), inPython)
  expect(output).toMatch(/^12 evaluations, best: from-python\/task\d+, loss \d\.\d{4}\n$/)
})

test('in shell', async () => {
  const output = await drive(printed('sh'), inShell)
  const lines = output.trimEnd().split('\n')
  expect(lines.slice(0, -1)).toEqual(
    ['0.003', '0.01', '0.03'].flatMap((rate) => [4, 16].map((width) => `from-shell/rate${rate}-width${width}`)),
  )
  expect(lines.at(-1)).toMatch(/^\{"loss":[\d.]+,.*\} from-shell\/rate[\d.]+-width\d+$/)
})

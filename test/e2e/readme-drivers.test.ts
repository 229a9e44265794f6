/** README's drivers, each just as it is printed, in the site that README makes, beside a launcher. */
import fs from 'node:fs'
import path from 'node:path'
import { buildSync } from 'esbuild'
import { expect, test } from 'vitest'
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
async function drive(text: string, prepare: (text: string, site: string) => readonly string[]): Promise<string> {
  await using rig = await Rig.create()
  const site = path.join(rig.outside, 'mysite')
  await rig.done(['init', site, '--template', 'hps'], { cwd: rig.outside })
  const bin = path.join(rig.outside, 'bin')
  fs.mkdirSync(bin)
  fs.symlinkSync(path.join(root, 'bin/bjob.js'), path.join(bin, 'bjob'))
  const options = { cwd: site, env: { PATH: `${bin}:${process.env['PATH']}`, PYTHONDONTWRITEBYTECODE: '1' } }
  const launcher = rig.start(['launch', '--persistent', '--quiet'], options)
  const { status, stdout, stderr } = await rig.startProgram(prepare(text, site), options).ended({ within: 120 })
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' })
  expect(await rig.done(['ls', '--fields', 'state'], options)).toMatch(/^STATE\n(JOB_FINISHED\n)+$/)
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
    // What the library brings with it calls `require`, which a module that awaits at its top has not.
    banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url);" },
  })
  return [process.execPath, outfile]
}

test('in TypeScript', async () => {
  expect(await drive(printed('ts'), compile)).toMatch(/^best: from-typescript\/task\d+,\d\.\d+\n$/)
})

test('in Python', needs('python3 from 3.6 on'), async () => {
  const output = await drive(printed('python'), (text, site) => {
    fs.writeFileSync(path.join(site, 'driver.py'), text)
    return ['python3', 'driver.py']
  })
  expect(output).toMatch(/^12 evaluations, best: from-python\/task\d+, loss \d\.\d{4}\n$/)
})

test('in shell', async () => {
  const output = await drive(printed('sh'), (text, site) => {
    fs.writeFileSync(path.join(site, 'driver.sh'), text, { mode: 0o755 })
    return ['./driver.sh']
  })
  const lines = output.trimEnd().split('\n')
  expect(lines.slice(0, -1)).toEqual(
    ['0.003', '0.01', '0.03'].flatMap((rate) => [4, 16].map((width) => `from-shell/rate${rate}-width${width}`)),
  )
  expect(lines.at(-1)).toMatch(/^\{"loss":[\d.]+,.*\} from-shell\/rate[\d.]+-width\d+$/)
})

import fs from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { HARD_COUNT, useHardWorker } from '../rig/hard-worker.ts'
import { needs } from '../rig/needs.ts'
import { Rig } from '../rig/rig.ts'

const COMMAND = path.resolve(import.meta.dirname, '../../bin/bjob.js')
/**
 * Runs a driver in a site made from its template, beside a launcher, with `bjob` on the PATH;
 * twice, as after a death.
 */
async function runTwice(
  rig: Rig,
  template: string,
  words: readonly string[],
  prepare: (site: string) => void = () => {},
): Promise<[string, string]> {
  const site = path.join(rig.outside, 'site')
  await rig.done(['init', site, '--template', template], { cwd: rig.outside })
  prepare(site)
  const bin = path.join(rig.outside, 'bin')
  fs.mkdirSync(bin)
  fs.writeFileSync(path.join(bin, 'bjob'), `#!/bin/sh\nexec ${process.execPath} ${COMMAND} "$@"\n`, { mode: 0o755 })
  const options = { cwd: site, env: { PATH: `${bin}:${process.env['PATH']}`, PYTHONDONTWRITEBYTECODE: '1' } }
  const launcher = rig.start(['launch', '--persistent', '--slots', '2', '--quiet'], options)
  const run = async (): Promise<string> => {
    const { status, stdout, stderr } = await rig.startProgram(words, options).ended()
    expect(stderr).toBe('')
    expect(status).toBe(0)
    return stdout
  }
  const outputs: [string, string] = [await run(), await run()]
  await launcher.kill('SIGTERM')
  return outputs
}

const sorted = (output: string): string[] =>
  output
    .replaceAll(/^\d+\/\d+ /gm, '')
    .trim()
    .split('\n')
    .toSorted()

describe('the drivers that `bjob init` copies', () => {
  test('the seed loop in Python, started again, evaluates nothing twice', needs('python3 from 3.6 on'), async () => {
    await using rig = await Rig.create()
    const [first, second] = await runTwice(rig, 'python', ['python3', 'driver.py', '6', '3'])
    expect(first).toMatch(/^6\/6 dl-hps\/task\d \d+\.\d+$/m)
    expect(first).toMatch(/^best: dl-hps\/task\d loss \d+\.\d+ at \{"x1": /m)
    expect(sorted(second)).toEqual(sorted(first))
    expect(fs.readdirSync(path.join(rig.outside, 'site/jobs/dl-hps'))).toHaveLength(6)
  })

  test('jobs as futures in Python', needs('python3 from 3.6 on'), async () => {
    await using rig = await Rig.create()
    const [first, second] = await runTwice(rig, 'python', ['python3', 'driver_futures.py', '5'])
    expect(first.match(/^\{'x1': .*\} \{'loss': [\d.]+\}$/gm)).toHaveLength(5)
    expect(sorted(second)).toEqual(sorted(first))
  })

  test('a line search in plain shell', async () => {
    await using rig = await Rig.create()
    const [first, second] = await runTwice(rig, 'shell', ['/bin/sh', 'driver.sh', '2'])
    // From 0 by steps of 4 and 2; the best is at 3.
    expect(first).toBe('round 1: loss 1.000000 at 4\nround 2: loss 1.000000 at 2\n')
    expect(second).toBe(first)
  })

  test('results that are none are failures, in Python', needs('python3 from 3.6 on'), async () => {
    await using rig = await Rig.create()
    const [first, second] = await runTwice(rig, 'python', ['python3', 'driver.py', '8', '3'], useHardWorker)
    expect(first.match(/^\d\/8 dl-hps\/task\d inf$/gm)).toHaveLength(HARD_COUNT)
    expect(first).toMatch(/^best: dl-hps\/task\d loss 0\.5 at /m)
    expect(sorted(second)).toEqual(sorted(first))
  })

  test('results that are none are failures, in shell', async () => {
    await using rig = await Rig.create()
    const [first, second] = await runTwice(rig, 'shell', ['/bin/sh', 'driver.sh', '3'], (site) =>
      useHardWorker(site, (loss) => loss),
    )
    expect(first).toMatch(/^round 1: loss none at 0\nround 2: loss none at 0\nround 3: loss 0\.5 at -?1\n$/)
    expect(second).toBe(first)
  })
})

import fs from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import type { Ran } from '../../src/core/life/history-event.ts'
import { makeMemoryGroup } from '../rig/memory-group.ts'
import { needs } from '../rig/needs.ts'
import { Rig } from '../rig/rig.ts'

const MEMORY_HOG = 'const held = []; for (;;) held.push(Buffer.alloc(8 << 20, 1))'
/**
 * Burns CPU time until it has had enough of it: 0.2 s, half of it in a child that it waits for;
 * then it stays to be looked at.
 */
const BURNER = [
  'const until = 0.1e6; const burn = "while (process.cpuUsage().user < " + until + ");"',
  'const held = Buffer.alloc(200 << 20, 1)',
  'eval(burn)',
  'require("node:child_process").execFileSync(process.execPath, ["-e", burn])',
  'setTimeout(() => held, 1500)',
].join(';')

test('what an attempt used is in its history: of its children, too', async () => {
  await using rig = await Rig.create()
  rig.addApplication('burn', `executable: [${JSON.stringify(process.execPath)}, -e, ${JSON.stringify(BURNER)}]\n`)
  await rig.done(['spawn', '--app', 'burn', '--workflow', 'w', '--name', 'a'])
  await rig.done(['launch', '--idle-seconds', '0.3'])
  const { kind, bound, cpu, memory } = (rig.state('w/a').history.find(({ state }) => state === 'RUN_DONE')?.event ??
    {}) as Partial<Ran>
  expect({ kind, bound }).toEqual({ kind: 'ran', bound: undefined })
  expect(cpu).toBeGreaterThanOrEqual(0.2)
  expect(memory).toBeGreaterThanOrEqual(200)
})

test('a job that is killed while it runs says what it has used', async () => {
  await using rig = await Rig.create()
  await rig.done(['spawn', '--app', 'controlled', '--workflow', 'w', '--name', 'a'])
  const launcher = await rig.launch()
  await rig.jobs.starts(1)
  await rig.done(['kill', 'w/a'])
  expect(rig.state('w/a').history.at(-1)?.message).toMatch(/^killed by \S+ after [\d.]+ s, cpu [\d.]+ s/)
  await launcher.kill('SIGTERM')
})

test(
  'a job that the kernel kills for want of memory is said to be',
  needs('the right to make control groups'),
  async () => {
    const cgroup = makeMemoryGroup(512 << 20) ?? ''
    await using rig = await Rig.create()
    rig.addApplication('hog', `executable: [${JSON.stringify(process.execPath)}, -e, ${JSON.stringify(MEMORY_HOG)}]\n`)
    rig.addApplication('shot', 'executable: [/bin/sh, -c, "kill -9 $$"]\n')
    try {
      await rig.done(['spawn', '--app', 'hog', '--workflow', 'w', '--name', 'hog'])
      await rig.done([
        'spawn',
        '--app',
        'shot',
        '--workflow',
        'w',
        '--name',
        'shot',
        '--parents',
        'w/hog',
        '--no-wait-for-parents',
      ])
      const bjob = path.resolve(import.meta.dirname, '../../bin/bjob.js')
      const script = 'echo $$ > "$0/cgroup.procs" && exec "$@"'
      const words = ['/bin/sh', '-c', script, cgroup, process.execPath, bjob]
      const launcher = rig.startProgram([...words, 'launch', '--slots', '1', '--idle-seconds', '0.3'])
      expect((await launcher.ended()).status).toBe(0)
      expect(rig.state('w/hog').history.at(-1)?.message).toBe('out of memory, killed by SIGKILL')
      expect(rig.state('w/shot').history.at(-1)?.message).toBe('killed by SIGKILL')
    } finally {
      await rig.until('the control group to be empty', () => {
        try {
          fs.rmdirSync(cgroup)
          return true
        } catch {
          return false
        }
      })
    }
  },
)

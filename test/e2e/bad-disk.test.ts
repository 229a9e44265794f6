import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { needs } from '../rig/needs.ts'
import { Rig } from '../rig/rig.ts'
import { SmallDisk } from '../rig/small-disk.ts'
import { findLeftovers, listTree } from '../rig/tree.ts'

describe('a disk', needs('the right to mount'), () => {
  test('that is read-only: reading works, changing is one line and exit 3', async () => {
    using disk = new SmallDisk('10m')
    await using rig = await Rig.create({ parent: disk.folder })
    await rig.done(['spawn', '--app', 'yes', '--name', 'a'])
    const cwd = os.tmpdir()
    const env = { BJOB_SITE: rig.site }
    const before = listTree(rig.site)
    disk.remount('ro')
    try {
      for (const args of [
        ['spawn', '--app', 'yes', '--name', 'b'],
        ['kill', 'a'],
        ['launch', '--idle-seconds', '0'],
        ['app', 'add', 'x', '--executable', 'true'],
        ['init', path.join(disk.folder, 'another')],
      ]) {
        const { status, stderr } = await rig.bjob(args, { cwd, env })
        expect({ args, status }).toEqual({ args, status: 3 })
        expect(stderr).toMatch(/^bjob: the file system is read-only.*\nhint: .*\n$/)
      }
      expect(await rig.done(['ls'], { cwd, env })).toContain('default/a')
      expect(await rig.done(['why', 'a'], { cwd, env })).toContain('no launcher is running')
      expect(await rig.done(['results'], { cwd, env })).toBe('')
      expect(listTree(rig.site)).toEqual(before)
    } finally {
      disk.remount('rw')
    }
  })

  test('that is full: spawning is one line and exit 3, what was made is whole, and with room again all goes on', async () => {
    using disk = new SmallDisk('1m')
    await using rig = await Rig.create({ parent: disk.folder })
    const input = Array.from({ length: 400 }, (_, at) =>
      JSON.stringify({ workflow: 'w', name: `job${at}`, application: 'yes', data: 'x'.repeat(1000) }),
    ).join('\n')
    const { status, stderr } = await rig.bjob(['spawn', '--from', '-', '--if-exists', 'reuse'], { input })
    expect(status).toBe(3)
    expect(stderr).toMatch(/^bjob: the disk is full.*\nhint: free some space.*\n$/)
    for (const id of rig.ids()) expect(rig.state(id).state).toBe('CREATED')
    expect(findLeftovers(path.join(rig.site, 'jobs'))).toEqual([])
    disk.remount('size=40m')
    await rig.done(['spawn', '--from', '-', '--if-exists', 'reuse'], { input })
    expect(rig.ids()).toHaveLength(400)
    expect(await rig.done(['ls', '--by-state'])).toMatch(/CREATED\s+400/)
  })

  test('that fills up while a job runs: its end is written as soon as there is room', async () => {
    using disk = new SmallDisk('4m')
    await using rig = await Rig.create({ parent: disk.folder })
    await rig.done(['spawn', '--app', 'controlled', '--name', 'a'])
    const launcher = await rig.launch()
    const job = await rig.jobs.start('default/a')
    const ballast = path.join(rig.outside, 'ballast')
    expect(() => fs.writeFileSync(ballast, Buffer.alloc(8 << 20))).toThrow('ENOSPC')
    job.exit(0)
    await launcher.printed(/cannot write the state/)
    expect(rig.state('default/a').state).toBe('RUNNING')
    fs.rmSync(ballast)
    await rig.until(
      'the job to have ended or begun again',
      () => rig.state('default/a').state !== 'RUNNING' || rig.jobs.running.length > 0,
    )
    for (const again of rig.jobs.running) again.exit(0)
    await rig.reached('default/a', 'JOB_FINISHED')
    await launcher.kill('SIGTERM')
  })
})

import fs from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { Rig } from '../rig/rig.ts'

test('every wait has a reason that can be asked for', async () => {
  await using rig = await Rig.create()
  const spawn = (name: string, ...options: string[]): Promise<string> =>
    rig.done([
      'spawn',
      ...(options.includes('--app') ? [] : ['--app', 'yes']),
      '--workflow',
      'w',
      '--name',
      name,
      ...options,
    ])
  const why = (name: string): Promise<string> => rig.done(['why', `w/${name}`])
  await spawn('hold', '--app', 'controlled', '--tag', 'mine=1')
  expect(await why('hold')).toContain('no launcher is running')
  await spawn('child', '--parents', 'w/hold', '--tag', 'mine=1')
  await spawn('other')
  await spawn('wide', '--threads-per-rank', '9', '--tag', 'mine=1')
  await spawn('nodes', '--num-nodes', '3', '--tag', 'mine=1')
  await spawn('long', '--wall-time-minutes', '999', '--tag', 'mine=1')
  rig.addApplication('lost', 'executable: "true"\n')
  await spawn('lost', '--app', 'lost')
  fs.rmSync(path.join(rig.site, 'apps/lost.yaml'))
  const launcher = rig.start(['launch', '--persistent', '--slots', '1', '--tag', 'mine', '--time-limit-minutes', '60'])
  const held = await rig.jobs.start('w/hold')
  expect(await why('hold')).toContain('it is RUNNING: attempt 1 on launcher')
  expect(await why('child')).toContain('waits for its parent w/hold, which is RUNNING')
  expect(await why('other')).toMatch(/will not run it: its filters leave the job out: tag mine\n/)
  expect(await why('wide')).toMatch(/will not run it: the job asks for 9 cores/)
  expect(await why('nodes')).toMatch(/will not run it: the job asks for 3 nodes/)
  expect(await why('long')).toMatch(/will not run it: the job asks for 59940 s/)
  expect(await why('lost')).toContain('there is no application lost')
  await spawn('next', '--tag', 'mine=1')
  expect(await why('next')).toContain('waits for room on')
  held.exit(0)
  await rig.reached('w/child', 'JOB_FINISHED')
  expect(await why('child')).toContain('it waits for nothing: JOB_FINISHED')
  await launcher.kill('SIGTERM')
})

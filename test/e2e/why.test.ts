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
  expect(await why('other')).toMatch(/cannot run it: its filters exclude the job: tag mine\n/)
  expect(await why('wide')).toMatch(/cannot run it: the job needs 9 cores/)
  expect(await why('nodes')).toMatch(/cannot run it: the job needs 3 nodes/)
  expect(await why('long')).toMatch(/cannot run it: the job needs 59940 s/)
  expect(await why('lost')).toContain('no such application: lost')
  await spawn('next', '--tag', 'mine=1')
  expect(await why('next')).toContain('waits for free resources on')
  held.exit(0)
  await rig.reached('w/child', 'JOB_FINISHED')
  expect(await why('child')).toContain('it has ended: JOB_FINISHED')
  await launcher.kill('SIGTERM')
})

test('what a job died of is one line, and where the rest is another', async () => {
  await using rig = await Rig.create()
  rig.addApplication('unprepared', 'executable: "true"\npreprocess: [/bin/sh, -c, "echo one; echo two; exit 4"]\n')
  await rig.done(['spawn', '--app', 'unprepared', '--name', 'hook'])
  await rig.done(['spawn', '--app', 'no', '--name', 'run'])
  await rig.done(['launch', '--idle-seconds', '0.3'])
  expect(rig.state('default/hook').history.at(-1)?.message).toMatch(/\none\ntwo$/)
  expect(await rig.done(['why', 'hook'])).toMatch(
    /^it has ended: FAILED since \S+ \(preprocess exit 4\)\n`bjob history default\/hook` shows the end of its output\n$/,
  )
  expect(await rig.done(['why', 'run'])).toMatch(
    /^it has ended: FAILED since \S+ \(exit 3\)\n`bjob log default\/run` prints its output\n$/,
  )
})

test('without a launcher: what is queued, what there has been, who holds it, and where it began', async () => {
  await using rig = await Rig.create({ mayLeaveScaffolding: true })
  const spawn = (name: string, ...options: string[]): Promise<string> =>
    rig.done(['spawn', '--app', 'yes', '--workflow', 'w', '--name', name, ...options])
  const why = (name: string): Promise<string> => rig.done(['why', `w/${name}`])
  await spawn('wide', '--num-nodes', '3')
  await spawn('plain')
  await spawn('top')
  await spawn('below', '--parents', 'w/top')
  await spawn('deep', '--parents', 'w/below')
  expect(await why('wide')).toBe(
    'no launcher is running: the job needs an allocation of 3 nodes: `bjob submit -n 3 -t 2`\n',
  )
  await rig.done(['kill', 'w/top'])
  await rig.done(['launch', '--idle-seconds', '0.5', '--name', 'below', '--name', 'deep'])
  expect(await why('deep')).toMatch(
    /FAILED since .* \(parent w\/below is FAILED\)\nthe cause is w\/top, USER_KILLED: killed by /,
  )
  expect(await why('wide')).toMatch(/no launcher so far could run this job; for the last one, the job needs 3 nodes/)
  expect(await why('plain')).toBe('no launcher is running: start one with `bjob launch`\n')
  const submission = path.join(rig.site, 'submissions/s1')
  fs.mkdirSync(submission, { recursive: true })
  const record = 'scheduler: slurm\nscheduler_id: "17"\nnodes: 2\nminutes: 30\nsubmitted: 2026-01-01T00:00:00.000Z\n'
  fs.writeFileSync(path.join(submission, 'submission.yaml'), record)
  expect(await why('wide')).toContain('submission 17 (nodes: 2, minutes: 30) cannot run it: the job needs 3 nodes')
  expect(await why('plain')).toContain('submission 17 (nodes: 2, minutes: 30) may run it once it starts')
  fs.mkdirSync(path.join(rig.folder('w/plain'), '.lock'))
  expect(await why('plain')).toContain('its folder has a .lock')
  fs.writeFileSync(path.join(rig.folder('w/plain'), 'job.yaml'), 'application: [')
  expect(await why('plain')).toMatch(/set aside: job.yaml:1/)
})

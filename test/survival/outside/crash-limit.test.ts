/** Jobs that take what runs them down with them, and the others that were there. */
import fs from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import type { Rig as AnyRig } from '../../rig/rig.ts'
import { Rig } from '../../rig/rig.ts'

const KILL_LAUNCHER = 'kill -KILL $(sed -n "s/^pid: //p" $BJOB_SITE/launchers/$BJOB_LAUNCHER/lease.yaml); sleep 600'
const KILL_AGENT = 'kill -KILL $PPID; sleep 600'

/**
 * Two jobs start together; `killer` acts once `good` runs; from attempt `last` on, good does not
 * wait to be cut off any more.
 */
async function spawnPair(rig: AnyRig, act: string, last: number): Promise<void> {
  rig.addApplication('sh', "executable: 'sh -c'\n")
  const spawn = (name: string, script: string) =>
    rig.done(['spawn', '--workflow', 'w', '--name', name, '--app', 'sh', '--', script])
  const wait = 'while [ ! -e ../good/started.$BJOB_ATTEMPT ]; do sleep 0.05; done'
  await spawn('good', `touch started.$BJOB_ATTEMPT; if [ $BJOB_ATTEMPT -lt ${last} ]; then exec sleep 600; fi`)
  await spawn('killer', `if [ $BJOB_ATTEMPT -lt ${last} ]; then ${wait}; fi; ${act}`)
}

const launchersOf = (rig: AnyRig): string[] => fs.readdirSync(path.join(rig.site, 'launchers'))

test('a job that kills its launcher is failed the third time, when it was alone; a neighbour finishes', async () => {
  await using rig = await Rig.create({ mayLeaveScaffolding: true })
  await spawnPair(rig, KILL_LAUNCHER, 3)
  const launch = ['launch', '--slots', '2', '--idle-seconds', '0.1']
  expect(await rig.bjob(launch)).toMatchObject({ signal: 'SIGKILL' })
  expect(await rig.bjob(launch)).toMatchObject({ signal: 'SIGKILL' })
  expect(rig.state('w/killer').deaths).toEqual(['launcher'])
  for (let left = 4; left > 0 && rig.state('w/killer').state !== 'FAILED'; left -= 1) await rig.bjob(launch)
  expect(rig.state('w/killer')).toMatchObject({
    state: 'FAILED',
    attempt: 3,
    deaths: ['launcher', 'launcher', 'launcher'],
  })
  expect(rig.lastWords('w/killer')).toMatch(/^its launcher died 3 times during a run and crash_limit/)
  await rig.done(launch)
  expect(rig.state('w/good')).toMatchObject({ state: 'JOB_FINISHED', attempt: 3, deaths: ['launcher', 'launcher'] })
  // Allocations are asked for no more.
  expect(JSON.parse(await rig.done(['ls', 'w/killer', '--json']))).toMatchObject({ state: 'FAILED', crash_limit: 3 })
  await rig.done(['retry', 'w/killer'])
  expect(rig.state('w/killer').deaths).toBeUndefined()
})

test('a job that kills its agent is failed by one launcher, which keeps its lease; a neighbour is cut off once', async () => {
  await using rig = await Rig.create({ mayLeaveScaffolding: true })
  await spawnPair(rig, KILL_AGENT, 2)
  const { status, stdout, stderr } = await rig.bjob(['launch', '--slots', '2', '--idle-seconds', '0.1'])
  expect(stdout + stderr).not.toContain('lost its lease')
  expect([status, launchersOf(rig).length]).toEqual([0, 1])
  expect(rig.state('w/killer')).toMatchObject({ state: 'FAILED', attempt: 3, deaths: ['agent', 'agent', 'agent'] })
  expect(rig.state('w/good')).toMatchObject({ state: 'JOB_FINISHED', attempt: 2, deaths: ['agent'] })
})

test('crash_limit 1 fails it at once, 0 never; why tells how often, and that it runs alone', async () => {
  await using rig = await Rig.create({ mayLeaveScaffolding: true })
  rig.addApplication('sh', "executable: 'sh -c'\n")
  const script = `if [ $BJOB_ATTEMPT -lt 5 ]; then ${KILL_AGENT}; fi`
  const spawn = (name: string, limit: string) =>
    rig.bjob(['spawn', '--workflow', 'w', '--name', name, '--app', 'sh', '--crash-limit', limit, '--', script])
  await spawn('once', '1')
  await spawn('ever', '0')
  expect(await spawn('wrong', '-1')).toMatchObject({ status: 2, stderr: expect.stringContaining('crash_limit') })
  const launcher = await rig.launch()
  await rig.until('two deaths', () => (rig.state('w/ever').deaths?.length ?? 0) >= 2)
  await launcher.kill('SIGKILL')
  expect(await rig.done(['why', 'w/ever'])).toMatch(
    /its agent died during a run, \d times so far: crash_limit is 0.*alone on its nodes/,
  )
  await rig.done(['launch', '--idle-seconds', '0.1'])
  expect(rig.state('w/once')).toMatchObject({ state: 'FAILED', attempt: 1, deaths: ['agent'] })
  expect(rig.state('w/ever')).toMatchObject({ state: 'JOB_FINISHED', attempt: 5 })
})

test('a launcher that ends by request, or because its time is up, counts for nothing', async () => {
  await using rig = await Rig.create()
  await rig.done(['spawn', '--workflow', 'w', '--name', 'a', '--app', 'controlled', '--crash-limit', '1'])
  const asked = await rig.launch()
  await rig.jobs.start('w/a')
  await asked.kill('SIGTERM')
  const timed = rig.start(['launch', '--time-limit-minutes', '0.2', '--persistent'])
  await timed.ended({ within: 120 })
  const last = await rig.launch()
  const job = await rig.until('the job to start', () => rig.jobs.running.find(({ id }) => id === 'w/a'))
  expect(rig.state('w/a').deaths).toBeUndefined()
  job.exit(0)
  await rig.reached('w/a', 'JOB_FINISHED')
  await last.kill('SIGTERM')
})

/**
 * A temporary fault of a node does not count against the job: the job is requeued without a retry,
 * and the node gets fewer jobs.
 */
import fs from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { needs } from '../../rig/needs.ts'
import { Rig } from '../../rig/rig.ts'

/** A user of nobody else's: the limit of processes counts all of a user's. */
const USER = 54_000 + (process.pid % 1000)
const JOBS = 40

test(
  'more jobs at once than the user may have processes: all of them finish, and none is said to have failed',
  needs('root', 'bash'),
  async () => {
    await using rig = await Rig.create()
    const home = path.join(rig.outside, 'home')
    fs.mkdirSync(home)
    for (const folder of [path.dirname(rig.outside), rig.outside, home]) fs.chmodSync(folder, 0o755)
    fs.chownSync(home, USER, USER)
    const lines = Array.from({ length: JOBS }, (_, at) => JSON.stringify({ name: `j${at}`, application: 'sleep' }))
    fs.writeFileSync(path.join(rig.outside, 'jobs.jsonl'), lines.join('\n'))
    const bjob = `"$0" "$1"`
    const script = `set -e; ${bjob} init site >/dev/null; cd site; echo 'executable: sleep 1' >apps/sleep.yaml
      ${bjob} spawn --from ../../jobs.jsonl >/dev/null
      ulimit -u ${JOBS + 5}; exec ${bjob} launch --slots ${JOBS} --idle-seconds 0.5`
    const user = ['setpriv', `--reuid=${USER}`, `--regid=${USER}`, '--clear-groups']
    const bin = path.resolve(import.meta.dirname, '../../../bin/bjob.js')
    const words = [...user, 'bash', '-c', script, process.execPath, bin]
    const ended = await rig.startProgram(words, { cwd: home, env: { HOME: home } }).ended({ within: 150 })
    expect(ended).toMatchObject({ status: 0, stdout: expect.stringContaining(`${JOBS} finished, 0 failed`) })
    const said = (ended.stdout + ended.stderr).split('\n').filter((line) => line.includes('gets fewer concurrent jobs'))
    expect(said).toEqual([expect.stringMatching(/EAGAIN/)])
    const [state = ''] = fs.readdirSync(path.join(home, 'site/jobs/default'))
    expect(fs.readFileSync(path.join(home, 'site/jobs/default', state, 'state.yaml'), 'utf8')).not.toContain(
      'RUN_ERROR',
    )
  },
)

test('a program that is still being written: its job runs when that is done, without a retry', async () => {
  await using rig = await Rig.create()
  const program = path.join(rig.outside, 'program')
  fs.copyFileSync('/bin/true', program)
  const writer = fs.openSync(program, 'r+')
  rig.addApplication('written', `executable: ${program}\n`)
  await rig.done(['spawn', '--workflow', 'w', '--name', 'a', '--app', 'written'])
  const launcher = rig.start(['launch', '--slots', '1', '--idle-seconds', '0.1'])
  await launcher.printed(/gets fewer concurrent jobs/)
  await rig.reached('w/a', 'RESTART_READY')
  fs.closeSync(writer)
  expect((await launcher.ended({ within: 120 })).status).toBe(0)
  expect(rig.history('w/a').filter((state) => state !== 'RUNNING' && state !== 'RESTART_READY')).toEqual([
    'CREATED',
    'RUN_DONE',
    'JOB_FINISHED',
  ])
  expect(rig.state('w/a').deaths).toBeUndefined()
})

test('a program that is not there, or may not be run, is the fault of the job', async () => {
  await using rig = await Rig.create()
  const program = path.join(rig.outside, 'program')
  fs.writeFileSync(program, '#!/bin/sh\n', { mode: 0o644 })
  rig.addApplication('locked', `executable: ${program}\n`)
  rig.addApplication('absent', `executable: ${program}-absent\n`)
  for (const name of ['locked', 'absent']) await rig.done(['spawn', '--workflow', 'w', '--name', name, '--app', name])
  await rig.bjob(['launch', '--idle-seconds', '0.1'])
  for (const name of ['locked', 'absent']) expect(rig.history(`w/${name}`)).toEqual(['CREATED', 'RUNNING', 'FAILED'])
  expect(rig.lastWords('w/locked')).toContain('is it executable?')
})

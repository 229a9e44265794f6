/** Two users of one site, by a UNIX group: real ones, made for the test. */
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { needs } from '../rig/needs.ts'
import { Rig } from '../rig/rig.ts'
import type { RunningProcess } from '../rig/running-process.ts'

const GROUP = 'bjob-test-lab'
const USERS = ['bjob-test-ada', 'bjob-test-bob'] as const
const [ADA, BOB] = USERS
const ROOT = path.resolve(import.meta.dirname, '../..')

function removeUsers(): void {
  for (const [program = '', ...args] of [...USERS.map((user) => ['userdel', '-f', user]), ['groupdel', GROUP]]) {
    try {
      execFileSync(program, args, { stdio: 'ignore' })
    } catch {
      // It is not there.
    }
  }
}

beforeAll(() => {
  removeUsers()
  execFileSync('groupadd', [GROUP])
  for (const user of USERS) execFileSync('useradd', ['-M', '-g', GROUP, user])
})

afterAll(removeUsers)

/** The programs of the users: copies, because they may not read the folder of the test's user. */
function install(rig: Rig): { node: string; bjob: string } {
  fs.chmodSync(path.dirname(rig.outside), 0o755)
  const folder = path.join(rig.outside, 'bjob')
  for (const part of ['bin', 'dist', 'package.json', 'templates'])
    fs.cpSync(path.join(ROOT, part), path.join(folder, part), { recursive: true })
  const node = path.join(rig.outside, 'node')
  fs.copyFileSync(process.execPath, node)
  return { node, bjob: path.join(folder, 'bin/bjob.js') }
}

test('two users share a site: each runs, changes and takes over what is the other’s', needs('root', 'ps'), async () => {
  await using rig = await Rig.create({ mayLeaveScaffolding: true })
  const { node, bjob } = install(rig)
  const site = path.join(rig.outside, 'shared')
  fs.mkdirSync(site)
  execFileSync('chgrp', [GROUP, site])
  fs.chmodSync(site, 0o2775)
  const start = (user: string, args: readonly string[], umask = '002'): RunningProcess =>
    rig.startProgram(
      ['runuser', '-u', user, '--', '/bin/sh', '-c', `umask ${umask}; exec "$@"`, 'sh', node, bjob, ...args],
      { cwd: site },
    )
  const done = async (user: string, args: readonly string[], umask?: string): Promise<string> => {
    const { status, stdout, stderr } = await start(user, args, umask).ended({ within: 60 })
    expect([args[0], status, stderr]).toEqual([args[0], 0, ''])
    return stdout
  }
  const stateIn = (id: string): string => fs.readFileSync(path.join(site, 'jobs', id, 'state.yaml'), 'utf8')
  const stateOf = (name: string): string => stateIn(`w/${name}`)
  const go = path.join(site, 'go')

  await done(ADA, ['init', '.'])
  fs.writeFileSync(path.join(site, 'bjob.yaml'), 'lease_seconds: 3\ngrace_seconds: 2\ndurability: process\n')
  const waits = `echo x >> starts; until [ -e ${go} ]; do sleep 0.05; done`
  await done(ADA, ['app', 'add', 'waits', '--executable', `/bin/sh -c '${waits}'`])
  for (const name of ['a', 'b', 'c', 'd'])
    await done(ADA, ['spawn', '--app', 'waits', '--workflow', 'w', '--name', name, '--data', '{}'])

  // One each: of four jobs, two run.
  const names = ['a', 'b', 'c', 'd']
  const running = (): string[] => names.filter((name) => fs.existsSync(path.join(site, 'jobs/w', name, 'starts')))
  const hers = start(ADA, ['launch', '--slots', '1', '--persistent'])
  await rig.until('her launcher to have a job', () => running().length === 1)
  const [ofHers = ''] = running()
  const his = start(BOB, ['launch', '--slots', '1', '--persistent'])
  await rig.until('his to have another', () => running().length === 2)
  const owners = running().map((name) => fs.statSync(path.join(site, 'jobs/w', name, 'starts')).uid)
  expect(new Set(owners).size).toBe(2)
  const [open = '', other = ''] = names.filter((name) => !running().includes(name))
  await done(BOB, ['set', `w/${open}`, 'priority=5', 'data={"by": "bob"}'])
  await done(BOB, ['kill', `w/${other}`])

  // Her launcher dies; his takes over what it had.
  for (const pid of launchersOf(ADA)) process.kill(pid, 'SIGKILL')
  await hers.ended()
  fs.writeFileSync(go, '')
  expect((await start(BOB, ['wait', '--quiet', '--workflow', 'w']).ended({ within: 60 })).status).toBe(1)
  for (const name of names)
    expect([name, stateOf(name).split('\n', 1)[0]]).toEqual([
      name,
      `state: ${name === other ? 'USER_KILLED' : 'JOB_FINISHED'}`,
    ])
  expect(stateOf(ofHers)).toMatch(/^attempt: 2$/m)

  await his.kill('SIGTERM')
  // A member's umask closes nothing to the group.
  await done(ADA, ['spawn', '--app', 'waits', '--workflow', 'hers', '--name', 'open'], '077')
  await start(BOB, ['launch', '--idle-seconds', '0.5']).ended({ within: 60 })
  expect(stateIn('hers/open')).toMatch(/^state: JOB_FINISHED$/m)

  // A job whose folder the group may not write is left to its owner, and stops no other job.
  await done(ADA, ['spawn', '--app', 'waits', '--workflow', 'hers', '--name', 'closed'])
  fs.chmodSync(path.join(site, 'jobs/hers/closed'), 0o755)
  const last = await start(BOB, ['launch', '--idle-seconds', '1']).ended({ within: 60 })
  expect(last.stdout + last.stderr).toMatch(
    /hers\/closed: permission denied \(\S+\): the job is left to other launchers; .*umask 002/,
  )
  expect(last.status).toBe(0)
  await done(ADA, ['launch', '--idle-seconds', '0.5'])
  await done(BOB, ['rm', 'w/a', `w/${other}`])
  await done(BOB, ['rm', '--purge'])
  await done(BOB, ['fsck'])
})

/** The launchers of a user: those processes of his that are bjob's command. */
function launchersOf(user: string): number[] {
  const lines = execFileSync('ps', ['-u', user, '-o', 'pid=,args='], { encoding: 'utf8' }).trim().split('\n')
  return lines
    .filter((line) => /bjob\.js launch/.test(line) && !/sh -c/.test(line))
    .map((line) => Number(line.trim().split(' ')[0]))
}

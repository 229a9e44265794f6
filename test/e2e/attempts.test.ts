import fs from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { Rig } from '../rig/rig.ts'

interface Shown {
  readonly attempts: readonly {
    readonly attempt: number
    readonly command: string
    readonly directory: string
    readonly environment: Readonly<Record<string, string>>
    readonly state: string
    readonly seconds: number
  }[]
}

async function show(rig: Rig, id: string): Promise<Shown> {
  return JSON.parse(await rig.done(['show', id, '--json'])) as Shown
}

test('each attempt is on record: the file that was run, its words, folder and variables, and no secret', async () => {
  await using rig = await Rig.create()
  const tool = path.join(rig.outside, 'a tool')
  fs.writeFileSync(tool, '#!/bin/sh\nenv | grep ^BJOB_ > seen\ntest $BJOB_ATTEMPT = 2\n', { mode: 0o755 })
  rig.addApplication('tool', 'executable: ["a tool"]\n')
  const job = ['--workflow', 'w', '--name', 'a', '--max-retries', '1', '--env', 'TOKEN=hush', '--threads-per-rank', '2']
  await rig.done(['spawn', '--app', 'tool', ...job, '--', "it's", 'one\ntwo'])
  const env = { PATH: `${rig.outside}:${process.env['PATH']}` }
  await rig.done(['launch', '--idle-seconds', '0.3', '--slots', '2'], { env })
  const { attempts } = await show(rig, 'w/a')
  expect(attempts.map(({ attempt, state }) => [attempt, state])).toEqual([
    [1, 'RUN_ERROR'],
    [2, 'RUN_DONE'],
  ])
  expect(attempts[1]?.command).toBe(`OMP_NUM_THREADS=2 '${tool}' 'it'\\''s' 'one\ntwo'`)
  expect(attempts[1]?.directory).toBe(rig.folder('w/a'))
  const seen = fs
    .readFileSync(path.join(rig.folder('w/a'), 'seen'), 'utf8')
    .trimEnd()
    .split('\n')
  const own = seen.filter((line) => !/^BJOB_(TEST|LAUNCHER)/.test(line)).toSorted()
  const recorded = Object.entries(attempts[1]?.environment ?? {}).map(([name, value]) => `${name}=${value}`)
  expect(recorded.toSorted()).toEqual(own)
  expect(fs.readFileSync(path.join(rig.folder('w/a'), 'state.yaml'), 'utf8')).not.toContain('hush')
  expect(await rig.done(['show', 'w/a'])).toContain('BJOB_ATTEMPT=2')
})

test('a job that fails is tried again after a delay, which the death of its launcher does not shorten', async () => {
  await using rig = await Rig.create({ mayLeaveScaffolding: true })
  const retries = ['--max-retries', '2', '--retry-delay-seconds', '1.5']
  await rig.done(['spawn', '--app', 'no', '--workflow', 'w', '--name', 'a', ...retries])
  const first = await rig.launch()
  await rig.reached('w/a', 'RESTART_READY')
  await first.kill('SIGKILL')
  const { notBefore = '' } = rig.state('w/a')
  await rig.done(['launch', '--idle-seconds', '2'])
  const { history, attempt, state } = rig.state('w/a')
  expect([state, attempt]).toEqual(['FAILED', 3])
  const [, second = '', third = ''] = history.filter(({ state }) => state === 'RUNNING').map(({ time }) => time)
  expect(second >= notBefore).toBe(true)
  expect(history.map(({ message }) => message)).toContain('retry 2 of 2, in 3.0 s')
  expect(Date.parse(third) - Date.parse(second)).toBeGreaterThanOrEqual(3000)
  expect(rig.state('w/a').notBefore).toBeUndefined()
})

test('a job that waits for its retry is killed at once, and a launcher does not wait for it any more', async () => {
  await using rig = await Rig.create()
  const retries = ['--max-retries', '1', '--retry-delay-seconds', '3600']
  await rig.done(['spawn', '--app', 'no', '--workflow', 'w', '--name', 'a', ...retries])
  const launcher = rig.start(['launch', '--idle-seconds', '0.1'])
  const { notBefore = 'none' } = await rig.reached('w/a', 'RESTART_READY')
  expect(await rig.done(['why', 'w/a'])).toContain(notBefore)
  await rig.done(['kill', 'w/a'])
  expect((await launcher.ended()).status).toBe(0)
  expect(rig.state('w/a').state).toBe('USER_KILLED')
})

test('a job has a time limit of its own, whatever it has said that it would take', async () => {
  await using rig = await Rig.create()
  const limit = ['--timeout-minutes', '0.05', '--wall-time-minutes', '60', '--max-retries', '1']
  await rig.done(['spawn', '--app', 'controlled', '--workflow', 'w', '--name', 'a', ...limit])
  const launcher = await rig.launch()
  const [, second] = await rig.jobs.starts(2)
  second?.ignoreTerm()
  await rig.reached('w/a', 'FAILED')
  const messages = rig.state('w/a').history.map(({ message }) => message)
  expect(messages[2]).toMatch(/^ran for longer than its timeout_minutes, 0.05: ended after [\d.]+ s, cpu /)
  expect(rig.history('w/a').slice(1)).toEqual([
    'RUNNING',
    'RUN_TIMEOUT',
    'RESTART_READY',
    'RUNNING',
    'RUN_TIMEOUT',
    'FAILED',
  ])
  await launcher.kill('SIGTERM')
})

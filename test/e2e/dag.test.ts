import fs from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { Rig } from '../rig/rig.ts'

function spawnAll(rig: Rig, records: readonly object[]): Promise<string> {
  const file = path.join(rig.outside, 'jobs.jsonl')
  fs.writeFileSync(file, records.map((record) => JSON.stringify(record)).join('\n'))
  return rig.done(['spawn', '--from', file, '--workflow', 'w'])
}

function record(name: string, parents: readonly string[] = [], application = 'yes'): object {
  return { name, application, parents: parents.map((parent) => `w/${parent}`) }
}

/** When a job's history first lists a state. */
function timeOf(rig: Rig, id: string, state: string): string {
  return rig.state(id).history.find((entry) => entry.state === state)?.time ?? ''
}

test('a chain runs in order, and one that breaks fails all below it', async () => {
  await using rig = await Rig.create()
  const names = Array.from({ length: 100 }, (_, at) => `c${String(at).padStart(3, '0')}`)
  await spawnAll(
    rig,
    names.map((name, at) => record(name, at === 0 ? [] : [names[at - 1] ?? ''], at === 60 ? 'no' : 'yes')),
  )
  const launcher = await rig.launch()
  await rig.bjob(['wait', '--quiet'])
  await launcher.kill('SIGTERM')
  for (const [at, name] of names.entries()) {
    const state = rig.state(`w/${name}`)
    expect([name, state.state, state.attempt]).toEqual([name, at < 60 ? 'JOB_FINISHED' : 'FAILED', at <= 60 ? 1 : 0])
    if (at > 60) expect(state.history.at(-1)?.message).toBe(`parent w/${names[at - 1]} is FAILED`)
    if (at > 0 && at <= 60)
      expect(timeOf(rig, `w/${name}`, 'RUNNING') >= timeOf(rig, `w/${names[at - 1]}`, 'JOB_FINISHED')).toBe(true)
  }
})

test('fan-out, diamonds and fan-in: each runs once, after all of its parents', async () => {
  await using rig = await Rig.create()
  const middle = Array.from({ length: 300 }, (_, at) => `m${at}`)
  const pairs = middle.map((name, at) => record(`d${at}`, [name, middle[(at + 1) % middle.length] ?? '']))
  await spawnAll(rig, [
    record('origin'),
    ...middle.map((name) => record(name, ['origin'])),
    ...pairs,
    record(
      'end',
      middle.map((_, at) => `d${at}`),
    ),
  ])
  await rig.done(['launch', '--idle-seconds', '1', '--slots', '4'])
  for (const id of rig.ids()) expect([id, rig.state(id).state, rig.state(id).attempt]).toEqual([id, 'JOB_FINISHED', 1])
  const ended = middle.map((_, at) => timeOf(rig, `w/d${at}`, 'JOB_FINISHED')).toSorted()
  expect(timeOf(rig, 'w/end', 'RUNNING') >= (ended.at(-1) ?? '')).toBe(true)
  // With thousands of diamonds, looking for a circle still takes one look at each job.
  expect((await rig.bjob(['dep', 'w/end', 'w/origin'])).status).toBe(2)
})

test('a job that others wait for is removed, killed or unreadable: they fail at any depth, and say why', async () => {
  await using rig = await Rig.create({ mayLeaveScaffolding: true })
  await spawnAll(rig, [
    record('gone'),
    record('torn'),
    record('a', ['gone']),
    record('b', ['a']),
    record('c', ['torn']),
    record('d', ['c']),
    record('killed'),
    record('e', ['killed']),
    record('f', ['e', 'd']),
  ])
  await rig.done(['rm', 'w/gone'])
  await rig.done(['kill', 'w/killed'])
  fs.writeFileSync(path.join(rig.folder('w/torn'), 'state.yaml'), 'state: CRE')
  await rig.done(['launch', '--idle-seconds', '1', '--slots', '2'])
  const reasons = ['a', 'b', 'c', 'd'].map((name) => rig.state(`w/${name}`).history.at(-1)?.message)
  expect(reasons).toEqual([
    'parent w/gone is gone',
    'parent w/a is FAILED',
    expect.stringMatching(/^parent w\/torn cannot be read: /),
    'parent w/c is FAILED',
  ])
  expect(rig.state('w/e').history.at(-1)?.message).toBe('parent w/killed is USER_KILLED')
  expect(rig.state('w/f').history.at(-1)?.message).toMatch(/^parent w\/[de] is FAILED$/)
  // A child may also come after the end of its parents, whatever that was.
  await spawnAll(rig, [record('well')])
  await rig.done(['launch', '--idle-seconds', '0.3'])
  await spawnAll(rig, [record('late', ['well']), record('too-late', ['well', 'e'])])
  expect(rig.state('w/late').state).toBe('CREATED')
  await rig.done(['launch', '--idle-seconds', '0.3'])
  expect(rig.state('w/late').state).toBe('JOB_FINISHED')
  expect(rig.state('w/too-late').history.at(-1)).toMatchObject({ state: 'FAILED', message: 'parent w/e is FAILED' })
})

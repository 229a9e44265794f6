import { describe, expect, test } from 'vitest'
import { Rig } from '../rig/rig.ts'

describe('bjob kill', () => {
  test('ends a running job soon, a waiting one at once, and one that has ended not at all', async () => {
    await using rig = await Rig.create()
    const launcher = await rig.launch()
    await rig.done(['spawn', '--app', 'controlled', '--workflow', 'w', '--name', 'runs'])
    await rig.done(['spawn', '--app', 'yes', '--workflow', 'w', '--name', 'waits', '--parents', 'w/runs'])
    const job = await rig.jobs.start('w/runs')
    expect(await rig.done(['kill', 'w/waits'])).toBe('w/waits killed\n')
    expect(rig.state('w/waits').state).toBe('USER_KILLED')
    expect(await rig.done(['kill', 'w/runs'])).toBe('w/runs killed\n')
    expect(job.hasEnded).toBe(true)
    expect(rig.history('w/runs')).toEqual(['CREATED', 'RUNNING', 'USER_KILLED'])
    expect(await rig.done(['kill', 'w/runs'])).toContain('has already ended')
    expect(rig.history('w/runs')).toEqual(['CREATED', 'RUNNING', 'USER_KILLED'])
    await launcher.kill('SIGTERM')
  })

  test('takes no job again that a dead launcher had, whoever takes it over', async () => {
    await using rig = await Rig.create({ mayLeaveScaffolding: true })
    await rig.done(['spawn', '--app', 'controlled', '--workflow', 'w', '--name', 'a'])
    const first = await rig.launch()
    const job = await rig.jobs.start('w/a')
    await first.kill('SIGKILL')
    await job.ended()
    expect((await rig.bjob(['kill', 'w/a'])).stdout).toContain('so the next launcher will kill it')
    const second = await rig.launch()
    await rig.reached('w/a', 'USER_KILLED')
    expect(rig.jobs.started).toHaveLength(1)
    await second.kill('SIGTERM')
  })

  test('reaches a job whose former launcher died in the middle of a change', async () => {
    await using rig = await Rig.create({ mayLeaveScaffolding: true })
    await rig.done(['spawn', '--app', 'controlled', '--workflow', 'w', '--name', 'a'])
    const born = rig.state('w/a').history[0]?.time
    // The remains of such a launcher: a claim that it announced, and neither made nor withdrew.
    const dead = {
      by: 'dead-1-x-1',
      n: 1,
      id: 'w/a',
      born,
      revision: 2,
      state: 'RUNNING',
      attempt: 1,
      launcher: 'dead-1-000000',
      history: [],
    }
    rig.appendJournal('dead', `${JSON.stringify(dead)}\n`)
    const launcher = await rig.launch()
    const job = await rig.jobs.start('w/a')
    expect(await rig.done(['kill', 'w/a'])).toBe('w/a killed\n')
    expect(job.hasEnded).toBe(true)
    await launcher.kill('SIGTERM')
  })
})

import fs from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { Rig } from '../rig/rig.ts'

async function spawnControlled(rig: Rig, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, (_, at) => `w/job${at}`)
  const input = ids
    .map((id) => JSON.stringify({ workflow: 'w', name: id.slice(2), application: 'controlled' }))
    .join('\n')
  await rig.done(['spawn', '--from', '-'], { input })
  return ids
}

/** Ends well whatever starts, until all have ended. */
async function finishAll(rig: Rig, ids: readonly string[]): Promise<void> {
  await rig.until(
    'all jobs to be finished',
    () => {
      for (const job of rig.jobs.running) job.write('result.dat', String(job.attempt)).exit(0)
      return ids.every((id) => rig.state(id).state === 'JOB_FINISHED')
    },
    {},
    () => ids.map((id) => `${id} ${rig.history(id).at(-1)}`),
  )
}

const countEnds = (rig: Rig, id: string): number => rig.history(id).filter((state) => state === 'JOB_FINISHED').length

describe('a launcher', () => {
  test('that cannot start its agent says so and ends, instead of starting anew for ever', async () => {
    await using rig = await Rig.create({ mayLeaveScaffolding: true })
    await rig.done(['spawn', '--workflow', 'w', '--name', 'a', '--app', 'yes'])
    const broken = path.join(rig.outside, 'broken')
    for (const part of ['bin', 'dist', 'package.json'])
      fs.cpSync(path.join(import.meta.dirname, '../..', part), path.join(broken, part), { recursive: true })
    fs.writeFileSync(path.join(broken, 'dist/agent.cjs'), 'process.exit(1)\n')
    const words = [process.execPath, path.join(broken, 'bin/bjob.js'), 'launch', '--persistent']
    const { status, stderr } = await rig.startProgram(words).ended({ within: 60 })
    expect([status, stderr]).toEqual([
      3,
      expect.stringMatching(/agent ended before it could start jobs.*\n.*ulimit -u/),
    ])
    expect(fs.readdirSync(path.join(rig.site, 'launchers'))).toHaveLength(1)
    await rig.done(['launch', '--idle-seconds', '0.1'])
    expect(rig.state('w/a').state).toBe('JOB_FINISHED')
  })

  test('killed with -9: its jobs die with it, another takes them back, and all finish once', async () => {
    await using rig = await Rig.create({ mayLeaveScaffolding: true })
    const ids = await spawnControlled(rig, 6)
    const first = await rig.launch()
    const running = [...(await rig.jobs.starts(2))]
    await first.kill('SIGKILL')
    for (const job of running) await job.ended()
    const second = await rig.launch()
    await finishAll(rig, ids)
    for (const id of ids) expect(countEnds(rig, id)).toBe(1)
    for (const { id } of running) {
      expect(rig.history(id)).toEqual(['CREATED', 'RUNNING', 'RESTART_READY', 'RUNNING', 'RUN_DONE', 'JOB_FINISHED'])
      expect(rig.state(id).attempt).toBe(2)
    }
    const ends = (await rig.done(['results']))
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { id: string }).id)
    expect(ends.toSorted()).toEqual(ids)
    await second.kill('SIGTERM')
  })

  test('killed with -9 where another one is already waiting: that one takes over', async () => {
    await using rig = await Rig.create({ mayLeaveScaffolding: true })
    const [id = ''] = await spawnControlled(rig, 1)
    const first = await rig.launch()
    const job = await rig.jobs.start(id)
    const second = await rig.launch()
    await first.kill('SIGKILL')
    await job.ended()
    ;(await rig.jobs.start(id, 2)).exit(0)
    expect((await rig.reached(id, 'JOB_FINISHED')).attempt).toBe(2)
    await second.kill('SIGTERM')
  })

  test('suspended beyond its lease: its jobs are killed without it, another runs them, and it cannot end them twice', async () => {
    await using rig = await Rig.create({ mayLeaveScaffolding: true })
    const ids = await spawnControlled(rig, 2)
    const sleeper = await rig.launch()
    const before = [...(await rig.jobs.starts(2))]
    sleeper.signal('SIGSTOP')
    // Its agents hear nothing of it any more.
    for (const job of before) await job.ended()
    const other = await rig.launch()
    for (const id of ids) {
      const again = await rig.jobs.start(id, 2)
      // Never two at once: the second attempt began when the first had been killed.
      expect(before.filter((job) => job.id === id && !job.hasEnded)).toEqual([])
      again.exit(0)
    }
    for (const id of ids) await rig.reached(id, 'JOB_FINISHED')
    const states = ids.map((id) => fs.readFileSync(path.join(rig.folder(id), 'state.yaml'), 'utf8'))
    sleeper.signal('SIGCONT')
    await sleeper.printed('lost its lease')
    // It goes on under a new name, and is of use again.
    await rig.done(['spawn', '--app', 'controlled', '--workflow', 'w', '--name', 'after'])
    await other.kill('SIGTERM')
    ;(await rig.until('the last job to start', () => rig.jobs.running.find(({ id }) => id === 'w/after'))).exit(0)
    await rig.reached('w/after', 'JOB_FINISHED')
    expect(ids.map((id) => fs.readFileSync(path.join(rig.folder(id), 'state.yaml'), 'utf8'))).toEqual(states)
    await sleeper.kill('SIGTERM')
  })

  test('suspended beyond its lease before its agent said a word: it starts anew all the same', async () => {
    await using rig = await Rig.create({ mayLeaveScaffolding: true })
    const slow = path.join(rig.outside, 'slow')
    for (const part of ['bin', 'dist', 'package.json'])
      fs.cpSync(path.join(import.meta.dirname, '../..', part), path.join(slow, part), { recursive: true })
    const mayBegin = path.join(rig.outside, 'may-begin')
    const agent = path.join(slow, 'dist/agent.cjs')
    fs.renameSync(agent, path.join(slow, 'dist/real-agent.cjs'))
    fs.writeFileSync(
      agent,
      `const timer = setInterval(() => {
        if (!require('node:fs').existsSync(${JSON.stringify(mayBegin)})) return
        clearInterval(timer)
        require('./real-agent.cjs')
      }, 20)`,
    )
    const sleeper = rig.startProgram([process.execPath, path.join(slow, 'bin/bjob.js'), 'launch', '--persistent'])
    await sleeper.printed('launcher ')
    sleeper.signal('SIGSTOP')
    const stopped = performance.now()
    // The lease of these sites is three seconds, and nothing but time ends it.
    await rig.until('the lease to run out', () => performance.now() - stopped > 3500)
    sleeper.signal('SIGCONT')
    await sleeper.printed(/then restarting[^]*launcher /)
    fs.writeFileSync(mayBegin, '')
    await rig.done(['spawn', '--app', 'yes', '--workflow', 'w', '--name', 'after'])
    expect((await rig.reached('w/after', 'JOB_FINISHED')).attempt).toBe(1)
    await sleeper.kill('SIGTERM')
  })

  test('asked to end: jobs get SIGTERM, are to be started again, and each attempt keeps its output', async () => {
    await using rig = await Rig.create()
    const [id = ''] = await spawnControlled(rig, 1)
    const first = await rig.launch()
    const job = (await rig.jobs.start(id)).print('first try\n')
    const { status, stdout } = await first.kill('SIGTERM')
    expect(status).toBe(0)
    expect(stdout).toContain('1 to restart')
    expect(job.signals).toEqual(['SIGTERM'])
    expect(job.hasEnded).toBe(true)
    expect(rig.history(id)).toEqual(['CREATED', 'RUNNING', 'RUN_TIMEOUT', 'RESTART_READY'])
    const second = await rig.launch()
    const again = await rig.jobs.start(id, 2)
    expect(again.folder).toBe(job.folder)
    again.print('second try\n').exit(0)
    await rig.reached(id, 'JOB_FINISHED')
    await second.kill('SIGTERM')
    const read = (name: string): string => fs.readFileSync(path.join(rig.folder(id), name), 'utf8')
    expect([read('job.out'), read('job.out.2')]).toEqual(['first try\n', 'second try\n'])
  })

  test('asked to end: a job that does not listen is killed after the grace', async () => {
    await using rig = await Rig.create()
    const [id = ''] = await spawnControlled(rig, 1)
    const launcher = await rig.launch()
    const job = (await rig.jobs.start(id)).ignoreTerm().write('deaf', '')
    await rig.until('the job to be deaf', () => fs.existsSync(path.join(rig.folder(id), 'deaf')))
    await launcher.kill('SIGINT')
    await job.ended()
    expect(job.signals).toEqual(['SIGTERM'])
    expect(rig.state(id)).toMatchObject({ state: 'RESTART_READY', attempt: 1 })
    expect(rig.state(id).launcher).toBeUndefined()
  })

  test('ends when there is nothing to do, and begins nothing that its time does not suffice for', async () => {
    await using rig = await Rig.create()
    await rig.done(['spawn', '--app', 'yes', '--name', 'long', '--wall-time-minutes', '5'])
    await rig.done(['spawn', '--app', 'yes', '--name', 'short', '--wall-time-minutes', '0.5'])
    const { status } = await rig.bjob(['launch', '--time-limit-minutes', '2', '--idle-seconds', '0.5'])
    expect(status).toBe(0)
    expect(rig.state('default/short').state).toBe('JOB_FINISHED')
    expect(rig.state('default/long').state).toBe('CREATED')
  })

  test('whose agents are killed starts anew, and the jobs run again', async () => {
    await using rig = await Rig.create({ mayLeaveScaffolding: true })
    const [id = ''] = await spawnControlled(rig, 1)
    const launcher = await rig.launch()
    const job = await rig.jobs.start(id)
    const agents = rig.alive().filter((pid) => pid !== launcher.pid && pid !== job.pid)
    expect(agents.length).toBeGreaterThan(0)
    for (const pid of agents) process.kill(pid, 'SIGKILL')
    await job.ended()
    ;(await rig.jobs.start(id, 2)).exit(0)
    await rig.reached(id, 'JOB_FINISHED')
    await launcher.kill('SIGTERM')
  })

  test('whose agent is suspended kills it after the lease, also when it is asked to end', async () => {
    await using rig = await Rig.create({ mayLeaveScaffolding: true })
    const [id = ''] = await spawnControlled(rig, 1)
    const launcher = await rig.launch()
    const job = await rig.jobs.start(id)
    const suspendAgents = (own: number): void => {
      for (const pid of rig.alive().filter((one) => one !== launcher.pid && one !== own)) process.kill(pid, 'SIGSTOP')
    }
    suspendAgents(job.pid)
    await job.ended()
    const again = await rig.jobs.start(id, 2)
    suspendAgents(again.pid)
    await launcher.kill('SIGTERM')
    await again.ended()
    expect(rig.state(id).state).toBe('RESTART_READY')
  })
})

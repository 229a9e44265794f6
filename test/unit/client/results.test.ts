import fs from 'node:fs'
import path from 'node:path'
import { describe, expect, test, vi } from 'vitest'
import { toEvent } from '../../../src/core/index/journal-events.ts'
import { advance } from '../../../src/core/life/job-state.ts'
import { changeJob, readJobState } from '../../../src/site/job/jobs.ts'
import { journalHost } from '../../../src/site/journal/journal-host.ts'
import { type Fixture, collect, endJob, makeFixture } from './fixture.ts'

async function deliver({ client, root }: Fixture, cursor = 'c'): Promise<string[]> {
  const results = await collect(client.results({ cursor: path.join(root, cursor) }))
  return results.map(({ id, state }) => `${id} ${state}`)
}

async function withJobs(count: number): Promise<Fixture> {
  const fixture = await makeFixture()
  await fixture.client.spawnMany(
    Array.from({ length: count }, (_, index) => ({ name: `t${index}`, workflow: 'w', application: 'hello' })),
  )
  return fixture
}

const finishedText = (state: Awaited<ReturnType<typeof readJobState>>): typeof state =>
  advance(state, [{ time: new Date().toISOString(), state: 'USER_KILLED', message: 'x' }])

describe('results', () => {
  test('each end once, with the file, and what ends later, later', async () => {
    const fixture = await withJobs(3)
    const { client, site } = fixture
    fs.writeFileSync(`${site.layout.job('w/t0').dir}/result.dat`, '{"loss": 1}')
    await endJob(site, 'w/t0')
    await endJob(site, 'w/t1', 'FAILED')
    const [first, second] = await collect(client.results())
    expect(first).toMatchObject({
      id: 'w/t0',
      state: 'JOB_FINISHED',
      content: '{"loss": 1}',
      result: { loss: 1 },
      attempt: 1,
      launcher: 'test-launcher',
    })
    expect(second).toMatchObject({ id: 'w/t1', state: 'FAILED', content: null })
    expect(await deliver(fixture)).toEqual(['w/t0 JOB_FINISHED', 'w/t1 FAILED'])
    expect(await deliver(fixture)).toEqual([])
    await endJob(site, 'w/t2')
    expect(await deliver(fixture)).toEqual(['w/t2 JOB_FINISHED'])
  })

  test('a reader that dies in the middle goes on with the one that it had not asked beyond', async () => {
    const fixture = await withJobs(50)
    const { client, root, site } = fixture
    for (let index = 0; index < 50; index++) await endJob(site, `w/t${index}`)
    const seen: string[] = []
    for await (const { id } of client.results({ cursor: path.join(root, 'c') })) {
      seen.push(id)
      if (seen.length === 21) break
    }
    const rest = await deliver(fixture)
    expect(rest).toHaveLength(30)
    expect(new Set([...seen.slice(0, 20), ...rest.map((line) => line.split(' ')[0])]).size).toBe(50)
  })

  test('an end that was announced and not made waits until it is', async () => {
    const fixture = await withJobs(1)
    const { site } = fixture
    const state = await readJobState(site, 'w/t0')
    await site.journal.announce(toEvent('w/t0', finishedText(state), state.history.length))
    expect(await deliver(fixture)).toEqual([])
    expect(await deliver(fixture)).toEqual([])
    await changeJob(site, 'w/t0', finishedText)
    expect(await deliver(fixture)).toEqual(['w/t0 USER_KILLED'])
    expect(await deliver(fixture)).toEqual([])
  })

  test('an end that came to nothing is forgotten', async () => {
    const fixture = await withJobs(1)
    const { root, site } = fixture
    const state = await readJobState(site, 'w/t0')
    const announcement = await site.journal.announce(toEvent('w/t0', finishedText(state), state.history.length))
    expect(await deliver(fixture)).toEqual([])
    expect(fs.readFileSync(path.join(root, 'c'), 'utf8')).toContain('USER_KILLED')
    announcement.settle(false)
    await site.close()
    expect(await deliver(fixture)).toEqual([])
    expect(fs.readFileSync(path.join(root, 'c'), 'utf8')).not.toContain('USER_KILLED')
  })

  test('a job that was started again has another end', async () => {
    const fixture = await withJobs(1)
    const { site } = fixture
    await endJob(site, 'w/t0', 'FAILED')
    expect(await deliver(fixture)).toEqual(['w/t0 FAILED'])
    await changeJob(site, 'w/t0', (current) =>
      advance(current, [{ time: new Date().toISOString(), state: 'RESTART_READY', message: 'retry' }]),
    )
    expect(await deliver(fixture)).toEqual([])
    await endJob(site, 'w/t0')
    expect(await deliver(fixture)).toEqual(['w/t0 JOB_FINISHED'])
  })

  test('a job whose folder is gone is delivered all the same', async () => {
    const fixture = await withJobs(1)
    const { site } = fixture
    await endJob(site, 'w/t0')
    await site.close()
    fs.rmSync(site.layout.job('w/t0').dir, { recursive: true })
    expect(await deliver(fixture)).toEqual(['w/t0 JOB_FINISHED'])
  })

  test.each([-5, 5])(
    'an end in doubt whose job was removed waits for the line that says so, though another of that name was born, %i h later by its clock',
    async (hours) => {
      const fixture = await withJobs(1)
      const { client, site } = fixture
      await endJob(site, 'w/t0')
      vi.useFakeTimers({ toFake: ['Date'], now: Date.now() + hours * 3_600_000 })
      try {
        await client.remove('w/t0')
        await client.spawn({ name: 't0', workflow: 'w', application: 'hello' })
      } finally {
        vi.useRealTimers()
      }
      await site.close()
      const journal = site.layout.journalOf(journalHost(site.layout.root))
      const lines = fs.readFileSync(journal, 'utf8').split('\n')
      const announced = lines.findIndex((line) => line.includes('"JOB_FINISHED"')) + 1
      fs.writeFileSync(journal, lines.slice(0, announced).join('\n') + '\n')
      expect(await deliver(fixture)).toEqual([])
      fs.appendFileSync(journal, lines.slice(announced).join('\n'))
      expect(await deliver(fixture)).toEqual(['w/t0 JOB_FINISHED'])
    },
  )

  test('with the journal made anew: what was not delivered, and nothing twice', async () => {
    const fixture = await withJobs(4)
    const { site } = fixture
    await endJob(site, 'w/t0')
    await endJob(site, 'w/t1')
    expect(await deliver(fixture)).toHaveLength(2)
    await endJob(site, 'w/t2')
    await site.close()
    fs.rmSync(site.layout.journal, { recursive: true })
    await endJob(site, 'w/t3')
    expect((await deliver(fixture)).sort()).toEqual(['w/t2 JOB_FINISHED', 'w/t3 JOB_FINISHED'])
    expect(await deliver(fixture)).toEqual([])
  })

  test('filters, also by what was asked of the job', async () => {
    const { client, site } = await withJobs(2)
    await endJob(site, 'w/t0')
    await endJob(site, 'w/t1', 'FAILED')
    const ids = async (filter: Parameters<typeof client.select>[0]): Promise<string[]> =>
      (await collect(client.results({ filter }))).map(({ id }) => id)
    expect(await ids({ state: ['FAILED'] })).toEqual(['w/t1'])
    expect(await ids({ app: ['hello'], name: ['t0'] })).toEqual(['w/t0'])
    expect(await ids({ app: ['other'] })).toEqual([])
  })

  test('what is no cursor is refused', async () => {
    const fixture = await withJobs(0)
    fs.writeFileSync(path.join(fixture.root, 'c'), 'hello')
    await expect(deliver(fixture)).rejects.toMatchObject({ code: 'bad-cursor' })
  })
})

import fs from 'node:fs'
import { describe, expect, test } from 'vitest'
import { toEvent } from '../../../src/core/events.ts'
import { readJobState } from '../../../src/site/jobs.ts'
import { collect, endJob, makeFixture } from './fixture.ts'

async function withJobs(): Promise<Awaited<ReturnType<typeof makeFixture>>> {
  const fixture = await makeFixture()
  await fixture.client.spawnMany(
    ['t10', 't2', 't1'].map((name, index) => ({
      name,
      workflow: 'w',
      application: 'hello',
      priority: index,
      tags: { n: name },
    })),
  )
  return fixture
}

describe('JobQuery', () => {
  test('filters, excludes, orders, slices, counts', async () => {
    const { client } = await withJobs()
    const { jobs } = client
    expect(await jobs.values('id')).toEqual(['w/t1', 'w/t2', 'w/t10'])
    expect(
      await jobs
        .filter({ name: { startsWith: 't1' } })
        .exclude({ name: 't10' })
        .values('name'),
    ).toEqual(['t1'])
    expect(await jobs.orderBy('-priority').values('priority')).toEqual([2, 1, 0])
    expect(await jobs.slice(1).slice(0, 1).values('name')).toEqual(['t2'])
    expect(await jobs.slice(1).count()).toBe(2)
    expect(await jobs.filter({ state: 'RUNNING' }).exists()).toBe(false)
    expect((await jobs.filter({ tags: { n: 't2' } }).first())?.id).toBe('w/t2')
    expect(() => jobs.orderBy('nonsense')).toThrow(/no field nonsense/)
  })

  test('each evaluation sees what has happened since', async () => {
    const { client, site } = await withJobs()
    const finished = client.jobs.filter({ state: 'JOB_FINISHED' })
    expect(await collect(finished)).toEqual([])
    await endJob(site, 'w/t2')
    expect((await collect(finished)).map(({ id }) => id)).toEqual(['w/t2'])
  })

  test('what was only announced is not believed', async () => {
    const { client, site } = await withJobs()
    const state = await readJobState(site, 'w/t1')
    const next = {
      ...state,
      state: 'JOB_FINISHED' as const,
      revision: 2,
      history: [...state.history, { time: 'x', state: 'JOB_FINISHED' as const, message: '' }],
    }
    await site.journal.announce(toEvent('w/t1', next, 1))
    await site.journal.announce({ ...toEvent('w/t1', state, 0), id: 'w/never-born' })
    expect(await client.jobs.filter({ state: 'JOB_FINISHED' }).count()).toBe(0)
    expect(await client.jobs.count()).toBe(3)
  })

  test('reads files of the job only', async () => {
    const { client } = await withJobs()
    const job = await client.job('w/t1')
    fs.writeFileSync(`${job.dir}/result.dat`, '{"x":1}')
    expect(JSON.parse(await job.readFile('result.dat'))).toEqual({ x: 1 })
    await expect(job.readFile('../t2/job.yaml')).rejects.toMatchObject({ code: 'unsafe-path' })
    await expect(client.job('w/none')).rejects.toMatchObject({ code: 'unknown-job' })
  })
})

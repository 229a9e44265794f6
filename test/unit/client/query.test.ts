import fs from 'node:fs'
import { describe, expect, test } from 'vitest'
import { toEvent } from '../../../src/core/index/journal-events.ts'
import { readJobState } from '../../../src/site/job/jobs.ts'
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

  test('gets one, counts by field, updates and deletes what is chosen', async () => {
    const { client } = await withJobs()
    const { jobs } = client
    expect((await jobs.get({ name: 't2' })).id).toBe('w/t2')
    await expect(jobs.get({ name: 'none' })).rejects.toMatchObject({ code: 'no-match' })
    await expect(jobs.get()).rejects.toMatchObject({ code: 'many-match' })
    expect(await jobs.countBy('state')).toEqual(new Map([['CREATED', 3]]))
    await jobs.slice(0, 2).update({ priority: 9, data: { loss: 1 } })
    expect(await jobs.values('name', 'priority')).toEqual([
      { name: 't1', priority: 9 },
      { name: 't2', priority: 9 },
      { name: 't10', priority: 0 },
    ])
    expect(await jobs.filter({ data: { loss: 1 } }).count()).toBe(2)
    const asked = await Promise.all([
      jobs.count(),
      jobs.filter({ name: 't1' }).count(),
      jobs.exclude({ name: 't1' }).count(),
    ])
    expect(asked).toEqual([3, 1, 2])
    expect((await jobs.exclude({ name: 't1' }).delete()).map(({ kind }) => kind)).toEqual(['done', 'done'])
    expect(await jobs.values('id')).toEqual(['w/t1'])
    expect(() => jobs.slice(-1)).toThrow(RangeError)
  })

  test('kills what is chosen, and with `recursive` all below it', async () => {
    const { client, site } = await withJobs()
    await client.spawn({ name: 'below', workflow: 'w', application: 'hello', parents: ['w/t1'] })
    await endJob(site, 'w/t10')
    const { jobs } = client
    expect(await jobs.filter({ name: ['t2', 't10'] }).kill()).toEqual([{ kind: 'killed', id: 'w/t2' }])
    expect((await jobs.filter({ id: 'w/t1' }).kill({ recursive: true })).map(({ kind, id }) => [kind, id])).toEqual([
      ['killed', 'w/below'],
      ['killed', 'w/t1'],
    ])
    expect(await jobs.countBy('state')).toEqual(
      new Map([
        ['USER_KILLED', 3],
        ['JOB_FINISHED', 1],
      ]),
    )
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

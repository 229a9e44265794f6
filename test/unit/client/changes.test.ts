import fs from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { advance } from '../../../src/core/life/job-state.ts'
import { changeJob, readJobState, readSpec } from '../../../src/site/job/jobs.ts'
import { endJob, makeFixture } from './fixture.ts'

describe('the library', () => {
  test('sets fields, data and parents of a job, and tells of what it cannot', async () => {
    const { client, site } = await makeFixture()
    const a = await client.spawn({ name: 'a', application: 'hello' })
    const b = await client.spawn({ name: 'b', application: 'hello' })
    expect(await a.set({ wallTimeMinutes: 5, tags: { k: 'v' } })).toMatchObject({ kind: 'done' })
    expect(await a.set({ wall_time_minutes: 5 })).toMatchObject({ kind: 'left' })
    expect(await a.set({ wallTimeMinutes: undefined })).toMatchObject({ kind: 'done' })
    expect(await readSpec(site, a.id)).toMatchObject({ wallTimeMinutes: 1, tags: { k: 'v' } })
    await expect(a.set({ walltime: 5 })).rejects.toMatchObject({ code: 'unknown-field' })
    await a.setData({ y: [1] })
    expect(await a.data()).toEqual({ y: [1] })
    expect(await b.data()).toBeUndefined()
    expect(await client.addDependency('a', 'b')).toMatchObject({ kind: 'done' })
    await expect(client.addDependency('b', 'a')).rejects.toMatchObject({ code: 'cycle' })
    expect((await readJobState(site, b.id)).state).toBe('AWAITING_PARENTS')
    await endJob(site, a.id)
    expect(await a.set({ priority: 1 })).toMatchObject({ kind: 'refused' })
    await a.setData(2)
    expect(await (await client.job('a')).data()).toBe(2)
  })

  test('updates and deletes what a query finds', async () => {
    const { client, root } = await makeFixture()
    await client.spawnMany(['a1', 'a2', 'b'].map((name) => ({ name, application: 'hello' })))
    const found = client.jobs.filter({ name: { startsWith: 'a' } })
    expect((await found.update({ priority: 7 })).map(({ kind }) => kind)).toEqual(['done', 'done'])
    expect(await client.jobs.values('priority')).toEqual([7, 7, 0])
    expect((await found.delete()).map(({ kind }) => kind)).toEqual(['done', 'done'])
    expect(await client.jobs.values('id')).toEqual(['default/b'])
    expect(fs.readdirSync(path.join(root, 'trash')).length).toBe(2)
  })

  test('nothing happens any more to a job whose removal was cut off, but that it is removed', async () => {
    const { client, site, root } = await makeFixture()
    await client.spawn({ name: 'a', application: 'hello' })
    await changeJob(site, 'default/a', (current) =>
      advance(current, [{ time: 'x', state: 'USER_KILLED', message: '' }], { removed: 'ada' }),
    )
    const a = await client.job('a')
    expect(await a.retry()).toMatchObject({ kind: 'refused' })
    expect(await changeJob(site, a.id, (current) => advance(current, []))).toBeUndefined()
    expect(await a.remove()).toMatchObject({ kind: 'done' })
    expect(fs.existsSync(path.join(root, 'jobs/default/a'))).toBe(false)
  })

  test('registers applications, or takes those that are there', async () => {
    const { client } = await makeFixture()
    const solver = { name: 'solver', executable: ['./solver', '--fast'], description: 'solves' }
    expect(await client.addApplication(solver)).toMatchObject({ ...solver, shell: false })
    expect(await client.applications()).toEqual(['hello', 'solver'])
    await expect(client.addApplication(solver)).rejects.toMatchObject({ code: 'name-taken' })
    const other = { name: 'solver', executable: 'other' }
    expect(await client.addApplication(other, { ifExists: 'reuse' })).toMatchObject(solver)
    await expect(client.application('slover')).rejects.toThrow(/did you mean solver/)
    await expect(client.addApplication({ name: 'x', executable: '"' })).rejects.toMatchObject({
      code: 'bad-application',
    })
    expect(await client.applications()).toEqual(['hello', 'solver'])
  })

  test('only a postprocess says what its job becomes', async () => {
    const { client } = await makeFixture()
    await expect(client.updateState('JOB_FINISHED')).rejects.toMatchObject({ code: 'not-in-a-hook' })
    const inside = await makeFixture({ BJOB_JOB_ID: 'default/a', BJOB_HOOK: 'postprocess' })
    await inside.client.select({}).count()
    await expect(inside.client.updateState('JOB_FINISHED')).rejects.toMatchObject({ code: 'unknown-job' })
  })
})

import fs from 'node:fs'
import { describe, expect, test } from 'vitest'
import { killJobs } from '../../../src/client/control.ts'
import { SiteClient } from '../../../src/client/site-client.ts'
import { advance } from '../../../src/core/job-state.ts'
import type { Disk } from '../../../src/site/disk.ts'
import { changeJob, readJobState } from '../../../src/site/jobs.ts'
import { Site } from '../../../src/site/site.ts'
import { endJob, makeFixture } from './fixture.ts'

describe('kill', () => {
  test('what nobody owns ends at once; what has ended stays as it is', async () => {
    const { client, site } = await makeFixture()
    await client.spawn({ name: 'a', application: 'hello' })
    expect(await client.kill('a')).toEqual({ kind: 'killed', id: 'default/a' })
    expect((await readJobState(site, 'default/a')).history.at(-1)?.message).toMatch(/^killed by .+@/)
    expect(await client.kill('a')).toEqual({ kind: 'ended', id: 'default/a', state: 'USER_KILLED' })
    await expect(client.kill('b')).rejects.toMatchObject({ code: 'unknown-job' })
  })

  test('what runs is asked to, and its launcher is waited for', async () => {
    const { client, site } = await makeFixture()
    await client.spawn({ name: 'a', application: 'hello' })
    await changeJob(site, 'default/a', (current) =>
      advance(current, [{ time: 'x', state: 'RUNNING', message: '' }], { launcher: 'l', attempt: 1 }),
    )
    const killed = client.kill('a')
    for (;;) {
      const made = await changeJob(site, 'default/a', (current) =>
        current.kill === undefined
          ? undefined
          : advance(current, [{ time: 'y', state: 'USER_KILLED', message: current.kill }], { kill: undefined }),
      )
      if (made !== undefined) break
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(await killed).toEqual({ kind: 'killed', id: 'default/a' })
  })

  test('of many, one whose folder goes away meanwhile keeps nobody from hearing of the others', async () => {
    const { client, site } = await makeFixture()
    const ids = ['default/a', 'default/b']
    await client.spawnMany(['a', 'b'].map((name) => ({ name, application: 'hello' })))
    for (const id of ids)
      await changeJob(site, id, (current) =>
        advance(current, [{ time: 'x', state: 'RUNNING', message: '' }], { launcher: 'l', attempt: 1 }),
      )
    const killed = killJobs(site, ids)
    const isAsked = async (): Promise<boolean> => (await readJobState(site, 'default/b')).kill !== undefined
    while (!(await isAsked())) await new Promise((resolve) => setImmediate(resolve))
    fs.rmSync(site.layout.job('default/a').dir, { recursive: true })
    await changeJob(site, 'default/b', (current) =>
      advance(current, [{ time: 'y', state: 'USER_KILLED', message: '' }], { kill: undefined }),
    )
    expect(await killed).toEqual([
      { kind: 'failed', id: 'default/a', reason: 'there is no job default/a' },
      { kind: 'killed', id: 'default/b' },
    ])
  })
})

describe('wait', () => {
  test('for all, for any, and no longer than asked', async () => {
    const { client, site } = await makeFixture()
    await client.spawnMany(['a', 'b'].map((name) => ({ name, application: 'hello' })))
    const any = client.wait(['a', 'b'], { any: true })
    const all = client.wait(['a', 'b'])
    await endJob(site, 'default/a')
    expect((await any).open).toEqual(['default/b'])
    expect(await client.wait('b', { timeoutSeconds: 0.01 })).toMatchObject({ isTimeout: true, open: ['default/b'] })
    await endJob(site, 'default/b', 'FAILED')
    expect((await all).ended.map(({ state }) => state).sort()).toEqual(['FAILED', 'JOB_FINISHED'])
    await expect(client.wait('c')).rejects.toMatchObject({ code: 'unknown-job' })
  })

  test('for many looks into the journal once for all of them', async () => {
    const { client, site } = await makeFixture()
    const many = Array.from({ length: 150 }, (_, at) => ({ name: `job${at}`, application: 'hello' }))
    const ids = await client.spawnMany(many)
    let reads = 0
    const readFrom: Disk['readFrom'] = async (target, offset, limit) => {
      if (target.endsWith('.jsonl')) reads += 1
      return site.disk.readFrom(target, offset, limit)
    }
    const other = new SiteClient(new Site(site.layout, { ...site.disk, readFrom }, site.settings), {})
    const { open } = await other.wait(ids, { timeoutSeconds: 0.1 })
    expect(open).toHaveLength(many.length)
    expect(reads).toBeGreaterThan(0)
    expect(reads).toBeLessThan(many.length / 5)
  })
})

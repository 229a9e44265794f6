import fs from 'node:fs'
import { describe, expect, test } from 'vitest'
import { killJobs } from '../../../src/client/change/kill-jobs.ts'
import { advance } from '../../../src/core/life/job-state.ts'
import { changeJob, readJobState } from '../../../src/site/job/jobs.ts'
import { makeFixture } from './fixture.ts'

describe('kill', () => {
  test('what nobody owns ends at once; what has ended stays as it is', async () => {
    const { client, site } = await makeFixture()
    await client.spawn({ name: 'a', application: 'hello' })
    expect(await client.kill('a')).toEqual({ kind: 'killed', id: 'default/a' })
    expect((await readJobState(site, 'default/a')).history.at(-1)?.event).toEqual({
      kind: 'stopped',
      why: 'killed',
      by: expect.stringMatching(/.@/),
    })
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
      { kind: 'failed', id: 'default/a', reason: 'no such job: default/a' },
      { kind: 'killed', id: 'default/b' },
    ])
  })
})

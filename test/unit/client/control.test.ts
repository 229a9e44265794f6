import { describe, expect, test } from 'vitest'
import { advance } from '../../../src/core/job-state.ts'
import { changeJob, readJobState } from '../../../src/site/jobs.ts'
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
})

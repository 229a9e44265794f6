import fs from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { endJob, makeFixture } from './fixture.ts'

test('futures: whatever the end, it is delivered; any of them, then all', async () => {
  const { client, site } = await makeFixture()
  const ids = await client.spawnMany(
    ['well', 'badly', 'killed', 'removed', 'slow'].map((name) => ({ name, workflow: 'w', application: 'hello' })),
  )
  const futures = client.futures(ids)
  const first = client.waitForFutures(futures, { any: true })
  fs.writeFileSync(path.join(site.layout.job('w/well').dir, 'result.dat'), '{"loss":1}')
  await endJob(site, 'w/well')
  expect((await first).done.map(({ id }) => id)).toEqual(['w/well'])
  expect((await first).active.length).toBe(4)
  await endJob(site, 'w/badly', 'FAILED', 'exit 3')
  await futures[2]?.cancel()
  await client.remove('w/removed')
  const late = await client.waitForFutures(futures, { timeoutSeconds: 0.05 })
  const idsOf = (list: readonly { readonly id: string }[]): string[] => list.map(({ id }) => id)
  expect([idsOf(late.active), idsOf(late.done), idsOf(late.failed), idsOf(late.cancelled)]).toEqual([
    ['w/slow'],
    ['w/well'],
    ['w/badly'],
    ['w/killed', 'w/removed'],
  ])
  expect(futures.map(({ end }) => [end?.state, end?.result])).toEqual([
    ['JOB_FINISHED', { loss: 1 }],
    ['FAILED', undefined],
    ['USER_KILLED', undefined],
    ['USER_KILLED', undefined],
    [undefined, undefined],
  ])
  expect(futures[1]?.end?.message).toBe('exit 3')
  await expect(futures[4]?.result({ timeoutSeconds: 0.01 })).rejects.toMatchObject({ code: 'timeout' })
  // Several who wait at the same time each hear of the end.
  const [alone] = client.futures(['w/slow'])
  if (alone === undefined) throw new Error('there is no future')
  const waiting = Promise.all([client.waitForFutures(futures), client.wait('w/slow'), alone.result()])
  await endJob(site, 'w/slow')
  const [all, , own] = await waiting
  expect(own).toMatchObject({ id: 'w/slow', state: 'JOB_FINISHED' })
  expect(all).toMatchObject({ active: [], done: [{ id: 'w/well' }, { id: 'w/slow' }] })
  // With none left that is active there is nothing to wait for.
  expect((await client.waitForFutures(futures, { any: true })).active).toEqual([])
})

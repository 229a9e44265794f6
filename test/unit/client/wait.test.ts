import { describe, expect, test } from 'vitest'
import { SiteClient } from '../../../src/client/site-client.ts'
import type { Disk } from '../../../src/site/disk/disk.ts'
import { JobView } from '../../../src/site/view/job-view.ts'
import { JournalNews } from '../../../src/site/view/journal-news.ts'
import { Site } from '../../../src/site/site.ts'
import { SuspendableDisk } from '../site/suspendable-disk.ts'
import { endJob, makeFixture } from './fixture.ts'

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
    const look = lookThrough(site)
    const { open } = await look.client.wait(ids, { timeoutSeconds: 0.1 })
    expect(open).toHaveLength(many.length)
    expect(look.journalReads()).toBeGreaterThan(0)
    expect(look.journalReads()).toBeLessThan(many.length / 5)
  })

  test('beside a snapshot of many jobs reads its first line alone, and hears of ends, and of what is removed', async () => {
    const { client, site } = await makeFixture()
    await client.spawnMany(['a', 'b', 'c'].map((name) => ({ name, application: 'hello' })))
    await (await JobView.open(site, 'all')).save()
    const look = lookThrough(site)
    const waiting = look.client.wait(['a', 'b'])
    await look.waits
    await client.remove('b')
    await endJob(site, 'default/c')
    await endJob(site, 'default/a')
    const { ended, gone } = await waiting
    // A removed job was killed first, and may be seen as killed.
    expect([...ended.map(({ id }) => id), ...gone].toSorted()).toEqual(['default/a', 'default/b'])
    expect(look.snapshotLimits).toEqual(look.snapshotLimits.map(() => 16 * 1024))
    expect(look.snapshotLimits.length).toBeGreaterThan(0)
  })

  test('where a folder may look old after the news of it, goes by the index', async () => {
    const { site } = await makeFixture()
    await (await JobView.open(site, 'all')).save()
    expect(await JournalNews.open(site)).toBeDefined()
    const fuse = new Site(site.layout, { ...site.disk, staleMs: 4000 }, site.settings)
    expect(await JournalNews.open(fuse)).toBeUndefined()
  })

  test('looks again after a file system that has failed', async () => {
    const { client, site } = await makeFixture()
    await client.spawn({ name: 'a', application: 'hello' })
    let hasFailed = false
    const list: Disk['list'] = async (target) => {
      if (hasFailed) return site.disk.list(target)
      throw Object.assign(new Error('EIO: i/o error'), { code: 'EIO' })
    }
    const other = new SiteClient(new Site(site.layout, { ...site.disk, list }, site.settings), {})
    await expect(other.wait('a', { timeoutSeconds: 20 })).rejects.toMatchObject({ code: 'EIO' })
    await expect(other.jobs.count()).rejects.toMatchObject({ code: 'EIO' })
    hasFailed = true
    expect(await other.wait('a', { timeoutSeconds: 0.3 })).toMatchObject({ isTimeout: true })
    expect(await other.jobs.count()).toBe(1)
  })

  test('hears of an end that was announced before the snapshot, and made after it by a writer that says nothing more', async () => {
    const { client, site } = await makeFixture()
    let isThrough = false
    for (let at = 1; !isThrough; at++) {
      const name = `job${at}`
      await client.spawn({ name, application: 'hello' })
      const sleeper = new SuspendableDisk(at)
      const ending = endJob(new Site(site.layout, sleeper.disk, site.settings), `default/${name}`)
      isThrough = await Promise.race([sleeper.suspended.then(() => false), ending.then(() => true)])
      await (await JobView.open(site, 'all')).save()
      const look = lookThrough(site)
      const waiting = look.client.wait(name, { timeoutSeconds: 20 })
      await Promise.race([look.waits, waiting])
      sleeper.wake()
      expect(await waiting, `suspended at call ${at}`).toMatchObject({
        ended: [{ id: `default/${name}` }],
        isTimeout: false,
      })
      await ending
    }
  })
})

interface Look {
  readonly client: SiteClient
  readonly snapshotLimits: readonly number[]
  readonly journalReads: () => number
  readonly waits: Promise<void>
}

/**
 * A client of its own, and what it reads; it `waits` once it has looked into the journals, and
 * after that into the folder of a job.
 */
function lookThrough(site: Site): Look {
  const snapshotLimits: number[] = []
  let reads = 0
  let wait = (): void => {}
  const waits = new Promise<void>((resolve) => (wait = resolve))
  const readFrom: Disk['readFrom'] = async (target, offset, limit) => {
    if (target.endsWith('.snapshot')) snapshotLimits.push(limit)
    if (target.endsWith('.jsonl')) reads += 1
    return site.disk.readFrom(target, offset, limit)
  }
  const readText: Disk['readText'] = async (target) => {
    const text = await site.disk.readText(target)
    if (reads > 0) wait()
    return text
  }
  const client = new SiteClient(new Site(site.layout, { ...site.disk, readFrom, readText }, site.settings), {})
  return { client, snapshotLimits, journalReads: () => reads, waits }
}

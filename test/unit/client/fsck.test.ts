import fs from 'node:fs'
import { describe, expect, test } from 'vitest'
import { checkSite } from '../../../src/site/fsck/check-site.ts'
import { mendSite } from '../../../src/site/fsck/mend.ts'
import { readJobState } from '../../../src/site/job/jobs.ts'
import { type Fixture, endJob, makeFixture } from './fixture.ts'

async function kinds({ site }: Fixture): Promise<string[]> {
  return (await checkSite(site)).map(({ kind, id }) => `${id ?? ''} ${kind}`).sort()
}

describe('fsck', () => {
  test('a whole site is whole', async () => {
    const fixture = await makeFixture()
    await fixture.client.spawn({ name: 'a', application: 'hello' })
    await fixture.site.close()
    expect(await kinds(fixture)).toEqual([])
  })

  test('names damage, mends what has one right answer, and then finds no more of it', async () => {
    const fixture = await makeFixture()
    const { client, site } = fixture
    await client.spawnMany(['a', 'b', 'c', 'd', 'e', 'f'].map((name) => ({ name, application: 'hello' })))
    await endJob(site, 'default/a')
    await site.close()
    const before = await readJobState(site, 'default/a')
    const paths = (name: string): ReturnType<typeof site.layout.job> => site.layout.job(`default/${name}`)
    fs.rmSync(paths('a').state)
    fs.truncateSync(paths('b').state, 50)
    fs.writeFileSync(paths('c').job, '')
    fs.appendFileSync(paths('d').job, 'nonsense: 1\n')
    fs.rmSync(paths('e').dir, { recursive: true })
    fs.writeFileSync(`${paths('f').dir}/.state-dead`, '')
    fs.symlinkSync('dead', `${paths('f').dir}/.revision-1`)
    fs.mkdirSync(paths('f').lock)
    fs.mkdirSync(site.layout.aside('default', 'elsewhere-1-x').dir)
    const damage = await checkSite(site)
    expect(damage.map(({ kind }) => kind).sort()).toEqual([
      'broken-specification',
      'leftover-aside',
      'leftover-draft',
      'leftover-lock',
      'leftover-revision',
      'lost-specification',
      'lost-state',
      'lost-state',
      'no-folder',
    ])
    const remedies = await mendSite(site, damage)
    expect(damage.filter((_, index) => remedies[index] === undefined).map(({ kind }) => kind)).toEqual([
      'broken-specification',
    ])
    expect(await readJobState(site, 'default/a')).toEqual(before)
    expect(await kinds(fixture)).toEqual(['default/d broken-specification'])
  })

  test('a journal that was deleted knows every job again', async () => {
    const fixture = await makeFixture()
    const { client, site } = fixture
    await client.spawnMany(Array.from({ length: 30 }, (_, index) => ({ name: `t${index}`, application: 'hello' })))
    await site.close()
    fs.rmSync(site.layout.journal, { recursive: true })
    await client.spawn({ name: 'late', application: 'hello' })
    await mendSite(site, await checkSite(site))
    const { openSite } = await import('../../../src/client/site-client.ts')
    const again = await openSite(site.layout.root)
    expect(await again.jobs.count()).toBe(31)
    await again.close()
  })
})

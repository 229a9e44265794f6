/** Releases the jobs of a dead launcher on a real tree. */
import path from 'node:path'
import { expect, test } from 'vitest'
import { advance } from '../../../src/core/life/job-state.ts'
import { Recovery } from '../../../src/launch/recovery.ts'
import { type Disk, directDisk } from '../../../src/site/disk/disk.ts'
import { JobView } from '../../../src/site/view/job-view.ts'
import { changeJob } from '../../../src/site/job/jobs.ts'
import { writeLease } from '../../../src/site/launcher/launchers.ts'
import { Site } from '../../../src/site/site.ts'
import { until } from '../../rig/until.ts'
import { makeFixture } from '../client/fixture.ts'

const DEAD = 'dead-1'
/** The number of jobs that a launcher may have been changing when it died. */
const TOGETHER = 32

test('jobs are taken back together: all locks that a dead launcher left are waited for at once', async () => {
  const { client, site } = await makeFixture()
  const records = Array.from({ length: TOGETHER + 8 }, (_, at) => ({ name: `job${at}`, application: 'hello' }))
  const ids: string[] = await client.spawnMany(records)
  for (const id of ids) {
    await changeJob(site, id, (current) =>
      advance(current, [{ time: new Date().toISOString(), state: 'RUNNING', message: 'attempt 1' }], {
        launcher: DEAD,
        attempt: 1,
      }),
    )
  }
  await site.disk.makeParents(site.layout.launcher(DEAD).dir)
  const lease = { launcher: DEAD, beat: 7, host: 'elsewhere', pid: 1, agents: [], kernel: 'of elsewhere', started: '' }
  await writeLease(site, { ...lease, ended: 'killed' })

  // Nobody gets a lock before as many are asked for: one after the other, none would ever be had.
  const asked = new Set<string>()
  const mkdir = async (target: string): Promise<void> => {
    if (path.basename(target) === '.lock') {
      asked.add(target)
      await until('the locks to be asked for together', () => asked.size >= TOGETHER, { within: 30 })
    }
    return directDisk.mkdir(target)
  }
  const disk = new Proxy<Disk>(directDisk, {
    get: (target, name) => (name === 'mkdir' ? mkdir : (Reflect.get(target, name) as unknown)),
  })
  const other = new Site(site.layout, disk, site.settings)
  const view = await JobView.open(other, 'live')
  const taken: (string | undefined)[] = []
  await new Recovery(other, 'alive-1', view.index, ({ kind, id }) => void (kind === 'recovered' && taken.push(id)), {
    clear: async () => true,
    isActive: () => true,
  }).look()
  await other.close()
  expect(taken.toSorted()).toEqual(ids.toSorted())
})

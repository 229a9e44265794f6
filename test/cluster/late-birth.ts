/**
 * A spawner that is delayed between the announcement of a job and its birth, as by a busy server,
 * for nfs.test.ts. In a site's folder:
 *
 *     late-birth NAME MILLISECONDS      spawns a job of the application `job`
 */
import { setTimeout as delay } from 'node:timers/promises'
import { spawnJobs } from '../../src/client/spawn/spawn-jobs.ts'
import { Site, openTree } from '../../src/site/site.ts'

const [name = '', pauseMs] = process.argv.slice(2)
const { layout, disk, settings } = await openTree()
const site = new Site(
  layout,
  {
    ...disk,
    rename: async (from, to) => {
      if (to.endsWith(`/${name}`)) await delay(Number(pauseMs))
      await disk.rename(from, to)
    },
  },
  settings,
)
await spawnJobs(site, [{ record: { name, application: 'job' } }], {
  current: undefined,
  folder: layout.root,
  ifExists: 'error',
})
await site.close()

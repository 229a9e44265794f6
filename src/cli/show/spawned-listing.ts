/** New jobs, as printed by `spawn` and `clone`. */
import type { Spawned } from '../../client/spawn/spawn-jobs.ts'
import type { Site } from '../../site/site.ts'
import type { LineListing } from '../command/list-output.ts'

export function spawnedListing(site: Site): LineListing<Spawned> {
  return {
    record: ({ id, isNew }) => ({ id, new: isNew, dir: site.layout.job(id).dir }),
    columns: ['id', 'new', 'dir'],
    line: ({ id }) => id,
  }
}

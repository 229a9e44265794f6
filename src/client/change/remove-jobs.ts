/** Removes jobs: moves their folders to the trash, and purges the trash. */
import path from 'node:path'
import type { JobId } from '../../core/job/id.ts'
import { isOwned } from '../../core/life/job-state.ts'
import { readJobState } from '../../site/job/jobs.ts'
import { listTrash, purgeTrashed, removeJob } from '../../site/job/remove-job.ts'
import type { Site } from '../../site/site.ts'
import { type Change, type ChangeOptions, changeEach } from './change.ts'
import { personName } from '../job-environment.ts'

/** Moves the jobs' folders to the trash; jobs owned by a launcher are refused. */
export async function removeJobs(site: Site, ids: Iterable<JobId>, options: ChangeOptions = {}): Promise<Change[]> {
  const person = personName()
  return changeEach(ids, async (id) => {
    if (options.dryRun === true) {
      const current = await readJobState(site, id)
      return isOwned(current)
        ? refusal(id, current)
        : { kind: 'would', message: `would be removed; it is ${current.state}` }
    }
    const removal = await removeJob(site, id, person)
    if (removal.kind === 'owned') return refusal(id, removal)
    return { kind: 'done', message: `moved to ${path.relative(site.layout.root, removal.trash)}` }
  })
}

function refusal(
  id: JobId,
  { state, launcher }: { readonly state: string; readonly launcher?: string },
): Omit<Change, 'id'> {
  return { kind: 'refused', message: `is ${state} on ${launcher ?? 'a launcher'}: run \`bjob kill ${id}\` first` }
}

/**
 * Deletes the folders that job removal put into the trash. @returns those folders, and foreign
 * entries that were kept; relative to the site
 */
export async function purgeTrash(
  site: Site,
  options: ChangeOptions = {},
): Promise<{ readonly purged: string[]; readonly left: string[] }> {
  const { own, foreign } = await listTrash(site)
  if (options.dryRun !== true) for (const folder of own) await purgeTrashed(site, folder)
  const toName = (folder: string): string => path.relative(site.layout.root, folder)
  return { purged: own.map(toName), left: foreign.map(toName) }
}

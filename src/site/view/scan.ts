/** Reads all job folders: without a journal, and for `bjob fsck`. */
import { type JobEntry, entryOf } from '../../core/index/job-entry.ts'
import { JobIndex } from '../../core/index/job-index.ts'
import type { JobId } from '../../core/job/id.ts'
import { BjobError } from '../../core/text/errors.ts'
import { listIds } from '../disk/job-folder.ts'
import { mapConcurrently, AT_ONCE } from '../../lib/concurrently.ts'
import { breakageText } from '../job/breakage.ts'
import { readJobState, readSpec } from '../job/jobs.ts'
import type { Site } from '../site.ts'

/**
 * The index of all job folders. Jobs without a readable state.yaml are omitted; `bjob fsck` reports
 * them.
 */
export async function scanJobs(site: Site): Promise<JobIndex> {
  const entries: JobEntry[] = []
  await forEachJob(site, async (id) => {
    const entry = await readDamaged(site, id)
    if (entry !== undefined) entries.push(entry)
  })
  const index = new JobIndex()
  index.restore(entries)
  return index
}

/** Calls `visit` for every folder in `jobs/`, several at once. */
export async function forEachJob(site: Site, visit: (id: JobId) => Promise<void>): Promise<void> {
  await mapConcurrently(listIds(site), AT_ONCE, visit)
}

/** The entry of one job, from its folder; `undefined` if unreadable. */
export async function readEntry(site: Site, id: JobId): Promise<JobEntry | undefined> {
  try {
    const state = await readJobState(site, id)
    return entryOf(id, state, await readSpec(site, id, state))
  } catch (error) {
    if (error instanceof BjobError) return undefined
    throw error
  }
}

/** Like `readEntry`; if only job.yaml is broken, the entry from state.yaml. */
export async function readDamaged(site: Site, id: JobId): Promise<JobEntry | undefined> {
  try {
    const state = await readJobState(site, id)
    try {
      return entryOf(id, state, await readSpec(site, id, state))
    } catch (error) {
      if (!(error instanceof BjobError)) throw error
      return { ...entryOf(id, state), broken: breakageText(error) }
    }
  } catch (error) {
    if (error instanceof BjobError) return undefined
    throw error
  }
}

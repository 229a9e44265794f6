/**
 * Records the folders' content in the journal: after the journal was deleted, or for missing jobs.
 */
import { type JobEntry, specOf } from '../../core/index/job-entry.ts'
import { toEvent } from '../../core/index/journal-events.ts'
import type { JobId } from '../../core/job/id.ts'
import { BjobError } from '../../core/text/errors.ts'
import { readJobState, readSpec } from '../job/jobs.ts'
import { listIds } from '../disk/job-folder.ts'
import { AT_ONCE, mapConcurrently } from '../../lib/concurrently.ts'
import { JournalMark } from '../journal/journal-mark.ts'
import { readDamaged } from './scan.ts'
import type { Site } from '../site.ts'

/**
 * Records every job with a readable state.yaml; broken ones are for `bjob fsck`.
 * @returns false if this user may not read a job: then it records nothing
 */
export async function retellAll(site: Site): Promise<boolean> {
  let isHidden = false
  const ids: JobId[] = []
  const tellOnce = (problem: string): void => {
    isHidden = true
    site.tellOnce(problem)
  }
  for await (const id of listIds({ disk: site.disk, layout: site.layout, tellOnce })) ids.push(id)
  const closed: JobId[] = []
  await mapConcurrently(ids, AT_ONCE, async (id) => {
    if (await isClosed(site, id)) closed.push(id)
  })
  if (closed.length > 0) {
    const jobs = closed.length === 1 ? 'it is' : `it and ${closed.length - 1} more are`
    site.tellOnce(`${closed[0]} cannot be read (permission denied): ${jobs} not known here`)
  }
  if (isHidden || closed.length > 0) return false
  // Not into a removed file.
  await site.journal.prove()
  await mapConcurrently(ids, AT_ONCE, async (id) => {
    try {
      await tellJournal(site, id)
    } catch (error) {
      if (!(error instanceof BjobError)) throw error
      if (error.code === FORBIDDEN) isHidden = true
      else await tellDamaged(site, id)
    }
  })
  if (!isHidden) await new JournalMark(site).make()
  return true
}

const FORBIDDEN = 'forbidden-file'

async function isClosed(site: Site, id: JobId): Promise<boolean> {
  try {
    await readJobState(site, id)
    return false
  } catch (error) {
    if (error instanceof BjobError) return error.code === FORBIDDEN
    throw error
  }
}

/** A job with only job.yaml broken is listed, with the reason why no launcher runs it. */
async function tellDamaged(site: Site, id: JobId): Promise<void> {
  const entry = await readDamaged(site, id)
  if (entry?.broken === undefined) return
  const { born, revision, state, attempt, broken } = entry
  const { history } = await readJobState(site, id)
  const birth = await site.journal.announce({ id, born, revision, state, attempt, recovered: true, history })
  birth.settle(true)
  const breakage = await site.journal.announce({ id, born, revision, state, attempt, broken, history: [] })
  breakage.settle(true)
}

/** Releases a job that was set aside, with its fields, which may have been edited in job.yaml. */
export async function tellMended(site: Site, entry: JobEntry): Promise<void> {
  const { id, born, revision, state, attempt } = entry
  const announcement = await site.journal.announce({
    id,
    born,
    revision,
    state,
    attempt,
    broken: '',
    spec: specOf(entry),
    history: [],
  })
  announcement.settle(true)
}

/** Records a job's folder in the journal. @throws BjobError if its files are broken */
export async function tellJournal(site: Site, id: JobId): Promise<void> {
  const state = await readJobState(site, id)
  const spec = await readSpec(site, id, state)
  const announcement = await site.journal.announce({ ...toEvent(id, state, 0, spec), recovered: true })
  announcement.settle(true)
}

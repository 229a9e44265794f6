/**
 * Taking jobs away: a mark in the job's state after which nothing else happens to it, a line in the journal, and the folder renamed into the
 * trash. Cut off anywhere in between, the job is still there with its mark, and removing it again goes on from there.
 */
import path from 'node:path'
import { siteError } from '../../core/text/errors.ts'
import { type JobEvent, toEvent } from '../../core/index/journal-events.ts'
import type { JobId } from '../../core/job/id.ts'
import { type JobState, advance, bornAt, isOwned } from '../../core/life/job-state.ts'
import { isEnded } from '../../core/life/states.ts'
import { uniqueToken } from '../../lib/token.ts'
import { type Entry, isGone, unlessGone } from '../disk/disk.ts'
import { Layout, pathsIn } from '../disk/layout.ts'
import { changeJob, readJobState } from './jobs.ts'
import { readState } from './revision.ts'
import type { Site } from '../site.ts'

/** `owned`: a launcher has it, and it stays as it is. */
export type Removal =
  | { readonly kind: 'removed'; readonly trash: string }
  | { readonly kind: 'owned'; readonly launcher: string; readonly state: JobState['state'] }

/**
 * Moves a job's folder to the trash; one that has not ended is killed by that.
 * @param person who asks, for the history
 * @throws BjobError `unknown-job`, `torn-state`, `bad-state`
 */
export async function removeJob(site: Site, id: JobId, person: string): Promise<Removal> {
  await changeJob(site, id, (current) => {
    if (isOwned(current)) return undefined
    const steps = isEnded(current.state)
      ? []
      : [{ time: new Date().toISOString(), state: 'USER_KILLED', event: { kind: 'removed', by: person } } as const]
    return advance(current, steps, { removed: person, kill: undefined })
  })
  const current = await readJobState(site, id)
  if (current.removed === undefined) return { kind: 'owned', launcher: current.launcher ?? '', state: current.state }
  return { kind: 'removed', trash: await moveToTrash(site, id, current) }
}

async function moveToTrash(site: Site, id: JobId, current: JobState): Promise<string> {
  const { disk, layout, journal } = site
  const { dir } = layout.job(id)
  const target = layout.trashed(id, uniqueToken())
  await disk.makeParents(layout.trash)
  const next = { ...current, revision: current.revision + 1 }
  const event: JobEvent = { ...toEvent(id, next, current.history.length), removed: true }
  const announcement = await journal.announce(event)
  let isMade = false
  try {
    await disk.rename(dir, target)
    isMade = true
  } catch (error) {
    if (!isGone(error)) throw error
    // Somebody else who removes it was first; or NFS has repeated a call whose answer was lost.
    isMade = (await disk.stat(dir)) === undefined
    if (!isMade) throw error
  } finally {
    announcement.settle(isMade)
  }
  await putBackIfAnother(site, id, target, bornAt(current))
  return target
}

/** While this process stood still, the job may have been removed by another, and one of the same name born: that one is not meant. */
async function putBackIfAnother(site: Site, id: JobId, target: string, born: string): Promise<void> {
  const { disk, layout } = site
  const moved = await unlessGone(readState(disk, pathsIn(target)))
  if (moved === undefined || bornAt(moved) === born) return
  await disk.rename(target, layout.job(id).dir)
  throw siteError('job-replaced', `${id} has been replaced by a new job, which was kept`)
}

/** What is in the trash, by path: the folders that `removeJob` put there, and what others did. */
export async function listTrash(site: Site): Promise<{ readonly own: string[]; readonly foreign: string[] }> {
  const entries = (await unlessGone(site.disk.list(site.layout.trash))) ?? []
  const isOwn = ({ name, isDirectory }: Entry): boolean => isDirectory && Layout.isTrashed(name)
  const toPath = ({ name }: Entry): string => path.join(site.layout.trash, name)
  return {
    own: entries.filter(isOwn).map(toPath).sort(),
    foreign: entries
      .filter((entry) => !isOwn(entry))
      .map(toPath)
      .sort(),
  }
}

/** Deletes one folder of the trash for good. */
export async function purgeTrashed(site: Site, folder: string): Promise<void> {
  await site.disk.removeAll(folder)
}

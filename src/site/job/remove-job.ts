/**
 * Removes jobs: a mark in the state that prevents further changes, a line in the journal, and a
 * rename into the trash. After an interruption, the job still exists with its mark, and a repeated
 * removal continues.
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

/** `owned`: a launcher owns it, and it stays unchanged. */
export type Removal =
  | { readonly kind: 'removed'; readonly trash: string }
  | { readonly kind: 'owned'; readonly launcher: string; readonly state: JobState['state'] }

/**
 * Moves a job's folder to the trash; an unfinished job is killed by that.
 * @param person source of the request, for the history
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
    // Another process removed it first, or NFS repeated a call after a lost reply.
    isMade = (await disk.stat(dir)) === undefined
    if (!isMade) throw error
  } finally {
    announcement.settle(isMade)
  }
  await putBackIfAnother(site, id, target, bornAt(current))
  return target
}

/**
 * If this process was suspended, the job may have been replaced by a new one of the same name,
 * which is put back.
 */
async function putBackIfAnother(site: Site, id: JobId, target: string, born: string): Promise<void> {
  const { disk, layout } = site
  const moved = await unlessGone(readState(disk, pathsIn(target)))
  if (moved === undefined || bornAt(moved) === born) return
  await disk.rename(target, layout.job(id).dir)
  throw siteError('job-replaced', `${id} has been replaced by a new job, which was kept`)
}

/** Paths in the trash: folders from `removeJob`, and foreign entries. */
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

/** Deletes a folder in the trash for good. */
export async function purgeTrashed(site: Site, folder: string): Promise<void> {
  await site.disk.removeAll(folder)
}

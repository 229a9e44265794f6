/** Makes jobs, each completely or not at all. */
import path from 'node:path'
import { toEvent } from '../../core/index/journal-events.ts'
import { type JobId, splitId } from '../../core/job/id.ts'
import type { NewInputFile } from '../../core/life/job-inputs.ts'
import { type JobState, bornAt } from '../../core/life/job-state.ts'
import type { JobSpec } from '../../core/job/job-spec.ts'
import { formatState } from '../../core/life/state-document.ts'
import { formatYaml } from '../../core/text/yaml-text.ts'
import { mapConcurrently, AT_ONCE } from '../../lib/concurrently.ts'
import { uniqueToken } from '../../lib/token.ts'
import { codeOf, unlessGone } from '../disk/disk.ts'
import { refuseLinkedWorkflow } from '../disk/job-folder.ts'
import { linkContent } from './input-files.ts'
import { formatData } from './job-files.ts'
import type { JobPaths } from '../disk/layout.ts'
import { readState } from './revision.ts'
import type { Site } from '../site.ts'

/** A job to be made. */
export interface NewJob {
  readonly id: JobId
  readonly spec: JobSpec
  readonly state: JobState
  /** Content of data.json. */
  readonly data?: unknown
  readonly inputs: readonly NewInputFile[]
}

/** The result for one job: made, or its name was taken. */
export type Creation = 'made' | 'taken'

interface Draft {
  readonly job: NewJob
  readonly aside: JobPaths
}

/**
 * Makes jobs in order. Each folder is built aside, announced, and renamed into place: the rename is
 * the job's birth and makes its name unique. A process killed at any point leaves complete jobs
 * and, at worst, temporary folders.
 * @throws BjobError `missing-input`; the file system's errors
 */
export async function createJobs(site: Site, jobs: readonly NewJob[]): Promise<Creation[]> {
  const drafts: Draft[] = []
  for (const workflow of new Set(jobs.map(({ id }) => splitId(id).workflow))) await refuseLinkedWorkflow(site, workflow)
  try {
    await mapConcurrently(jobs.entries(), AT_ONCE, async ([index, job]) => {
      drafts[index] = await buildAside(site, job)
    })
    // All drafts are finished, even if one fails, before the clean-up below.
    return await mapConcurrently(drafts, drafts.length, (draft) => publish(site, draft))
  } catch (error) {
    for (const draft of drafts.filter(Boolean)) await site.disk.removeAll(draft.aside.dir)
    throw error
  }
}

async function buildAside(site: Site, job: NewJob): Promise<Draft> {
  const { disk, layout } = site
  // Contents that the journal cannot restore.
  const isDurable = site.settings.durability === 'node'
  const aside = layout.aside(splitId(job.id).workflow, uniqueToken())
  if ((await unlessGone(disk.mkdir(aside.dir).then(() => true))) === undefined) await disk.makeParents(aside.dir)
  try {
    for (const { file, name, mode } of job.inputs) {
      const target = path.join(aside.dir, name)
      await (mode === 'link'
        ? disk.symlink(linkContent(site, aside.dir, file), target)
        : disk.copy(file, target, isDurable))
    }
    if (job.data !== undefined) await writeNew(site, aside.data, formatData(job.data), isDurable)
    await writeNew(site, aside.job, formatYaml(job.spec.record))
    await writeNew(site, aside.state, formatState(job.state))
    return { job, aside }
  } catch (error) {
    await disk.removeAll(aside.dir)
    throw error
  }
}

async function writeNew(site: Site, target: string, text: string, durable = false): Promise<void> {
  await (await site.disk.create(target)).finish(text, durable)
}

async function publish({ disk, layout, journal }: Site, { job, aside }: Draft): Promise<Creation> {
  const { id } = job
  const announcement = await journal.announce(toEvent(id, job.state, 0, job.spec))
  try {
    await disk.rename(aside.dir, layout.job(id).dir)
    announcement.settle(true)
    return 'made'
  } catch (error) {
    const isTaken = ['ENOTEMPTY', 'EEXIST', 'ENOTDIR'].includes(codeOf(error))
    // After a lost reply, the call fails because the folder is already in place.
    const there =
      isTaken || (await disk.stat(aside.dir)) !== undefined
        ? undefined
        : await unlessGone(readState(disk, layout.job(id)))
    const isMade = there !== undefined && bornAt(there) === bornAt(job.state)
    announcement.settle(isMade)
    if (isMade) return 'made'
    await disk.removeAll(aside.dir)
    if (!isTaken) throw error
    return 'taken'
  }
}

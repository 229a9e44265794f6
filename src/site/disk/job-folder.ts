/**
 * Lists the jobs that have a folder, and where. With `Layout.job`, the only place that builds these
 * paths.
 */
import fs from 'node:fs'
import { type JobId, jobId, workflowOf } from '../../core/job/id.ts'
import { requestError, siteError } from '../../core/text/errors.ts'
import { monotonicMs } from '../../lib/sleep.ts'
import { type Disk, isForbidden, unlessGone } from './disk.ts'
import { type Layout, isScaffold } from './layout.ts'

interface Place {
  readonly disk: Disk
  readonly layout: Layout
  /** Reports omissions; without it, an unreadable folder is an error. */
  readonly tellOnce?: (message: string) => void
}

/** True if anything has the job's name. */
export async function hasJob({ disk, layout }: Place, id: JobId): Promise<boolean> {
  return (await disk.stat(layout.job(id).dir)) !== undefined
}

/** True if there is a folder. A link does not count, because its target may be anywhere. */
export async function isJobFolder({ disk, layout }: Place, id: JobId): Promise<boolean> {
  return (await disk.stat(layout.job(id).dir))?.isDirectory() === true
}

const OWNER_BITS = 0o700

/**
 * Gives the owner of a job's folder the rights that its job took, for example by `chmod a-w .`.
 * @returns true if anything changed
 */
export async function reopenFolder({ disk, layout }: Place, id: JobId): Promise<boolean> {
  const { dir } = layout.job(id)
  const stat = await disk.stat(dir)
  if (stat?.isDirectory() !== true || stat.uid !== process.getuid?.() || (stat.mode & OWNER_BITS) === OWNER_BITS)
    return false
  await fs.promises.chmod(dir, (stat.mode & 0o7777) | OWNER_BITS)
  return true
}

/** A folder is looked at again after this time. A trivial job is claimed and ends within it. */
const LOOK_MS = 1000
const MOST_LOOKS = 10_000
/** Times of the looks, by workflow and by id. */
const looks = new WeakMap<Layout, Map<string, number>>()

/**
 * Refuses links in the place of a job's folder or its workflow, since bjob does not own their
 * targets.
 * @throws BjobError `linked-folder`
 */
export async function refuseLinkedJob(place: Place, id: JobId): Promise<void> {
  const workflow = workflowOf(id)
  const { dir } = place.layout.job(id)
  await lookAt(place, workflow, () => refuseLinkedWorkflow(place, workflow))
  await lookAt(place, id, async () => {
    if (await isLink(place, dir)) throw siteError('linked-folder', `the folder of ${id} is a link`, { path: dir })
  })
}

async function lookAt({ layout }: Place, name: string, look: () => Promise<void>): Promise<void> {
  const looked = looks.get(layout) ?? new Map<string, number>()
  looks.set(layout, looked)
  if (monotonicMs() - (looked.get(name) ?? -LOOK_MS) < LOOK_MS) return
  looked.delete(name)
  if (looked.size >= MOST_LOOKS) looked.clear()
  await look()
  looked.set(name, monotonicMs())
}

/** @throws BjobError `linked-folder` */
export async function refuseLinkedWorkflow(place: Place, workflow: string): Promise<void> {
  const link = await findWorkflowLink(place, workflow)
  if (link !== undefined)
    throw requestError('linked-folder', `workflow ${workflow} must be a folder, not a link`, { path: link })
}

/** The path of a workflow's folder if it is a link. */
export async function findWorkflowLink(place: Place, workflow: string): Promise<string | undefined> {
  const folder = place.layout.workflow(workflow)
  return (await isLink(place, folder)) ? folder : undefined
}

/** True if the job's folder or its workflow is a link. */
export async function isBehindLink(place: Place, id: JobId): Promise<boolean> {
  if ((await findWorkflowLink(place, workflowOf(id))) !== undefined) return true
  return isLink(place, place.layout.job(id).dir)
}

/** False for what this process may not look at: it cannot follow that either. */
async function isLink({ disk }: Place, folder: string): Promise<boolean> {
  try {
    return (await disk.stat(folder))?.isSymbolicLink() === true
  } catch (error) {
    if (isForbidden(error)) return false
    throw error
  }
}

/**
 * Like `hasJob`, after a refresh: after a failed lookup, an NFS client reports absence for half a
 * minute.
 */
export async function hasJobByNow(place: Place, id: JobId): Promise<boolean> {
  if (await hasJob(place, id)) return true
  const { disk, layout } = place
  if (!disk.isNetwork) return false
  await unlessGone(disk.refresh(layout.jobs))
  await unlessGone(refreshNames(place, id))
  return hasJob(place, id)
}

/**
 * Refreshes this node's names of the jobs in the workflow of `id`. @throws the file system's error
 * if there is no such workflow
 */
export async function refreshNames({ disk, layout }: Place, id: JobId): Promise<void> {
  await disk.refresh(layout.workflow(workflowOf(id)))
}

/** The workflows with a folder, sorted. */
export async function listWorkflows(place: Place): Promise<string[]> {
  return (await listFolders(place, place.layout.jobs)).sort()
}

/** The names of the jobs of a workflow. */
export async function listNames(place: Place, workflow: string): Promise<string[]> {
  return listFolders(place, place.layout.workflow(workflow))
}

/** Ids of all jobs with a folder. */
export async function* listIds(place: Place): AsyncGenerator<JobId> {
  for (const workflow of await listWorkflows(place))
    for (const name of await listNames(place, workflow)) yield jobId(workflow, name)
}

/**
 * Link count of a workflow's folder, on many file systems the number of its folders plus 2; 0 if
 * missing.
 */
export async function countLinks({ disk, layout }: Place, workflow: string): Promise<number> {
  return (await disk.stat(layout.workflow(workflow)))?.nlink ?? 0
}

/** An unreadable folder is reported once. */
async function listFolders({ disk, tellOnce }: Place, folder: string): Promise<string[]> {
  try {
    const entries = (await unlessGone(disk.list(folder))) ?? []
    return entries.filter(({ name, isDirectory }) => isDirectory && !isScaffold(name)).map(({ name }) => name)
  } catch (error) {
    if (!isForbidden(error) || tellOnce === undefined) throw error
    tellOnce(`${folder} cannot be read (permission denied): its jobs are not known here`)
    return []
  }
}

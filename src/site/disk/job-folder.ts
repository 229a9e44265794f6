/** Which jobs have a folder, and where: together with `Layout.job`, the only place that knows. */
import { type JobId, jobId, workflowOf } from '../../core/job/id.ts'
import { type Disk, isForbidden, unlessGone } from './disk.ts'
import { type Layout, isScaffold } from './layout.ts'

interface Place {
  readonly disk: Disk
  readonly layout: Layout
  /** For what is left out; without it, a folder that may not be read is an error. */
  readonly tellOnce?: (message: string) => void
}

/** Whether anything has the job's name. */
export async function hasJob({ disk, layout }: Place, id: JobId): Promise<boolean> {
  return (await disk.stat(layout.job(id).dir)) !== undefined
}

/** Whether there is a folder. A link is no job: what it leads to may be anywhere. */
export async function isJobFolder({ disk, layout }: Place, id: JobId): Promise<boolean> {
  return (await disk.stat(layout.job(id).dir))?.isDirectory() === true
}

/** As `hasJob`, after looking afresh: an NFS client that has looked in vain goes on saying so for half a minute. */
export async function hasJobByNow(place: Place, id: JobId): Promise<boolean> {
  if (await hasJob(place, id)) return true
  const { disk, layout } = place
  if (!disk.isNetwork) return false
  await unlessGone(disk.refresh(layout.jobs))
  await unlessGone(refreshNames(place, id))
  return hasJob(place, id)
}

/** Makes this node look afresh which jobs the workflow of `id` has. @throws the file system's error when there is no such workflow */
export async function refreshNames({ disk, layout }: Place, id: JobId): Promise<void> {
  await disk.refresh(layout.workflow(workflowOf(id)))
}

/** The workflows that have a folder, sorted. */
export async function listWorkflows(place: Place): Promise<string[]> {
  return (await listFolders(place, place.layout.jobs)).sort()
}

/** The names of the jobs of a workflow. */
export async function listNames(place: Place, workflow: string): Promise<string[]> {
  return listFolders(place, place.layout.workflow(workflow))
}

/** The ids of all jobs that have a folder. */
export async function* listIds(place: Place): AsyncGenerator<JobId> {
  for (const workflow of await listWorkflows(place))
    for (const name of await listNames(place, workflow)) yield jobId(workflow, name)
}

/** The number of links of a workflow's folder, which many file systems keep as 2 more than its folders; 0 when there is none. */
export async function countLinks({ disk, layout }: Place, workflow: string): Promise<number> {
  return (await disk.stat(layout.workflow(workflow)))?.nlink ?? 0
}

/** A folder that this user may not read is one problem, told once. */
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

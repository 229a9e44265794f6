/** Makes jobs: one, or thousands so that one flush of the journal serves hundreds. Interrupted and run again with `reuse`, all are there, whole. */
import { type JobId, jobId } from '../../core/job/id.ts'
import { waitsFor } from '../../core/life/history-event.ts'
import type { HistoryEntry, JobState } from '../../core/life/job-state.ts'
import { toRecord } from '../../core/job/specification.ts'
import type { JobEntry } from '../../core/index/job-index.ts'
import { type NewJob, createJobs } from '../../site/job/create.ts'
import { isGlob } from '../../site/job/input-files.ts'
import type { Site } from '../../site/site.ts'
import { personName } from '../job-environment.ts'
import {
  type PlannedJob,
  type SpawnContext,
  type SpawnRecord,
  nameTaken,
  planInGroups,
  planSpawn,
} from './spawn-plan.ts'

/** Few enough that little work is lost when the process is killed, many enough that the flush of the journal is no cost. */
const GROUP = 200

export interface Spawned {
  readonly id: JobId
  /** Whether it was made now, or was there. */
  readonly isNew: boolean
  /** As it was made; absent for a job that was there. */
  readonly entry?: JobEntry
}

/**
 * Makes a job of each record, or none when any is wrong.
 * @throws BjobError of the one mistake, or SpawnProblems; `name-taken` also when another process takes a name meanwhile
 */
export async function spawnJobs(
  site: Site,
  records: readonly SpawnRecord[],
  context: SpawnContext,
  onMade: (spawned: readonly Spawned[]) => void = () => {},
): Promise<Spawned[]> {
  const planned = await planSpawn(site, records, context)
  const spawned: Spawned[] = []
  for (let at = 0; at < planned.length; at += GROUP) {
    const group = await makeGroup(site, planned.slice(at, at + GROUP), context)
    spawned.push(...group)
    onMade(group)
  }
  return spawned
}

/**
 * As `spawnJobs`, of more records than memory has room for: `records` is run through twice, to check all of them and to make them.
 * @param onChecked hears how many have been checked so far
 */
export async function spawnInGroups(
  site: Site,
  records: () => AsyncIterable<SpawnRecord>,
  context: SpawnContext,
  onChecked: (count: number) => void,
  onMade: (spawned: readonly Spawned[]) => void,
): Promise<void> {
  let checked = 0
  for await (const { length } of planInGroups(site, records(), context, GROUP)) onChecked((checked += length))
  for await (const group of planInGroups(site, records(), context, GROUP)) onMade(await makeGroup(site, group, context))
}

async function makeGroup(site: Site, group: readonly PlannedJob[], context: SpawnContext): Promise<Spawned[]> {
  const spawner = context.current?.id ?? personName()
  const wanted = group.filter(({ isReused }) => !isReused).map((job) => ({ id: job.id, born: toNewJob(job, spawner) }))
  const creations = await createJobs(
    site,
    wanted.map(({ born }) => born),
  )
  const taken = new Set(wanted.filter((_, index) => creations[index] === 'taken').map(({ id }) => id))
  const states = new Map(wanted.map(({ id, born }) => [id, born.state]))
  const spawned: Spawned[] = []
  for (const job of group) {
    const state = states.get(job.id)
    if (state !== undefined && !taken.has(job.id)) spawned.push({ id: job.id, isNew: true, entry: entryOf(job, state) })
    else if (job.isReused || context.ifExists === 'reuse') spawned.push({ id: job.id, isNew: false })
    else if (context.ifExists === 'error') throw nameTaken(job.id)
    else spawned.push(await makeRenamed(site, job, spawner))
  }
  return spawned
}

/** Another process took the name between the look and the birth. */
async function makeRenamed(site: Site, job: PlannedJob, spawner: string): Promise<Spawned> {
  for (let count = 2; ; count++) {
    const name = `${job.wanted}-${count}`
    const renamed = { ...job, name, id: jobId(job.workflow, name) }
    if ((await site.disk.stat(site.layout.job(renamed.id).dir)) !== undefined) continue
    const born = toNewJob(renamed, spawner)
    const [creation] = await createJobs(site, [born])
    if (creation === 'made') return { id: renamed.id, isNew: true, entry: entryOf(renamed, born.state) }
  }
}

function toNewJob({ workflow, name, specification, data, inputs, unfinished }: PlannedJob, spawner: string): NewJob {
  const time = new Date().toISOString()
  const names = specification.inputFiles.some(isGlob) ? inputs.map(({ name: file }) => file) : undefined
  const birth = { kind: 'born', by: spawner, ...(names === undefined ? {} : { inputs: names }) } as const
  const history: HistoryEntry[] = [{ time, state: 'CREATED', event: birth }]
  if (unfinished.length > 0) history.push({ time, state: 'AWAITING_PARENTS', event: waitsFor(unfinished) })
  const state: JobState = { state: history.at(-1)?.state ?? 'CREATED', attempt: 0, revision: 1, history }
  return { workflow, name, specification, state, inputs, ...(data === undefined ? {} : { data }) }
}

function entryOf({ id, specification }: PlannedJob, state: JobState): JobEntry {
  const born = state.history[0]?.time ?? ''
  return {
    id,
    born,
    revision: state.revision,
    state: state.state,
    attempt: state.attempt,
    changed: born,
    spec: toRecord(specification),
  }
}

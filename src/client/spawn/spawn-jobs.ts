/** Makes jobs: one, or thousands so that one flush of the journal serves hundreds. Interrupted and run again with `reuse`, all are there, whole. */
import type { JobId } from '../../core/job/id.ts'
import { waitsFor } from '../../core/life/history-event.ts'
import type { HistoryEntry } from '../../core/life/job-state.ts'
import { hasJob } from '../../site/disk/job-folder.ts'

import { type JobEntry, entryOf } from '../../core/index/job-entry.ts'
import { defined } from '../../lib/defined.ts'
import { type NewJob, createJobs } from '../../site/job/create.ts'
import { isGlob } from '../../site/job/input-files.ts'
import type { Site } from '../../site/site.ts'
import { personName } from '../job-environment.ts'
import { nameTaken } from './name-choice.ts'
import { type PlannedJob, type SpawnContext, type SpawnRecord, planInGroups, planSpawn } from './spawn-plan.ts'

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
  const wanted = group.filter(({ isReused }) => !isReused).map((job) => withState(job, spawner))
  const creations = await createJobs(site, wanted)
  const made = new Map(wanted.filter((_, index) => creations[index] === 'made').map((job) => [job.id, job]))
  const spawned: Spawned[] = []
  for (const job of group) {
    const born = made.get(job.id)
    if (born !== undefined) spawned.push(newlySpawned(born))
    else if (job.isReused || context.ifExists === 'reuse') spawned.push({ id: job.id, isNew: false })
    else if (context.ifExists === 'error') throw nameTaken(job.id)
    else spawned.push(await makeRenamed(site, job, spawner))
  }
  return spawned
}

/** Another process took the name between the look and the birth. */
async function makeRenamed(site: Site, job: PlannedJob, spawner: string): Promise<Spawned> {
  for (let count = 2; ; count++) {
    const id = `${job.wanted}-${count}`
    if (await hasJob(site, id)) continue
    const born = withState({ ...job, id }, spawner)
    const [creation] = await createJobs(site, [born])
    if (creation === 'made') return newlySpawned(born)
  }
}

/** The job as it will be born. */
function withState(job: PlannedJob, spawner: string): NewJob {
  const { spec, inputs, unfinished } = job
  const time = new Date().toISOString()
  const names = spec.inputFiles.some(isGlob) ? inputs.map(({ name }) => name) : undefined
  const birth = { kind: 'born', by: spawner, ...defined({ inputs: names }) } as const
  const history: HistoryEntry[] = [{ time, state: 'CREATED', event: birth }]
  if (unfinished.length > 0) history.push({ time, state: 'AWAITING_PARENTS', event: waitsFor(unfinished) })
  return { ...job, state: { state: history.at(-1)?.state ?? 'CREATED', attempt: 0, revision: 1, history } }
}

function newlySpawned({ id, spec, state }: NewJob): Spawned {
  return { id, isNew: true, entry: entryOf(id, state, spec) }
}

/**
 * Makes jobs: one, or thousands with hundreds per flush of the journal. After an interruption, a
 * repetition with `reuse` completes them.
 */
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

/** Small enough to lose little work, large enough to amortise the flush. */
const GROUP = 200

export interface Spawned {
  readonly id: JobId
  /** True if made now, false if it existed. */
  readonly isNew: boolean
  /** Its entry; absent for an existing job. */
  readonly entry?: JobEntry
}

/**
 * Makes a job from each record, or none if any is invalid.
 * @throws BjobError for a single error, or SpawnProblems; `name-taken` also if another process
 *   takes a name meanwhile
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
 * Like `spawnJobs`, for more records than fit into memory: `records` is iterated twice, for checks
 * and for making.
 * @param onChecked gets the number checked so far
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

/** Another process took the name between the check and the birth. */
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

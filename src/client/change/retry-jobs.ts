/** Retries failed and killed jobs on request. */
import { BjobError } from '../../core/text/errors.ts'
import type { JobId } from '../../core/job/id.ts'
import { type JobEntry, specOf } from '../../core/index/job-entry.ts'
import { type JobState, advance } from '../../core/life/job-state.ts'
import { type State, isEnded } from '../../core/life/states.ts'
import { changeJob, readJobState } from '../../site/job/jobs.ts'
import type { Site } from '../../site/site.ts'
import { type Change, type ChangeOptions, changeInOrder, dagOf } from './change.ts'
import { personName } from '../job-environment.ts'

/** A parent in one of these states fails its children. */
const BAD_ENDS: readonly State[] = ['FAILED', 'USER_KILLED']

/**
 * Changes failed and killed jobs to RESTART_READY, parents before children.
 * @param entries all jobs of the site, for their relations
 */
export async function retryJobs(
  site: Site,
  ids: Iterable<JobId>,
  entries: readonly JobEntry[],
  options: ChangeOptions = {},
): Promise<Change[]> {
  const chosen = new Set(ids)
  const known = new Map(entries.map((entry) => [entry.id, entry]))
  return changeInOrder(chosen, dagOf(entries), async (id) => {
    const current = await readJobState(site, id)
    const problem = problemOf(current)
    if (problem !== undefined) return problem
    const parent = await findBadParent(site, known.get(id), options.dryRun === true ? chosen : new Set())
    if (parent !== undefined)
      return { kind: 'refused', message: `its parent ${parent}, which would fail it again: retry both at once` }
    if (options.dryRun === true) return { kind: 'would', message: `would be retried; it is ${current.state}` }
    let found = current
    const changed = await changeJob(site, id, (now) => {
      found = now
      if (!BAD_ENDS.includes(now.state)) return undefined
      const step = {
        time: new Date().toISOString(),
        state: 'RESTART_READY',
        event: { kind: 'retried', by: personName() },
      } as const
      return advance(now, [step], { launcher: undefined, kill: undefined, deaths: undefined })
    })
    return changed === undefined
      ? (problemOf(found) ?? { kind: 'left', message: `is ${found.state}` })
      : { kind: 'done', message: `will be retried; it was ${found.state}` }
  })
}

function problemOf({ state, removed }: JobState): Omit<Change, 'id'> | undefined {
  if (removed !== undefined) return { kind: 'refused', message: 'is being removed: finish with `bjob rm`' }
  if (BAD_ENDS.includes(state)) return undefined
  return isEnded(state)
    ? { kind: 'refused', message: 'is JOB_FINISHED: use `bjob clone` to run it again' }
    : { kind: 'left', message: `has not ended; it is ${state}` }
}

/** @param excused parents that are retried too */
async function findBadParent(
  site: Site,
  entry: JobEntry | undefined,
  excused: ReadonlySet<JobId>,
): Promise<string | undefined> {
  const { waitForParents, parents } = specOf(entry ?? {})
  if (!waitForParents) return undefined
  for (const parent of parents) {
    if (excused.has(parent)) continue
    try {
      const { state } = await readJobState(site, parent)
      if (BAD_ENDS.includes(state)) return `${parent} is ${state}`
    } catch (error) {
      if (!(error instanceof BjobError)) throw error
      return `${parent} ${error.code === 'unknown-job' ? 'is gone' : 'is broken'}`
    }
  }
  return undefined
}

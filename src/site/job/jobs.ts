/**
 * Jobs as folders: their state and job.yaml, read and changed. How they are made: create.ts; what
 * else they hold: job-files.ts.
 */
import { BjobError, requestError, siteError } from '../../core/text/errors.ts'
import { toEvent } from '../../core/index/journal-events.ts'
import type { JobId } from '../../core/job/id.ts'
import type { JobState } from '../../core/life/job-state.ts'
import type { JobSpec } from '../../core/job/job-spec.ts'
import { checkSpec, problemError } from '../../core/job/check-spec.ts'
import { formatYaml, parseYaml } from '../../core/text/yaml-text.ts'
import { defined } from '../../lib/defined.ts'
import { isForbidden, isGone, unlessGone } from '../disk/disk.ts'
import { readPersonsText } from '../disk/files.ts'
import { specDraftPath } from '../disk/layout.ts'
import { withLock } from './lock.ts'
import { readOwnFile } from '../disk/own-file.ts'
import { hasJobByNow, refuseLinkedJob, reopenFolder } from '../disk/job-folder.ts'
import { type Commit, commitState, readState } from './revision.ts'
import type { Site } from '../site.ts'

/** @throws BjobError `unknown-job`, `torn-state`, `bad-state`, `linked-folder` */
export async function readJobState(site: Site, id: JobId): Promise<JobState> {
  const paths = site.layout.job(id)
  await refuseLinkedJob(site, id)
  return lookAgain(site, id, () => readState(site.disk, paths))
}

/**
 * Number of repeated looks at a name that is missing although it exists: it was being born, or
 * hidden (ESTALE).
 */
const LOOKS = 5

async function lookAgain<T>(site: Site, id: JobId, act: () => Promise<T>): Promise<T> {
  for (let look = 1; ; look++) {
    try {
      return await act()
    } catch (error) {
      if (!isGone(error)) throw error
      const meaning = await missingState(site, id, error)
      if (meaning !== error || look === LOOKS) throw meaning
    }
  }
}

/**
 * Reads and validates job.yaml.
 * @param state the state: its revision may have a job.yaml that is not in place yet
 * @param expected the probable content, from the journal: saves parsing it
 * @throws BjobError `unknown-job`, `bad-yaml`, `bad-field`: the job is broken and must not run
 */
export async function readSpec(
  site: Site,
  id: JobId,
  state?: Pick<JobState, 'amended'>,
  expected?: JobSpec,
): Promise<JobSpec> {
  const { dir, job: file } = site.layout.job(id)
  const draft =
    state?.amended === undefined
      ? undefined
      : await unlessGone(readOwnFile(site.disk, specDraftPath(dir, state.amended)))
  let text = draft ?? (await unlessGone(readOwnFile(site.disk, file, readPersonsText)))
  if (text === undefined) {
    if (!(await hasJobByNow(site, id))) throw unknownJob(id)
    text = await unlessGone(readOwnFile(site.disk, file, readPersonsText))
  }
  if (text === undefined) throw siteError('broken-job', 'job.yaml is missing', { path: file })
  if (expected !== undefined && text === formatYaml(expected.record)) return expected
  const yaml = parseYaml(text, file)
  const checked = checkSpec(yaml.written)
  if (checked.ok) return checked.value
  const problem = checked.problems[0]
  throw problem === undefined
    ? siteError('broken-job', 'job.yaml cannot be read', { path: file })
    : problemError(problem, { path: file, ...yaml.locate(problem.path) })
}

/**
 * Changes a job's state, under its lock, exactly once (see revision.ts). One that is being removed
 * does not change any more.
 * @param decide called with the state as it is, perhaps more than once; `undefined` leaves it
 * @param expected the revision that it has in all likelihood
 * @returns the new state, or `undefined` when it was left
 * @throws BjobError `unknown-job`, `torn-state`, `bad-state`, `linked-folder`; the file system's
 *   errors
 */
export async function changeJob(
  site: Site,
  id: JobId,
  decide: (current: JobState) => JobState | undefined,
  expected?: number,
): Promise<JobState | undefined> {
  await refuseLinkedJob(site, id)
  return commitJob(site, id, {
    decide,
    announce: async (next, current) => {
      const event = toEvent(id, next, current.history.length, await specAfter(site, id, next, current))
      return site.journal.announce(event, next.state !== 'RUNNING')
    },
    ...defined({ expected }),
  })
}

/**
 * An abandoned revision may have announced other fields than job.yaml has, which are then repeated.
 */
async function specAfter(site: Site, id: JobId, next: JobState, current: JobState): Promise<JobSpec | undefined> {
  if (next.revision === current.revision + 1) return undefined
  try {
    return await readSpec(site, id, current)
  } catch (error) {
    if (error instanceof BjobError) return undefined
    throw error
  }
}

/** A job's state and specification, to be changed together. */
export interface Amendment {
  readonly state: JobState
  readonly spec: JobSpec
}

/**
 * Changes a job's specification exactly once and announces it.
 * @param amend gets the current values, possibly more than once; `undefined` leaves them
 * @returns the new state, or `undefined` if left
 * @throws like `changeJob`, and `bad-yaml`, `bad-field` for a broken job.yaml; errors of `amend`
 */
export async function changeSpec(
  site: Site,
  id: JobId,
  amend: (current: JobState, spec: JobSpec) => Amendment | undefined,
): Promise<JobState | undefined> {
  for (;;) {
    const state = await readJobState(site, id)
    const { revision } = state
    const spec = await readSpec(site, id, state)
    let isStale = false
    let amended: JobSpec | undefined
    const changed = await commitJob(site, id, {
      decide: (current) => {
        isStale = current.revision !== revision
        const amendment = isStale ? undefined : amend(current, spec)
        amended = amendment?.spec
        return amendment?.state
      },
      announce: (next, current) => site.journal.announce(toEvent(id, next, current.history.length, amended)),
      spec: () => formatYaml(amended?.record ?? {}),
    })
    if (!isStale) return changed
  }
}

async function commitJob(site: Site, id: JobId, commit: Commit): Promise<JobState | undefined> {
  const { disk, layout } = site
  const paths = layout.job(id)
  const decide = (current: JobState): JobState | undefined =>
    current.removed === undefined ? commit.decide(current) : undefined
  const change = (): Promise<JobState | undefined> =>
    lookAgain(site, id, () => withLock(disk, paths, () => commitState(disk, paths, { ...commit, decide })))
  try {
    return await change()
  } catch (error) {
    if (!isForbidden(error) || !(await reopenFolder(site, id))) throw error
    return change()
  }
}

export function unknownJob(id: JobId): Error {
  return requestError('unknown-job', `no such job: ${id}`)
}

/**
 * The error for a missing name. If it exists after all, it was hidden for a moment (ESTALE), a
 * failure of the file system.
 */
async function missingState(site: Site, id: JobId, error: unknown): Promise<unknown> {
  const paths = site.layout.job(id)
  if (!(await hasJobByNow(site, id))) return unknownJob(id)
  if ((await site.disk.stat(paths.state)) !== undefined) return error
  return siteError('torn-state', 'state.yaml is missing', { path: paths.state })
}

/** Claims a job: a state change that only one launcher can make. */
import { isDeepStrictEqual } from 'node:util'
import { firstLine } from '../../core/life/event-words.ts'
import { type JobState, advance, isOwned } from '../../core/life/job-state.ts'
import type { Assignment } from '../../core/placement/node-pool.ts'
import type { JobSpec } from '../../core/job/job-spec.ts'
import { isClaimable } from '../../core/life/states.ts'
import type { Application } from '../../site/applications.ts'
import { changeJob, readSpec } from '../../site/job/jobs.ts'
import { firstStep } from './claim-steps.ts'
import type { JobToRun } from './job-command.ts'
import type { QueuedJob } from '../run-queue.ts'
import { setAside } from './set-aside.ts'
import type { Stopping } from './stopping.ts'
import type { RunResult, RunContext } from './run-context.ts'

/** A job claimed by this launcher. */
export interface Claim {
  readonly kind: 'claimed'
  readonly claimed: JobState
  readonly job: JobToRun
}

/** Claims the job in its known revision for the given nodes. */
export async function claimJob(
  context: RunContext,
  candidate: QueuedJob,
  assignment: Assignment,
  stopping: Stopping,
): Promise<RunResult | Claim> {
  const { site, launcher, lease, report, applicationOf } = context
  const { id, revision } = candidate
  let spec: JobSpec
  let application: Application
  let claimed: JobState | undefined
  try {
    spec = await readSpec(site, id, undefined, candidate.spec)
    application = await applicationOf(spec.application)
    const job = { id, launcher, spec, application, assignment }
    let wasAmended = false
    const decide = (current: JobState): JobState | undefined => {
      wasAmended = current.amended !== undefined
      if (!isClaimable(current.state) || isOwned(current) || lease.isLost()) return undefined
      // Claims only the revision that was placed; a changed job is judged again.
      if (current.revision !== revision) return undefined
      const next = { ...job, attempt: current.attempt + 1 }
      const { step, attempt = current.attempt } = firstStep(context, current, next)
      return advance(current, [step], { launcher, attempt })
    }
    claimed = await changeJob(site, id, decide, revision)
    if (claimed !== undefined && (wasAmended || claimed.revision !== revision + 1))
      spec = await readAgain(context, id, spec, stopping)
  } catch (error) {
    return setAside(context, candidate, error)
  }
  if (claimed === undefined || claimed.launcher !== launcher) return { kind: 'not-mine' }
  const { attempt, state, history } = claimed
  const last = history.at(-1)
  const begun = state === 'RUNNING' || last === undefined ? `attempt ${attempt} starts` : firstLine(last)
  report({ kind: 'job-started', id, state, message: `${id} ${begun}` })
  return { kind: 'claimed', claimed, job: { id, launcher, attempt, spec, application, assignment } }
}

/**
 * This claim may publish an interrupted change of job.yaml, so the earlier text must not be run.
 */
async function readAgain({ site }: RunContext, id: string, before: JobSpec, stopping: Stopping): Promise<JobSpec> {
  const spec = await readSpec(site, id)
  if (!isDeepStrictEqual(spec, before)) stopping.stop({ kind: 'lost', loss: { why: 'job-changed' } }, 0)
  return spec
}

/**
 * The changes that spawners, launchers and people make to jobs, through the site's own functions
 * and by the rules of src/launch and src/client.
 */
import { type SpawnContext } from '../../src/client/spawn/spawn-plan.ts'
import { type Spawned, spawnJobs } from '../../src/client/spawn/spawn-jobs.ts'
import { type Alteration, type JobState, advance, isOwned } from '../../src/core/life/job-state.ts'
import { type AttemptOutcome, countFailures, retryTime, stepsFor } from '../../src/core/life/outcome.ts'
import { type State, isClaimable, isEnded } from '../../src/core/life/states.ts'
import { changeJob, changeSpec } from '../../src/site/job/jobs.ts'
import type { Site } from '../../src/site/site.ts'

const now = (): string => new Date().toISOString()

export async function spawn(
  site: Site,
  names: readonly string[],
  context: SpawnContext,
  fields: object = {},
): Promise<Spawned[]> {
  const records = names.map((name) => ({ record: { workflow: 'wf', name, application: 'eval', ...fields } }))
  return spawnJobs(site, records, context)
}

/** @returns the attempt that this launcher now owns, or undefined when it is somebody else's */
export async function claim(site: Site, id: string, launcher: string, expected?: number): Promise<number | undefined> {
  const claimed = await changeJob(
    site,
    id,
    (current) => {
      if (!isClaimable(current.state) || isOwned(current)) return undefined
      const attempt = current.attempt + 1
      return advance(current, [{ time: now(), state: 'RUNNING', message: `attempt ${attempt} by ${launcher}` }], {
        launcher,
        attempt,
      })
    },
    expected,
  )
  return claimed?.launcher === launcher ? claimed.attempt : undefined
}

export const DONE: AttemptOutcome = { kind: 'done', seconds: 1 }
export const ERROR: AttemptOutcome = { kind: 'error', end: { exit: 1 }, tail: 'what it said: last\n line', seconds: 1 }

/** @returns whether the end of that attempt is this call's */
export async function end(
  site: Site,
  id: string,
  launcher: string,
  attempt: number,
  outcome: AttemptOutcome = DONE,
  maxRetries = 0,
  retryDelaySeconds = 0,
): Promise<boolean> {
  const ended = await changeJob(site, id, (current) => {
    if (current.launcher !== launcher || current.attempt !== attempt || !isOwned(current)) return undefined
    const policy = { autoTimeoutRetry: true, maxRetries, retryDelaySeconds }
    const failures = countFailures(current.history)
    const steps = stepsFor(outcome, policy, failures, now())
    if (steps.at(-1)?.state !== 'RESTART_READY') return advance(current, steps, { kill: undefined })
    const notBefore = retryTime(failures + 1, policy, now())
    return advance(current, steps, { kill: undefined, launcher: undefined, notBefore })
  })
  return ended !== undefined
}

/**
 * The step of a launcher that claims a job for a purpose other than running it, or continues that,
 * and the job's owner afterwards.
 */
export async function step(
  site: Site,
  id: string,
  state: State,
  message: string,
  alteration: Alteration,
): Promise<boolean> {
  const moved = await changeJob(site, id, (current) =>
    current.history.at(-1)?.message === message
      ? undefined
      : advance(current, [{ time: now(), state, message }], alteration),
  )
  return moved !== undefined
}

/** The change of `bjob kill`. */
export async function kill(site: Site, id: string, by = 'somebody'): Promise<JobState | undefined> {
  return changeJob(site, id, (current) => {
    if (isEnded(current.state)) return undefined
    if (isOwned(current)) return current.kill === undefined ? advance(current, [], { kill: by }) : undefined
    return advance(current, [{ time: now(), state: 'USER_KILLED', message: `killed by ${by}` }], { kill: undefined })
  })
}

/** The change of recovery for a dead launcher. */
export async function release(site: Site, id: string, launcher: string): Promise<boolean> {
  const released = await changeJob(site, id, (current) => {
    if (current.launcher !== launcher || !isOwned(current)) return undefined
    const outcome: AttemptOutcome =
      current.kill === undefined
        ? { kind: 'lost', loss: { why: 'launcher-died' } }
        : { kind: 'killed', by: current.kill }
    return advance(current, stepsFor(outcome, { autoTimeoutRetry: true, maxRetries: 0 }, 0, now()), {
      launcher: undefined,
      kill: undefined,
    })
  })
  return released !== undefined
}

/** The change of `bjob retry`. */
export async function retry(site: Site, id: string): Promise<boolean> {
  const changed = await changeJob(site, id, (current) => {
    if (current.state !== 'FAILED' && current.state !== 'USER_KILLED') return undefined
    return advance(current, [{ time: now(), state: 'RESTART_READY', message: 'retried' }], {
      launcher: undefined,
      kill: undefined,
    })
  })
  return changed !== undefined
}

/** The change of `bjob set`. */
export async function setTag(site: Site, id: string, value: string): Promise<boolean> {
  const changed = await changeSpec(site, id, (current, spec) =>
    isOwned(current) || isEnded(current.state)
      ? undefined
      : {
          state: advance(current, [{ time: now(), state: current.state, message: `tag ${value}` }]),
          spec: spec.with({ tags: { value } }),
        },
  )
  return changed !== undefined
}

/** A change that leaves the job where it is: whatever came before, it can be made. */
export async function note(site: Site, id: string, message: string): Promise<boolean> {
  return (
    (await changeJob(site, id, (current) => advance(current, [{ time: now(), state: current.state, message }]))) !==
    undefined
  )
}

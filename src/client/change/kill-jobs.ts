/**
 * Kills jobs: at once if they have no owner, otherwise through their launcher, which reads the
 * request in the journal.
 */
import { BjobError } from '../../core/text/errors.ts'
import type { JobId } from '../../core/job/id.ts'
import { type JobState, advance, isOwned } from '../../core/life/job-state.ts'
import type { EarlyStop } from '../../core/life/history-event.ts'
import { killEvent } from '../../core/life/outcome.ts'
import { isEnded } from '../../core/life/states.ts'
import { monotonicMs } from '../../lib/sleep.ts'
import { changeJob, readJobState } from '../../site/job/jobs.ts'
import { readLease } from '../../site/launcher/launchers.ts'
import type { Site } from '../../site/site.ts'
import { Catalogue } from '../view/catalogue.ts'
import { dagOf } from './change.ts'
import { breakageText } from '../../site/job/breakage.ts'
import { personName } from '../job-environment.ts'
import { fateOf } from '../explain/explain-wait.ts'

/** Launchers react within a second; one that does not for this long is busy or dead. */
const WAIT_MS = 5000

/**
 * `killed`: done. `ended`: it had already ended. `asked`: requested, but not yet done. `failed`:
 * broken files.
 */
export type KillOutcome =
  | { readonly kind: 'killed'; readonly id: JobId }
  | { readonly kind: 'ended'; readonly id: JobId; readonly state: JobState['state'] }
  | { readonly kind: 'failed'; readonly id: JobId; readonly reason: string }
  | { readonly kind: 'asked'; readonly id: JobId; readonly launcher: string; readonly isLauncherGone: boolean }

/**
 * Kills a job and waits up to 5 s for its launcher.
 * @throws BjobError `unknown-job`, `torn-state`, `bad-state`
 */
export async function killJob(site: Site, id: JobId): Promise<KillOutcome> {
  const asked = await requestKill(site, id)
  return isEnded(asked.state) ? outcomeOf(site, id, asked) : awaitKill(site, id)
}

/** Kills many jobs; all are requested first, so that they end together. */
export async function killJobs(site: Site, ids: readonly JobId[]): Promise<KillOutcome[]> {
  const asked = new Map<JobId, KillOutcome | undefined>()
  for (const id of ids) {
    const outcome = await orFailed(id, async () => {
      const state = await requestKill(site, id)
      return isEnded(state.state) ? outcomeOf(site, id, state) : undefined
    })
    asked.set(id, outcome)
  }
  const deadline = monotonicMs() + WAIT_MS
  const outcomes: KillOutcome[] = []
  for (const [id, outcome] of asked) outcomes.push(outcome ?? (await orFailed(id, () => awaitKill(site, id, deadline))))
  return outcomes
}

/** A broken or missing job does not affect the others. */
async function orFailed<T>(id: JobId, act: () => Promise<T>): Promise<T | KillOutcome> {
  try {
    return await act()
  } catch (error) {
    if (!(error instanceof BjobError)) throw error
    return { kind: 'failed', id, reason: breakageText(error) }
  }
}

/**
 * Kills `ids` and all descendants, the lowest first, so that they do not fail because of their
 * parents. Jobs spawned meanwhile are killed too.
 */
export async function killFamilies(site: Site, ids: readonly JobId[]): Promise<KillOutcome[]> {
  const catalogue = new Catalogue(site)
  const seen = new Set<JobId>()
  const outcomes: KillOutcome[] = []
  for (;;) {
    const family = await findFamily(catalogue, ids)
    const fresh = family.filter((id) => !seen.has(id))
    if (fresh.length === 0) return outcomes
    for (const id of fresh) seen.add(id)
    outcomes.push(...(await killJobs(site, fresh)))
  }
}

/** `ids` and their unfinished descendants, the lowest first. */
export async function findFamily(catalogue: Catalogue, ids: readonly JobId[]): Promise<JobId[]> {
  const entries = await catalogue.entries()
  const open = new Set(entries.filter(({ state }) => !isEnded(state)).map(({ id }) => id))
  const below = dagOf(entries)
    .descendants(ids)
    .filter((id) => open.has(id))
  return [...below.reverse(), ...ids]
}

export interface Requested extends JobState {
  /** True if this request ended the job. */
  readonly isDone?: true
}

/**
 * Requests the end of a job without waiting.
 * @param by source of the request, for the history
 * @param early the reason of a search that stops one of its evaluations
 * @throws BjobError `unknown-job`, `torn-state`, `bad-state`
 */
export async function requestKill(site: Site, id: JobId, by = personName(), early?: EarlyStop): Promise<Requested> {
  let found: JobState | undefined
  const changed = await changeJob(site, id, (current) => {
    found = current
    if (isEnded(current.state)) return undefined
    if (isOwned(current)) return current.kill === undefined ? advance(current, [], { kill: by, early }) : undefined
    const step = { time: new Date().toISOString(), state: 'USER_KILLED', event: killEvent(by, early) } as const
    return advance(current, [step], { kill: undefined })
  })
  if (changed !== undefined) return isEnded(changed.state) ? { ...changed, isDone: true } : changed
  return found ?? readJobState(site, id)
}

async function awaitKill(site: Site, id: JobId, deadline = monotonicMs() + WAIT_MS): Promise<KillOutcome> {
  const { watchJournal } = await import('../../site/follow/journal-watch.ts')
  const watch = await watchJournal(site)
  try {
    for (;;) {
      const state = await readJobState(site, id)
      if (state.state === 'USER_KILLED') return { kind: 'killed', id }
      const leftMs = deadline - monotonicMs()
      if (isEnded(state.state) || leftMs <= 0) return await outcomeOf(site, id, state)
      await watch.next(AbortSignal.timeout(Math.ceil(leftMs)))
    }
  } finally {
    await watch[Symbol.asyncDispose]()
  }
}

async function outcomeOf(site: Site, id: JobId, state: Requested): Promise<KillOutcome> {
  if (state.isDone === true) return { kind: 'killed', id }
  if (isEnded(state.state)) return { kind: 'ended', id, state: state.state }
  const launcher = state.launcher ?? ''
  return { kind: 'asked', id, launcher, isLauncherGone: await isGone(site, launcher) }
}

/** True if the launcher is known to be dead. On another node, only its lease shows that. */
async function isGone(site: Site, launcher: string): Promise<boolean> {
  try {
    const lease = launcher === '' ? undefined : await readLease(site, launcher)
    return lease === undefined || fateOf(lease) !== undefined
  } catch {
    return false
  }
}

/**
 * Deaths of a job's launcher, agent or node during a run. They are counted separately from
 * failures: after `crash_limit` deaths the job fails, because it may be the cause.
 */
import type { Alteration, HistoryEntry, JobState } from './job-state.ts'
import type { Loss } from './history-event.ts'
import { killEvent, stepsOfRelease } from './outcome.ts'

export const DEATH_KINDS = ['launcher', 'agent', 'node'] as const
export type DeathKind = (typeof DEATH_KINDS)[number]

/** Maximum number of recorded deaths, for jobs without a limit. */
const MOST_KEPT = 100

/** The kind of death, if that is why a job was released; otherwise undefined. */
export function deathOf({ why }: Loss): DeathKind | undefined {
  if (why === 'launcher-died') return 'launcher'
  if (why === 'agent-died') return 'agent'
  return why === 'node-lost' ? 'node' : undefined
}

/** The steps of a job whose launcher, agent or node died while owning it. */
export function afterDeath(
  current: JobState,
  loss: Loss,
  limit: number,
  now: string,
): { readonly steps: readonly HistoryEntry[]; readonly alteration: Alteration } {
  const kind = deathOf(loss)
  const deaths = [...(current.deaths ?? []), ...(kind === undefined ? [] : [kind])].slice(-MOST_KEPT)
  const alteration = { launcher: undefined, kill: undefined, deaths }
  if (current.kill !== undefined) {
    const event = killEvent(current.kill, current.early)
    return { steps: [{ time: now, state: 'USER_KILLED', event }], alteration }
  }
  if (limit === 0 || deaths.length < limit) return { steps: stepsOfRelease(current.state, loss, now), alteration }
  const event = { kind: 'taken-back', ...loss, deaths: deaths.length, limit } as const
  return { steps: [{ time: now, state: 'FAILED', event }], alteration }
}

/**
 * True if a job must run alone on its nodes: it may kill agents while the launcher survives, and
 * before it fails, neighbours must be excluded as the cause. Other jobs present at a death of a
 * launcher or node are not restricted.
 */
export function isSuspect(deaths: readonly DeathKind[] = [], limit: number): boolean {
  return deaths.includes('agent') || (deaths.length > 0 && deaths.length === limit - 1)
}

export function isDeathKind(word: string): word is DeathKind {
  return (DEATH_KINDS as readonly string[]).includes(word)
}

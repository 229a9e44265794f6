/**
 * Deaths of what ran a job: its launcher, the agent of its node, or the node. They count apart from failures: after `crash_limit` of them the job is
 * failed, because it may be their cause.
 */
import type { Alteration, HistoryEntry, JobState } from './job-state.ts'
import type { Loss } from './history-event.ts'
import { killEvent, stepsOfRelease } from './outcome.ts'

export const DEATH_KINDS = ['launcher', 'agent', 'node'] as const
export type DeathKind = (typeof DEATH_KINDS)[number]

/** A job without a limit dies often: more are not kept. */
const MOST_KEPT = 100

/** What has died, where a job is taken back for that; undefined for every other reason. */
export function deathOf({ why }: Loss): DeathKind | undefined {
  if (why === 'launcher-died') return 'launcher'
  if (why === 'agent-died') return 'agent'
  return why === 'node-lost' ? 'node' : undefined
}

/** The steps of a job whose launcher, agent or node has died while it was that launcher's. */
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
 * Whether a job is to run alone on its nodes: it may be what kills agents, whose launcher lives on; and before it is failed, neighbours must not have
 * been the cause. Whoever else was there when a launcher or a node died is not held up for that.
 */
export function isSuspect(deaths: readonly DeathKind[] = [], limit: number): boolean {
  return deaths.includes('agent') || (deaths.length > 0 && deaths.length === limit - 1)
}

export function isDeathKind(word: string): word is DeathKind {
  return (DEATH_KINDS as readonly string[]).includes(word)
}

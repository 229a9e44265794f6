/** The content of `bjob watch` as data, for `--json` and for the screen. */
import type { LauncherFacts } from '../../client/explain/launcher-facts.ts'
import { type JobEntry, specOf } from '../../core/index/job-entry.ts'
import { SHOWN_STATES, type ShownState } from '../../core/life/states.ts'
import type { JobTally } from './job-tally.ts'

export interface LauncherStatus {
  readonly id: string
  readonly nodes: number
  readonly running: number
  /** Cores of running jobs, and all cores. */
  readonly cores_used: number
  readonly cores: number
  /** ISO 8601; null without a time limit. */
  readonly ends: string | null
}

export interface FailedJob {
  readonly id: string
  readonly time: string
  /** Reason in one line; empty if unknown. */
  readonly reason: string
  /** The last line of its output. */
  readonly output: string
}

export interface WatchModel {
  readonly site: string
  /** The filter as text; empty for all jobs. */
  readonly filter: string
  readonly time: string
  readonly total: number
  readonly ended: number
  /** States with jobs, in the order of a job's life. */
  readonly states: Partial<Readonly<Record<ShownState, number>>>
  readonly per_second: number
  /** Recent numbers of ends, oldest first, in intervals of `SPAN_MS`. */
  readonly ends: readonly number[]
  /** Expected end of all jobs at this rate; null if unknown. */
  readonly estimated_end: string | null
  readonly launchers: readonly LauncherStatus[]
  /** Number of ended launchers. */
  readonly launchers_ended: number
  readonly failures: readonly FailedJob[]
}

export const SHOWN_SPANS = 24

export function buildModel(
  site: string,
  filter: string,
  tally: JobTally,
  launchers: readonly LauncherFacts[],
  failures: readonly FailedJob[],
  nowMs: number,
): WatchModel {
  const counts = SHOWN_STATES.map((state) => [state, tally.countOf(state)] as const).filter(([, count]) => count > 0)
  const ended = tally.endedCount
  const rate = tally.ratePerSecond(nowMs)
  // No launcher runs a broken job.
  const open = tally.total - ended - tally.countOf('BROKEN')
  const living = launchers.filter(({ end }) => end === undefined)
  return {
    site,
    filter,
    time: new Date(nowMs).toISOString(),
    total: tally.total,
    ended,
    states: Object.fromEntries(counts),
    per_second: rate,
    ends: tally.endsBySpan(nowMs, SHOWN_SPANS),
    estimated_end:
      rate === 0 || open === 0 || living.length === 0 ? null : new Date(nowMs + (open / rate) * 1000).toISOString(),
    launchers: statusOf(living, [...tally.running()]),
    launchers_ended: launchers.length - living.length,
    failures,
  }
}

function statusOf(launchers: readonly LauncherFacts[], running: readonly JobEntry[]): LauncherStatus[] {
  return launchers.map((facts) => {
    const own = running.filter(({ launcher }) => launcher === facts.id)
    return {
      id: facts.id,
      nodes: facts.nodes.length,
      running: own.length,
      cores_used: Math.min(
        facts.cores,
        own.reduce((sum, entry) => sum + coresOf(entry, facts), 0),
      ),
      cores: facts.cores,
      ends: facts.deadline === undefined ? null : new Date(facts.deadline).toISOString(),
    }
  })
}

/** The cores of a job: whole nodes if it has several, else its share of one (see `requestOf`). */
function coresOf(entry: JobEntry, { cores, nodes }: LauncherFacts): number {
  const { numNodes, nodePackingCount, ranksPerNode, threadsPerRank, threadsPerCore } = specOf(entry)
  const perNode = cores / Math.max(1, nodes.length)
  if (numNodes > 1) return perNode * numNodes
  if (nodePackingCount > 1) return perNode / nodePackingCount
  return Math.ceil((ranksPerNode * threadsPerRank) / threadsPerCore)
}

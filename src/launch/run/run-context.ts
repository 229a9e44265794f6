/** The context that job runs share with their launcher, and how a run ended. */
import type { JobState } from '../../core/life/job-state.ts'
import type { JobSpec } from '../../core/job/job-spec.ts'
import type { Loss } from '../../core/life/history-event.ts'
import type { Application } from '../../site/applications.ts'
import type { Site } from '../../site/site.ts'
import type { Agents } from '../agent/agents.ts'
import type { Allocation } from '../allocation.ts'
import type { Reporter } from '../launch-events.ts'
import type { LeaseKeeper } from '../lease.ts'

/** The parts of the launcher that a job run needs. */
export interface RunContext {
  readonly site: Site
  readonly launcher: string
  readonly lease: LeaseKeeper
  readonly agents: Agents
  readonly report: Reporter
  readonly applicationOf: (name: string) => Promise<Application>
  readonly allocation: Allocation
  /** Called before a job starts; see rank-warning.ts. */
  readonly warnOfRanks: (job: JobSpec) => Promise<void>
}

/** The result of a run: the job ended in some state, or was never claimed. */
export type RunResult =
  | { readonly kind: 'ended'; readonly state: JobState }
  | { readonly kind: 'not-mine' }
  | { readonly kind: 'broken' }
  | { readonly kind: 'absent' }

/**
 * Reason why a job no longer needs its resources: it is over, another launcher won the claim
 * (`outrun`), or its node could not start it.
 */
export type ResourceRelease = 'over' | 'outrun' | Loss

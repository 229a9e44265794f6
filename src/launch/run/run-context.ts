/** What a job's run is part of, and what comes of it. */
import type { JobState } from '../../core/life/job-state.ts'
import type { JobSpec } from '../../core/job/job-spec.ts'
import type { Loss } from '../../core/life/history-event.ts'
import type { Application } from '../../site/applications.ts'
import type { Site } from '../../site/site.ts'
import type { Agents } from '../agent/agents.ts'
import type { Allocation } from '../allocation.ts'
import type { Reporter } from '../launch-events.ts'
import type { LeaseKeeper } from '../lease.ts'

/** The launcher, as far as a job's run needs it. */
export interface Surroundings {
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

/** How an attempt to run a job went: it ended in some state, or it never became this launcher's. */
export type RunResult =
  | { readonly kind: 'ended'; readonly state: JobState }
  | { readonly kind: 'not-mine' }
  | { readonly kind: 'broken' }
  | { readonly kind: 'absent' }

/** Why a job does not need its room any more: another launcher was first (`outrun`), its node could not start it, or else it is over. */
export type Vacancy = 'over' | 'outrun' | Loss

/** Counts failures by cause and application: of runs, and of jobs that failed without one. */
import { SHOWN_STATES } from '../core/life/states.ts'
import { type Dataset, NEVER } from './dataset.ts'
import { RUN_ENDS, type RunEnd } from './run.ts'

export interface FailureRow {
  readonly cause: string
  readonly application: string
  readonly how: RunEnd
  /** Attempts with this end. */
  readonly runs: number
  /** Jobs that ended this way; the other attempts were retried. */
  readonly jobs: number
  /** Id of an example. */
  readonly example: string
}

/** Most frequent first. */
export function tallyFailures(
  { jobs, runs, causes, applications, workflows }: Dataset,
  chosenJobs: readonly number[],
  chosenRuns: readonly number[],
): FailureRow[] {
  const rows = new Map<string, { -readonly [Key in keyof FailureRow]: FailureRow[Key] }>()
  const rowOf = (cause: number, job: number, how: RunEnd): { runs: number; jobs: number } => {
    const application = jobs.application[job] ?? 0
    const key = `${cause} ${application}`
    let row = rows.get(key)
    if (row === undefined) {
      const example = `${workflows[jobs.workflow[job] ?? 0] ?? ''}/${jobs.name[job] ?? ''}`
      row = { cause: causes[cause] ?? '', application: applications[application] ?? '', how, runs: 0, jobs: 0, example }
      rows.set(key, row)
    }
    return row
  }
  for (const run of chosenRuns) {
    const cause = runs.cause[run] ?? NEVER
    if (cause !== NEVER) rowOf(cause, runs.job[run] ?? 0, RUN_ENDS[runs.how[run] ?? 0] ?? 'failed').runs += 1
  }
  for (const job of chosenJobs) {
    const cause = jobs.cause[job] ?? NEVER
    if (cause !== NEVER)
      rowOf(cause, job, SHOWN_STATES[jobs.state[job] ?? 0] === 'USER_KILLED' ? 'killed' : 'failed').jobs += 1
  }
  return [...rows.values()].sort((one, other) => other.jobs - one.jobs || other.runs - one.runs)
}

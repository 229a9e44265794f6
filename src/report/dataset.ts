/**
 * What a report is made from: jobs and their runs as columns of numbers and lists of words, small enough for 100,000 jobs in one page. The page
 * and the command compute the same figures from it.
 */
import type { SearchFigures } from './search-figures.ts'

/** Milliseconds since `origin`; NEVER for what has not happened. */
export type Time = number
export const NEVER = -1

export interface JobColumns {
  readonly name: readonly string[]
  /** In `workflows`. */
  readonly workflow: readonly number[]
  /** In STATES. */
  readonly state: readonly number[]
  /** In `applications`. */
  readonly application: readonly number[]
  /** In `launchers`; -1 for none. */
  readonly launcher: readonly number[]
  readonly attempts: readonly number[]
  readonly born: readonly Time[]
  /** Of its first run. */
  readonly start: readonly Time[]
  /** When it ended for good. */
  readonly end: readonly Time[]
  /** In `causes`: why it failed or was killed; -1 when it was not. */
  readonly cause: readonly number[]
}

export interface RunColumns {
  /** In the columns of jobs. */
  readonly job: readonly number[]
  readonly ready: readonly Time[]
  readonly start: readonly Time[]
  /** NEVER while it runs. */
  readonly end: readonly Time[]
  /** In RUN_ENDS. */
  readonly how: readonly number[]
  /** In `causes`; -1 for none. */
  readonly cause: readonly number[]
  /** In `launchers`; -1 when it is not known. */
  readonly launcher: readonly number[]
  /** In `places`. */
  readonly place: readonly number[]
  readonly cores: readonly number[]
  readonly gpus: readonly number[]
}

export interface LauncherRow {
  readonly id: string
  readonly host: string
  readonly start: Time
  /** Its end, or the last sign of life of one that died; NEVER while it lives. */
  readonly end: Time
  /** Why it is not there any more; empty while it is. */
  readonly fate: string
  readonly nodes: readonly string[]
  /** Of all its nodes together. */
  readonly cores: number
  readonly gpus: number
}

export interface Dataset {
  /** The name of the site's folder. */
  readonly site: string
  /** From the folder of the page to `jobs/`, as a relative URL that ends in `/`. */
  readonly folder: string
  /** ISO 8601: when the report was made. */
  readonly made: string
  /** The filters that chose the jobs, as on the command line; empty for all. */
  readonly filter: string
  /** Milliseconds since 1970. */
  readonly origin: number
  /** When the report was made. */
  readonly now: Time
  readonly workflows: readonly string[]
  readonly applications: readonly string[]
  readonly causes: readonly string[]
  readonly nodes: readonly string[]
  /** Sets of nodes, as numbers in `nodes`. */
  readonly places: readonly (readonly number[])[]
  readonly launchers: readonly LauncherRow[]
  readonly jobs: JobColumns
  readonly runs: RunColumns
  readonly searches: readonly SearchFigures[]
}

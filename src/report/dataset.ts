/**
 * The data of a report: jobs and runs as columns of numbers and lists of words, compact enough for
 * 100,000 jobs in one page. The page and the command compute the same figures from it.
 */
import type { SearchFigures } from './search-figures.ts'

/** Milliseconds since `origin`; NEVER for an event that has not happened. */
export type Time = number
export const NEVER = -1

export interface JobColumns {
  readonly name: readonly string[]
  /** Index into `workflows`. */
  readonly workflow: readonly number[]
  /** Index into SHOWN_STATES. */
  readonly state: readonly number[]
  /** Index into `applications`. */
  readonly application: readonly number[]
  /** Index into `launchers`; -1 for none. */
  readonly launcher: readonly number[]
  readonly attempts: readonly number[]
  readonly born: readonly Time[]
  /** Start of the first run. */
  readonly start: readonly Time[]
  /** Final end. */
  readonly end: readonly Time[]
  /** Index into `causes` of the failure or kill; -1 for none. */
  readonly cause: readonly number[]
}

export interface RunColumns {
  /** Index into the columns of jobs. */
  readonly job: readonly number[]
  readonly ready: readonly Time[]
  readonly start: readonly Time[]
  /** NEVER while it runs. */
  readonly end: readonly Time[]
  /** Index into RUN_ENDS. */
  readonly how: readonly number[]
  /** Index into `causes`; -1 for none. */
  readonly cause: readonly number[]
  /** Index into `launchers`; -1 if unknown. */
  readonly launcher: readonly number[]
  /** Index into `places`. */
  readonly place: readonly number[]
  readonly cores: readonly number[]
  readonly gpus: readonly number[]
}

export interface LauncherRow {
  readonly id: string
  readonly host: string
  readonly start: Time
  /** Its end, or the last sign of life of a dead launcher; NEVER while it lives. */
  readonly end: Time
  /** Reason for its end; empty while it lives. */
  readonly fate: string
  readonly nodes: readonly string[]
  /** Sum over all its nodes. */
  readonly cores: number
  readonly gpus: number
}

export interface Dataset {
  /** Name of the site's folder. */
  readonly site: string
  /** Relative URL from the page to `jobs/`, ending in `/`. */
  readonly folder: string
  /** Time of the report, ISO 8601. */
  readonly made: string
  /** The filters as on the command line; empty for all jobs. */
  readonly filter: string
  /** Milliseconds since 1970. */
  readonly origin: number
  /** Time of the report. */
  readonly now: Time
  readonly workflows: readonly string[]
  readonly applications: readonly string[]
  readonly causes: readonly string[]
  readonly nodes: readonly string[]
  /** Sets of nodes, as indexes into `nodes`. */
  readonly places: readonly (readonly number[])[]
  readonly launchers: readonly LauncherRow[]
  readonly jobs: JobColumns
  readonly runs: RunColumns
  readonly searches: readonly SearchFigures[]
}

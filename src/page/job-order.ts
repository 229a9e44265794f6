/** The columns of the job table: their content and sort order. Pure. */
import { SHOWN_STATES } from '../core/life/states.ts'
import { type Dataset, NEVER } from '../report/dataset.ts'
import { durationText, timeText } from './words.ts'

export interface Column {
  readonly key: string
  readonly title: string
  /** Share of the width. */
  readonly width: number
  readonly isNumber: boolean
  /** Hidden on narrow screens. */
  readonly isMinor: boolean
  readonly text: (job: number) => string
  /** The numeric sort key; missing values sort last. */
  readonly rank: (job: number) => number
}

export function columnsOf(dataset: Dataset): readonly Column[] {
  const { jobs, runs, workflows, applications, causes, launchers, origin, now } = dataset
  const waited = new Float64Array(jobs.name.length).fill(NaN)
  const ran = new Float64Array(jobs.name.length).fill(NaN)
  for (const [run, job] of runs.job.entries()) {
    const start = runs.start[run] ?? 0
    const end = runs.end[run] ?? NEVER
    waited[job] = (start - (runs.ready[run] ?? start)) / 1000
    ran[job] = ((end === NEVER ? now : end) - start) / 1000
  }
  const time = (value: number | undefined): string =>
    value === undefined || value === NEVER ? '' : timeText(origin + value)
  const timeRank = (value: number | undefined): number => (value === undefined || value === NEVER ? NaN : value)
  const seconds = (value: number | undefined): string =>
    value === undefined || Number.isNaN(value) ? '' : durationText(value)
  const byWord = (words: readonly string[]): number[] => {
    const order = [...words.keys()].sort((one, other) => ((words[one] ?? '') < (words[other] ?? '') ? -1 : 1))
    const ranks = words.map(() => 0)
    for (const [rank, word] of order.entries()) ranks[word] = rank
    return ranks
  }
  const applicationRanks = byWord(applications)
  const causeRanks = byWord(causes)
  return [
    {
      key: 'id',
      title: 'Job',
      width: 20,
      isNumber: false,
      isMinor: false,
      text: (job) => `${workflows[jobs.workflow[job] ?? 0] ?? ''}/${jobs.name[job] ?? ''}`,
      // Jobs are in the order of their ids.
      rank: (job) => job,
    },
    {
      key: 'state',
      title: 'State',
      width: 14,
      isNumber: false,
      isMinor: false,
      text: (job) => SHOWN_STATES[jobs.state[job] ?? 0] ?? '',
      rank: (job) => jobs.state[job] ?? 0,
    },
    {
      key: 'application',
      title: 'Application',
      width: 11,
      isNumber: false,
      isMinor: true,
      text: (job) => applications[jobs.application[job] ?? 0] ?? '',
      rank: (job) => applicationRanks[jobs.application[job] ?? 0] ?? 0,
    },
    {
      key: 'attempts',
      title: 'Tries',
      width: 6,
      isNumber: true,
      isMinor: true,
      text: (job) => String(jobs.attempts[job] ?? 0),
      rank: (job) => jobs.attempts[job] ?? 0,
    },
    {
      key: 'waited',
      title: 'Waited',
      width: 11,
      isNumber: true,
      isMinor: true,
      text: (job) => seconds(waited[job]),
      rank: (job) => waited[job] ?? NaN,
    },
    {
      key: 'ran',
      title: 'Ran',
      width: 11,
      isNumber: true,
      isMinor: false,
      text: (job) => seconds(ran[job]),
      rank: (job) => ran[job] ?? NaN,
    },
    {
      key: 'ended',
      title: 'Ended (UTC)',
      width: 17,
      isNumber: true,
      isMinor: true,
      text: (job) => time(jobs.end[job]),
      rank: (job) => timeRank(jobs.end[job]),
    },
    {
      key: 'cause',
      title: 'Why it failed',
      width: 20,
      isNumber: false,
      isMinor: true,
      text: (job) => causes[jobs.cause[job] ?? -1] ?? '',
      rank: (job) => causeRanks[jobs.cause[job] ?? -1] ?? NaN,
    },
    {
      key: 'launcher',
      title: 'Launcher',
      width: 16,
      isNumber: false,
      isMinor: true,
      text: (job) => launchers[jobs.launcher[job] ?? -1]?.id ?? '',
      rank: (job) => ((jobs.launcher[job] ?? -1) < 0 ? NaN : (jobs.launcher[job] ?? 0)),
    },
  ]
}

/** The selected jobs sorted by a column; jobs without a value last, equal ones by id. */
export function orderJobs(chosen: Uint8Array, { rank }: Column, isDescending: boolean): Uint32Array<ArrayBuffer> {
  const ranks = new Float64Array(chosen.length)
  const found: number[] = []
  for (const [job, isChosen] of chosen.entries()) {
    if (isChosen === 0) continue
    const value = rank(job)
    ranks[job] = Number.isNaN(value) ? Infinity : isDescending ? -value : value
    found.push(job)
  }
  return Uint32Array.from(found).sort((one, other) => {
    const difference = (ranks[one] ?? 0) - (ranks[other] ?? 0)
    // Infinity - Infinity is NaN: neither has a value.
    return difference === 0 || Number.isNaN(difference) ? one - other : difference
  })
}

/** Relative URL of a job's folder. */
export function folderUrl({ folder, jobs, workflows }: Dataset, job: number): string {
  return `${folder}${encodeURIComponent(workflows[jobs.workflow[job] ?? 0] ?? '')}/${encodeURIComponent(jobs.name[job] ?? '')}/`
}

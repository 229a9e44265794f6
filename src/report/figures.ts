/**
 * Computes all figures of a report from its data set. The command prints them; the page draws them
 * and recomputes them for a selection of jobs.
 */
import { SHOWN_STATES, type ShownState } from '../core/life/states.ts'
import { type Dataset, type LauncherRow, NEVER, type Time } from './dataset.ts'
import { type Distribution, describeSeconds } from './distribution.ts'
import { type FailureRow, tallyFailures } from './failures.ts'
import { RUN_ENDS, type RunEnd } from './run.ts'
import { BinnedMean, type TimeBins, binTime } from './time-bins.ts'

export interface Utilization {
  /** Cores held by runs, the mean over each bin. */
  readonly cores: readonly number[]
  readonly gpus: readonly number[]
  readonly runs: readonly number[]
  /** Cores offered by launchers. */
  readonly offeredCores: readonly number[]
  readonly offeredGpus: readonly number[]
  /** Cores × seconds over the whole time. */
  readonly coreSeconds: number
  readonly offeredCoreSeconds: number
  readonly gpuSeconds: number
  readonly offeredGpuSeconds: number
}

export interface Throughput {
  /** Jobs that ended for good in each bin. */
  readonly finished: readonly number[]
  readonly failed: readonly number[]
  readonly killed: readonly number[]
  /** Finished jobs per hour, from the first start to the last end. */
  readonly finishedPerHour: number
}

export interface LauncherFigures extends LauncherRow {
  readonly runs: number
  readonly coreSeconds: number
  readonly offeredCoreSeconds: number
}

export interface Figures {
  readonly jobs: number
  readonly runs: number
  readonly states: readonly { readonly state: ShownState; readonly jobs: number }[]
  readonly runEnds: Readonly<Record<RunEnd, number>>
  readonly bins: TimeBins
  readonly usage: Utilization
  readonly throughput: Throughput
  /** Time from when a run could start until it started. */
  readonly queueTime: Distribution
  /** Durations of completed runs. */
  readonly runTime: Distribution
  readonly failures: readonly FailureRow[]
  readonly launchers: readonly LauncherFigures[]
}

/** @param isChosen selects jobs by index */
export function computeFigures(dataset: Dataset, isChosen: (job: number) => boolean = () => true): Figures {
  const { jobs, runs } = dataset
  const chosenJobs = [...jobs.name.keys()].filter(isChosen)
  const chosenRuns = runs.job.flatMap((job, run) => (isChosen(job) ? [run] : []))
  const bins = binTime(...spanOf(dataset, chosenJobs, chosenRuns))
  const stateCounts = countBy(chosenJobs, (job) => jobs.state[job] ?? 0)
  const endCounts = countBy(chosenRuns, (run) => runs.how[run] ?? 0)
  const seconds = (from: Time, to: Time): number => (to - from) / 1000
  const over = chosenRuns.filter((run) => runs.end[run] !== NEVER)
  return {
    jobs: chosenJobs.length,
    runs: chosenRuns.length,
    states: SHOWN_STATES.map((state, at) => ({ state, jobs: stateCounts.get(at) ?? 0 })).filter((row) => row.jobs > 0),
    runEnds: Object.fromEntries(RUN_ENDS.map((how, at) => [how, endCounts.get(at) ?? 0])) as Record<RunEnd, number>,
    bins,
    usage: measureUsage(dataset, chosenRuns, bins),
    throughput: measureThroughput(dataset, chosenJobs, bins),
    queueTime: describeSeconds(chosenRuns.map((run) => seconds(runs.ready[run] ?? 0, runs.start[run] ?? 0))),
    runTime: describeSeconds(over.map((run) => seconds(runs.start[run] ?? 0, runs.end[run] ?? 0))),
    failures: tallyFailures(dataset, chosenJobs, chosenRuns),
    launchers: measureLaunchers(dataset, chosenRuns),
  }
}

/** From the first event to the last, or to now while something runs. */
function spanOf(
  { jobs, runs, launchers, now }: Dataset,
  chosenJobs: readonly number[],
  chosenRuns: readonly number[],
): [Time, Time] {
  let [from, to] = [Infinity, 0]
  const widen = (start: Time, end: Time): void => {
    from = Math.min(from, start)
    to = Math.max(to, end === NEVER ? now : end)
  }
  for (const { start, end } of launchers) widen(start, end)
  for (const run of chosenRuns) widen(runs.start[run] ?? 0, runs.end[run] ?? 0)
  for (const job of chosenJobs) widen(jobs.born[job] ?? 0, jobs.end[job] === NEVER ? 0 : (jobs.end[job] ?? 0))
  return from === Infinity ? [0, now] : [from, Math.max(from, to)]
}

function measureUsage({ runs, launchers, now }: Dataset, chosenRuns: readonly number[], bins: TimeBins): Utilization {
  const [cores, gpus, count, offeredCores, offeredGpus] = [1, 2, 3, 4, 5].map(() => new BinnedMean(bins)) as [
    BinnedMean,
    BinnedMean,
    BinnedMean,
    BinnedMean,
    BinnedMean,
  ]
  for (const run of chosenRuns) {
    const start = runs.start[run] ?? 0
    const end = endOr(runs.end[run], now)
    cores.add(start, end, runs.cores[run] ?? 0)
    gpus.add(start, end, runs.gpus[run] ?? 0)
    count.add(start, end, 1)
  }
  for (const launcher of launchers) {
    const end = endOr(launcher.end, now)
    offeredCores.add(launcher.start, end, launcher.cores)
    offeredGpus.add(launcher.start, end, launcher.gpus)
  }
  return {
    cores: cores.means(),
    gpus: gpus.means(),
    runs: count.means(),
    offeredCores: offeredCores.means(),
    offeredGpus: offeredGpus.means(),
    coreSeconds: cores.total / 1000,
    offeredCoreSeconds: offeredCores.total / 1000,
    gpuSeconds: gpus.total / 1000,
    offeredGpuSeconds: offeredGpus.total / 1000,
  }
}

function measureThroughput({ jobs }: Dataset, chosenJobs: readonly number[], bins: TimeBins): Throughput {
  const counts = new Map<ShownState, number[]>(
    (['JOB_FINISHED', 'FAILED', 'USER_KILLED'] as const).map((state) => [
      state,
      Array.from({ length: bins.count }, () => 0),
    ]),
  )
  let [first, last, finished] = [Infinity, 0, 0]
  for (const job of chosenJobs) {
    const [start, end] = [jobs.start[job] ?? NEVER, jobs.end[job] ?? NEVER]
    if (start !== NEVER) first = Math.min(first, start)
    if (end === NEVER) continue
    const state = SHOWN_STATES[jobs.state[job] ?? 0]
    const list = state === undefined ? undefined : counts.get(state)
    const bin = Math.min(bins.count - 1, Math.max(0, Math.floor((end - bins.from) / bins.width)))
    if (list !== undefined) list[bin] = (list[bin] ?? 0) + 1
    if (state !== 'JOB_FINISHED') continue
    finished += 1
    last = Math.max(last, end)
  }
  return {
    finished: counts.get('JOB_FINISHED') ?? [],
    failed: counts.get('FAILED') ?? [],
    killed: counts.get('USER_KILLED') ?? [],
    finishedPerHour: finished === 0 ? 0 : finished / (Math.max(1, last - first) / 3_600_000),
  }
}

function measureLaunchers({ runs, launchers, now }: Dataset, chosenRuns: readonly number[]): LauncherFigures[] {
  const counts = launchers.map(() => ({ runs: 0, coreSeconds: 0 }))
  for (const run of chosenRuns) {
    const row = counts[runs.launcher[run] ?? -1]
    if (row === undefined) continue
    row.runs += 1
    row.coreSeconds += ((endOr(runs.end[run], now) - (runs.start[run] ?? 0)) / 1000) * (runs.cores[run] ?? 0)
  }
  return launchers.map((launcher, at) => ({
    ...launcher,
    runs: counts[at]?.runs ?? 0,
    coreSeconds: counts[at]?.coreSeconds ?? 0,
    offeredCoreSeconds: ((endOr(launcher.end, now) - launcher.start) / 1000) * launcher.cores,
  }))
}

function endOr(end: Time | undefined, now: Time): Time {
  return end === undefined || end === NEVER ? now : end
}

function countBy(items: readonly number[], keyOf: (item: number) => number): Map<number, number> {
  const counts = new Map<number, number>()
  for (const item of items) counts.set(keyOf(item), (counts.get(keyOf(item)) ?? 0) + 1)
  return counts
}

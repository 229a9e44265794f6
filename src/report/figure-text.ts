/** The figures of a report for programs: one JSON object, or CSV with one value per line. */
import { csvRow } from '../lib/text/csv.ts'
import { NEVER, type Dataset, type Time } from './dataset.ts'
import type { Distribution } from './distribution.ts'
import type { Figures } from './figures.ts'

/** The output of `bjob report --json`: times in ISO 8601, other values in the unit of their key. */
export function figuresRecord(dataset: Dataset, figures: Figures): Record<string, unknown> {
  const { bins, usage, throughput } = figures
  const at = (time: Time): string | null => (time === NEVER ? null : timeText(dataset, time))
  const perBin = <Row>(rowOf: (bin: number) => Row): ({ at: string | null } & Row)[] =>
    Array.from({ length: bins.count }, (_, bin) => ({ at: at(bins.from + bin * bins.width), ...rowOf(bin) }))
  return {
    site: dataset.site,
    made: dataset.made,
    filter: dataset.filter,
    jobs: figures.jobs,
    runs: figures.runs,
    states: Object.fromEntries(figures.states.map(({ state, jobs }) => [state, jobs])),
    run_ends: figures.runEnds,
    bin_seconds: bins.width / 1000,
    utilization: {
      core_seconds: usage.coreSeconds,
      offered_core_seconds: usage.offeredCoreSeconds,
      gpu_seconds: usage.gpuSeconds,
      offered_gpu_seconds: usage.offeredGpuSeconds,
      bins: perBin((bin) => ({
        cores: usage.cores[bin] ?? 0,
        offered_cores: usage.offeredCores[bin] ?? 0,
        gpus: usage.gpus[bin] ?? 0,
        offered_gpus: usage.offeredGpus[bin] ?? 0,
        runs: usage.runs[bin] ?? 0,
      })),
    },
    throughput: {
      finished_per_hour: throughput.finishedPerHour,
      bins: perBin((bin) => ({
        finished: throughput.finished[bin] ?? 0,
        failed: throughput.failed[bin] ?? 0,
        killed: throughput.killed[bin] ?? 0,
      })),
    },
    queue_seconds: distributionRecord(figures.queueTime),
    run_seconds: distributionRecord(figures.runTime),
    failures: figures.failures,
    launchers: figures.launchers.map(({ start, end, coreSeconds, offeredCoreSeconds, ...row }) => ({
      ...row,
      start: at(start),
      end: at(end),
      core_seconds: coreSeconds,
      offered_core_seconds: offeredCoreSeconds,
    })),
    searches: dataset.searches,
  }
}

/** `figure,series,at,value`: `at` is the time, bin, state, cause or launcher of the value. */
export function figuresCsv(dataset: Dataset, figures: Figures): string {
  const { bins, usage, throughput } = figures
  const rows: (string | number)[][] = [['figure', 'series', 'at', 'value']]
  for (const { state, jobs } of figures.states) rows.push(['states', 'jobs', state, jobs])
  for (const [how, runs] of Object.entries(figures.runEnds)) rows.push(['run_ends', 'runs', how, runs])
  const series: [string, string, readonly number[]][] = [
    ['utilization', 'cores', usage.cores],
    ['utilization', 'offered_cores', usage.offeredCores],
    ['utilization', 'gpus', usage.gpus],
    ['utilization', 'offered_gpus', usage.offeredGpus],
    ['utilization', 'runs', usage.runs],
    ['throughput', 'finished', throughput.finished],
    ['throughput', 'failed', throughput.failed],
    ['throughput', 'killed', throughput.killed],
  ]
  for (const [figure, name, values] of series)
    for (const [bin, value] of values.entries())
      rows.push([figure, name, timeText(dataset, bins.from + bin * bins.width), value])
  for (const [figure, distribution] of [
    ['queue_seconds', figures.queueTime],
    ['run_seconds', figures.runTime],
  ] as const) {
    const { edges, counts, ...numbers } = distribution
    for (const [name, value] of Object.entries(numbers)) rows.push([figure, name, '', value])
    for (const [bin, count] of counts.entries()) rows.push([figure, 'histogram', edges[bin] ?? 0, count])
  }
  for (const { cause, application, runs, jobs } of figures.failures) {
    rows.push(['failures', 'runs', `${application}: ${cause}`, runs])
    rows.push(['failures', 'jobs', `${application}: ${cause}`, jobs])
  }
  for (const { id, runs, coreSeconds, offeredCoreSeconds } of figures.launchers) {
    rows.push(['launchers', 'runs', id, runs])
    rows.push(['launchers', 'core_seconds', id, coreSeconds])
    rows.push(['launchers', 'offered_core_seconds', id, offeredCoreSeconds])
  }
  for (const { workflow, history, importances } of dataset.searches) {
    for (const { id, value, best } of history) {
      rows.push([`search ${workflow}`, 'value', id, value])
      rows.push([`search ${workflow}`, 'best', id, best])
    }
    for (const { name, share } of importances) rows.push([`search ${workflow}`, 'importance', name, share])
  }
  return rows.map(csvRow).join('')
}

function distributionRecord({ edges, counts, ...numbers }: Distribution): Record<string, unknown> {
  return { ...numbers, histogram: counts.map((count, bin) => ({ from: edges[bin], to: edges[bin + 1], count })) }
}

function timeText({ origin }: Dataset, time: Time): string {
  return new Date(origin + time).toISOString()
}

/** Resources used by an attempt. Measured in launch/agent/usage-meter.ts. */
import { defined } from '../../lib/defined.ts'
import type { RunFigures } from './history-event.ts'

export interface Usage {
  /**
   * User and system CPU time of the attempt's processes on its first node, in seconds. Undefined if
   * unknown.
   */
  readonly cpuSeconds?: number
  /**
   * `at least`: the last moments, or remote ranks, are missing. `at most`: may include jobs that
   * ended at the same moment.
   */
  readonly cpuIs?: 'exact' | 'at least' | 'at most'
  /** Observed peak of their joint memory, in MiB. Undefined if it ended before the first sample. */
  readonly peakMiB?: number
}

/** A completed run. */
export interface FinishedRun {
  /** Wall time. */
  readonly seconds: number
  readonly usage?: Usage | undefined
}

const BOUNDS = { exact: undefined, 'at least': 'least', 'at most': 'most' } as const

/** The figures of a run for an event, rounded to milliseconds. */
export function figuresOf(ran: FinishedRun | undefined): RunFigures {
  if (ran === undefined) return {}
  const { seconds, usage = {} } = ran
  const { cpuSeconds, cpuIs = 'exact', peakMiB } = usage
  const bound = cpuSeconds === undefined ? undefined : BOUNDS[cpuIs]
  return {
    seconds: toMillis(seconds),
    ...(cpuSeconds === undefined ? {} : { cpu: toMillis(cpuSeconds) }),
    ...defined({ bound, memory: peakMiB }),
  }
}

function toMillis(seconds: number): number {
  return Math.round(seconds * 1000) / 1000
}

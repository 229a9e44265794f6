/** Resources that an attempt has used. How they are measured: launch/agent/usage-meter.ts. */
import { defined } from '../../lib/defined.ts'
import type { RunFigures } from './history-event.ts'

export interface Usage {
  /** User and system time of the attempt's processes on the node where it was started, in seconds. Absent: not known. */
  readonly cpuSeconds?: number
  /** `at least`: the last moments are missing, or ranks that were started elsewhere. `at most`: others that ended at the same moment may have a part in it. */
  readonly cpuIs?: 'exact' | 'at least' | 'at most'
  /** The most memory they held together, as far as it was seen, in MiB. Absent: over before anybody looked. */
  readonly peakMiB?: number
}

/** A run that is over. */
export interface FinishedRun {
  /** Wall time. */
  readonly seconds: number
  readonly usage?: Usage | undefined
}

const BOUNDS = { exact: undefined, 'at least': 'least', 'at most': 'most' } as const

/** The figures of a run as an event has them: to the millisecond. */
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

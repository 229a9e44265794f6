/**
 * What an attempt has used, as the history says it: `after 12.3 s, cpu 45.1 s, peak memory 850 MiB`. It is there for people, and whoever wants
 * the figures reads them back from there, as the history is what survives. How they are measured: launch/agent/usage-meter.ts.
 */
import { DURATION, formatSeconds, parseSeconds } from '../text/duration.ts'

export interface Usage {
  /** User and system time of the attempt's processes on the node where it was started, in seconds. Absent: not known. */
  readonly cpuSeconds?: number
  /** `at least`: the last moments are missing, or ranks that were started elsewhere. `at most`: others that ended at the same moment may have a part in it. */
  readonly cpuIs?: 'exact' | 'at least' | 'at most'
  /** The most memory they held together, as far as it was seen, in MiB. Absent: over before anybody looked. */
  readonly peakMiB?: number
}

/** A run that is over. */
export interface Ran {
  /** Wall time. */
  readonly seconds: number
  readonly usage?: Usage | undefined
}

export function formatRan({ seconds, usage = {} }: Ran): string {
  const { cpuSeconds, cpuIs = 'exact', peakMiB } = usage
  const bound = cpuIs === 'exact' ? '' : `${cpuIs} `
  const cpu = cpuSeconds === undefined ? '' : `, cpu ${bound}${formatSeconds(cpuSeconds)}`
  return `after ${formatSeconds(seconds)}${cpu}${peakMiB === undefined ? '' : `, peak memory ${peakMiB} MiB`}`
}

const RAN = new RegExp(
  `(?:^|\\s)after (${DURATION})(?:, cpu (?:(at least|at most) )?(${DURATION}))?(?:, peak memory (\\d+) MiB)?$`,
)

/** Reads the figures back from a history's message, whose first line ends in them. @returns undefined when it does not */
export function parseRan(message: string): Ran | undefined {
  const [, seconds, bound, cpu, peak] = RAN.exec(message.split('\n', 1)[0] ?? '') ?? []
  if (seconds === undefined) return undefined
  const cpuIs = bound === 'at least' || bound === 'at most' ? bound : 'exact'
  return {
    seconds: parseSeconds(seconds),
    usage: {
      ...(cpu === undefined ? {} : { cpuSeconds: parseSeconds(cpu), cpuIs }),
      ...(peak === undefined ? {} : { peakMiB: Number(peak) }),
    },
  }
}

/** The first line of a message without the figures at its end: what is the same for all that ended so. */
export function withoutRan(message: string): string {
  return (message.split('\n', 1)[0] ?? '').replace(RAN, '').replace(/: ended$/, '')
}

/** The attempts of a job, read back from its history: what was run where, when, and what came of it. */
import { parseClaim } from './claim-text.ts'
import type { HistoryEntry } from './job-state.ts'
import type { State } from './states.ts'
import { parseRan } from './usage.ts'

export interface AttemptRecord {
  readonly attempt: number
  /** As a host list. */
  readonly nodes: string
  readonly cores: number
  readonly gpus: number
  /** As a shell would take it in the job's folder. */
  readonly command?: string
  /** ISO 8601, by the clock of the launcher's node. */
  readonly started: string
  /** Absent while it runs. */
  readonly ended?: string
  /** The state that it led to at first: RUN_DONE, RUN_ERROR, RUN_TIMEOUT, …, and why. */
  readonly state?: State
  readonly reason?: string
  /** Wall time as measured; absent when nobody saw its end. */
  readonly seconds?: number
  readonly cpu_seconds?: number
  readonly cpu_is?: 'exact' | 'at least' | 'at most'
  readonly peak_memory_mib?: number
}

export function attemptsOf(history: readonly HistoryEntry[]): AttemptRecord[] {
  return history.flatMap(({ state, time, message }, at) => {
    const claim = state === 'RUNNING' ? parseClaim(message) : undefined
    const [, number] = /^attempt (\d+)$/.exec(claim?.what ?? '') ?? []
    if (claim === undefined || number === undefined) return []
    const { nodes, cores, gpus, command } = claim
    const begin = { attempt: Number(number), nodes, cores, gpus, ...(command === undefined ? {} : { command }) }
    return [{ ...begin, started: time, ...endOf(history.slice(at + 1).find((entry) => entry.state !== 'RUNNING')) }]
  })
}

function endOf(entry: HistoryEntry | undefined): Partial<AttemptRecord> {
  if (entry === undefined) return {}
  const end = { ended: entry.time, state: entry.state, reason: entry.message.split('\n', 1)[0] ?? '' }
  const { seconds, usage } = parseRan(entry.message) ?? {}
  return {
    ...end,
    ...(seconds === undefined ? {} : { seconds }),
    ...(usage?.cpuSeconds === undefined ? {} : { cpu_seconds: usage.cpuSeconds, cpu_is: usage.cpuIs ?? 'exact' }),
    ...(usage?.peakMiB === undefined ? {} : { peak_memory_mib: usage.peakMiB }),
  }
}

/** The attempts of a job, from its history: place, time, command and result. */
import { defined } from '../../lib/defined.ts'
import { firstLine } from './event-words.ts'
import type { RunFigures } from './history-event.ts'
import type { HistoryEntry } from './job-state.ts'
import type { State } from './states.ts'

export interface AttemptRecord {
  readonly attempt: number
  /** As a host list. */
  readonly nodes: string
  readonly cores: number
  readonly gpus: number
  /** As a shell line for the job's folder. */
  readonly command?: string
  /** ISO 8601, from the clock of the launcher's node. */
  readonly started: string
  /** Undefined while it runs. */
  readonly ended?: string
  /** The first state after it, such as RUN_DONE, RUN_ERROR or RUN_TIMEOUT, with the reason. */
  readonly state?: State
  readonly reason?: string
  /** Measured wall time; undefined if the end was not observed. */
  readonly seconds?: number
  readonly cpu_seconds?: number
  readonly cpu_is?: 'exact' | 'at least' | 'at most'
  readonly peak_memory_mib?: number
}

export function attemptsOf(history: readonly HistoryEntry[]): AttemptRecord[] {
  return history.flatMap(({ time, event }, at) => {
    if (event?.kind !== 'claimed' || event.attempt === undefined) return []
    const { attempt, nodes, cores, gpus = 0, command } = event
    const begin = { attempt, nodes, cores, gpus, ...defined({ command }) }
    return [{ ...begin, started: time, ...endOf(history.slice(at + 1).find((entry) => entry.state !== 'RUNNING')) }]
  })
}

function endOf(entry: HistoryEntry | undefined): Partial<AttemptRecord> {
  if (entry === undefined) return {}
  const { seconds, cpu, bound, memory } = figuresIn(entry)
  return {
    ended: entry.time,
    state: entry.state,
    reason: firstLine(entry),
    ...defined({ seconds }),
    ...(cpu === undefined ? {} : { cpu_seconds: cpu, cpu_is: bound === undefined ? 'exact' : `at ${bound}` }),
    ...defined({ peak_memory_mib: memory }),
  }
}

/** The figures in the entry that ends an attempt. */
function figuresIn({ event }: HistoryEntry): RunFigures {
  const hasEnded =
    event?.kind === 'ran' || event?.kind === 'timed-out' || event?.kind === 'stopped' || event?.kind === 'stopped-early'
  return hasEnded ? event : {}
}

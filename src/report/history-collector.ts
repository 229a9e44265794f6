/**
 * The histories of many jobs from one pass over the journals, so that nobody opens 100,000 folders. A history is believed when every line of it
 * was said to be done and its last is the job's last; of any other job, the folder is asked.
 */
import type { JournalLine } from '../core/index/journal-events.ts'
import type { JobId } from '../core/job/id.ts'
import type { JobEntry } from '../core/index/job-entry.ts'
import type { HistoryEntry } from '../core/life/job-state.ts'
import type { Moment } from './run.ts'

interface Told {
  readonly by: string
  readonly n: number
  readonly born: string
  readonly revision: number
  readonly launcher: string | undefined
  readonly isRetold: boolean
  readonly moments: readonly Moment[]
}

export class HistoryCollector {
  readonly #told = new Map<JobId, Told[]>()
  readonly #done = new Map<string, number>()
  readonly #void = new Set<string>()

  /** @param ids the jobs that are of interest */
  constructor(ids: Iterable<JobId>) {
    for (const id of ids) this.#told.set(id, [])
  }

  take({ by, n, event, done, void: voided }: JournalLine): void {
    if (done !== undefined) this.#done.set(by, Math.max(done, this.#done.get(by) ?? 0))
    for (const one of voided ?? []) this.#void.add(`${by} ${one}`)
    if (event === undefined || n === undefined || event.broken !== undefined || event.removed === true) return
    const { born, revision, launcher, recovered, history } = event
    this.#told.get(event.id)?.push({
      by,
      n,
      born,
      revision,
      launcher,
      isRetold: recovered === true,
      moments: toMoments(history, launcher),
    })
  }

  /** @returns undefined when the journals alone do not tell it for certain */
  historyOf({ id, born, revision }: JobEntry): Moment[] | undefined {
    const told = (this.#told.get(id) ?? [])
      .filter((one) => one.born === born && one.revision <= revision && !this.#void.has(`${one.by} ${one.n}`))
      .sort((one, other) => one.revision - other.revision)
    const retold = told.findLastIndex(({ isRetold }) => isRetold)
    const firstHand = told.filter(({ isRetold }) => !isRetold)
    const chain = isComplete(firstHand, born) ? firstHand : told.slice(Math.max(0, retold))
    if (!isComplete(chain, born) || chain.at(-1)?.revision !== revision) return undefined
    if (chain.some(({ by, n }) => n > (this.#done.get(by) ?? 0))) return undefined
    return chain.flatMap(({ moments }) => moments)
  }
}

/** Moments of one change: whoever has the job after it had it in all of them, and it is given back by the last. */
export function toMoments(history: readonly HistoryEntry[], launcher: string | undefined): Moment[] {
  return history.map(({ time, state, event, message = '' }) => ({
    time: Date.parse(time),
    state,
    event,
    // What follows the first line is of no use to a figure, and with most events none of it is.
    message: event === undefined || event.kind === 'verdict' ? (message.split('\n', 1)[0] ?? '') : '',
    launcher,
  }))
}

function isComplete(chain: readonly Told[], born: string): boolean {
  return chain[0]?.moments[0]?.time === Date.parse(born)
}

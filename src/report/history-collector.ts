/**
 * Collects the histories of many jobs in one pass over the journals, without opening 100,000
 * folders. A history is used if all its lines are confirmed and the last one is the job's latest;
 * for other jobs the folder is read.
 */
import type { JournalLine } from '../core/index/journal-events.ts'
import type { JobId } from '../core/job/id.ts'
import type { JobEntry } from '../core/index/job-entry.ts'
import type { HistoryEvent } from '../core/life/history-event.ts'
import type { HistoryEntry } from '../core/life/job-state.ts'
import { printable } from '../lib/text/text-width.ts'
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

  /** @param ids the jobs of interest */
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

  /** @returns undefined if the journals do not determine it */
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

/**
 * The moments of one change. The owner after the change owns the job in all of them; the last
 * releases it.
 */
export function toMoments(history: readonly HistoryEntry[], launcher: string | undefined): Moment[] {
  return history.map(({ time, state, event, message = '' }) => ({
    time: Date.parse(time),
    state,
    event,
    message: lineFor(event, message),
    launcher,
  }))
}

/** The line of a message that figures use: for most events none. */
function lineFor(event: HistoryEvent | undefined, message: string): string {
  if (event === undefined || event.kind === 'verdict') return message.split('\n', 1)[0] ?? ''
  if (event.kind !== 'ran') return ''
  const last = message.split('\n').findLast((line) => line.trim() !== '')
  return last === undefined ? '' : printable(last).trim()
}

function isComplete(chain: readonly Told[], born: string): boolean {
  return chain[0]?.moments[0]?.time === Date.parse(born)
}

/**
 * Finds every end of every job exactly once: in the journals, confirmed by the job's folder. An end
 * announced by a writer that died may not have been made; it stays a candidate until the folder
 * decides.
 */
import { type JobEvent, type JournalLine, toEvent } from '../../core/index/journal-events.ts'
import { BjobError } from '../../core/text/errors.ts'
import { type HistoryEntry, type JobState, bornAt } from '../../core/life/job-state.ts'
import { isEnded } from '../../core/life/states.ts'
import { AT_ONCE } from '../../lib/concurrently.ts'
import { unlessGone } from '../../site/disk/disk.ts'
import { readJobState } from '../../site/job/jobs.ts'
import { JournalReader } from '../../site/journal/journal-reader.ts'
import { forEachJob } from '../../site/view/scan.ts'
import type { Site } from '../../site/site.ts'
import type { PendingEnd, Cursor } from './cursor.ts'

/** A confirmed end. */
export interface JobEnd {
  readonly event: JobEvent
  /** The history entry of the end. */
  readonly last: HistoryEntry
  readonly attempt: number
  readonly launcher: string | undefined
  /** True if the job's folder still exists. */
  readonly hasFolder: boolean
}

type Verdict = JobEnd | 'unsure' | 'void'

export class EndFeed {
  readonly #site: Site
  readonly #cursor: Cursor
  readonly #reader: JournalReader
  /** In reading order. */
  #candidates = new Set<PendingEnd>()
  /** Unconfirmed ends by writer and number. */
  readonly #unconfirmed = new Map<string, Map<number, PendingEnd>>()
  /** Removed jobs; the line of an end may follow later, from another node's journal. */
  readonly #removed = new Set<string>()
  #isFirst = true
  #savedPositions: string

  constructor(site: Site, cursor: Cursor) {
    this.#site = site
    this.#cursor = cursor
    this.#reader = new JournalReader(site, cursor.positions)
    for (const candidate of cursor.pending) this.#add(candidate)
    this.#savedPositions = JSON.stringify(cursor.positions)
  }

  /** True if announced ends are unconfirmed: look again soon without waiting for news. */
  get isUnsure(): boolean {
    return this.#candidates.size > 0
  }

  /**
   * The ends since the last call. An end counts as delivered when the next one is requested; the
   * cursor is written after the last.
   */
  async *take(wants: (end: JobEnd) => Promise<boolean>): AsyncGenerator<JobEnd> {
    if (!(await this.#reader.poll((line) => this.#note(line)))) {
      this.#cursor.isJournalNew = true
      this.#isFirst = true
    }
    if (this.#isFirst && this.#cursor.isJournalNew) await this.#takeFromFolders()
    this.#isFirst = false
    const before = this.#candidates.size
    const due = [...this.#candidates]
    for (let at = 0; at < due.length; at += AT_ONCE) {
      const group: PendingEnd[] = []
      for (const candidate of due.slice(at, at + AT_ONCE))
        if (!(await this.#cursor.isDelivered(candidate.event))) group.push(candidate)
      const verdicts = await Promise.all(group.map((candidate) => judge(this.#site, candidate)))
      for (const [index, candidate] of group.entries()) {
        const verdict = verdicts[index]
        if (verdict === undefined || verdict === 'unsure' || verdict === 'void' || !(await wants(verdict))) continue
        // A rebuilt journal may repeat an end within this group.
        if (await this.#cursor.isDelivered(candidate.event)) continue
        yield verdict
        await this.#cursor.acknowledge(candidate.event)
      }
      const unsure = new Set(group.filter((_, index) => verdicts[index] === 'unsure'))
      for (const candidate of due.slice(at, at + AT_ONCE)) if (!unsure.has(candidate)) this.#drop(candidate)
    }
    const positions = JSON.stringify(this.#reader.positions)
    if (before === this.#candidates.size && positions === this.#savedPositions) return
    await this.#cursor.save(this.#reader.positions, [...this.#candidates])
    this.#savedPositions = positions
  }

  #note({ by, n, event, done, void: voided }: JournalLine): void {
    if (event !== undefined && n !== undefined) {
      if (event.removed === true) this.#removed.add(lifeOf(event))
      else if (isEnd(event)) this.#add({ by, n, event: slim(event), isConfirmed: false })
      if (this.#removed.has(lifeOf(event))) this.#confirmRemoved(event)
    }
    if (done === undefined) return
    for (const [number, candidate] of this.#unconfirmed.get(by) ?? []) {
      if (number > done) continue
      if (voided?.includes(number) === true) this.#drop(candidate)
      else this.#confirm(candidate)
    }
  }

  #add(candidate: PendingEnd): void {
    this.#candidates.add(candidate)
    if (candidate.isConfirmed) return
    const own = this.#unconfirmed.get(candidate.by)
    if (own === undefined) this.#unconfirmed.set(candidate.by, new Map([[candidate.n, candidate]]))
    else own.set(candidate.n, candidate)
  }

  #confirm(candidate: PendingEnd): void {
    candidate.isConfirmed = true
    this.#forgetUnconfirmed(candidate)
  }

  #drop(candidate: PendingEnd): void {
    this.#candidates.delete(candidate)
    this.#forgetUnconfirmed(candidate)
  }

  #forgetUnconfirmed({ by, n }: PendingEnd): void {
    const own = this.#unconfirmed.get(by)
    own?.delete(n)
    if (own?.size === 0) this.#unconfirmed.delete(by)
  }

  /**
   * Only ended jobs are removed, so the last end was made. Earlier unconfirmed ends were not made,
   * or were superseded.
   */
  #confirmRemoved({ id, born }: JobEvent): void {
    const own = [...this.#candidates].filter(({ event }) => event.id === id && event.born === born)
    const last = Math.max(...own.map(({ event }) => event.revision))
    for (const candidate of own) {
      if (candidate.event.revision === last) this.#confirm(candidate)
      else if (!candidate.isConfirmed) this.#drop(candidate)
    }
  }

  /** The journal was rebuilt: the folders have all ends, except those of removed jobs. */
  async #takeFromFolders(): Promise<void> {
    this.#candidates = new Set(await scanEnds(this.#site))
    this.#unconfirmed.clear()
  }
}

/** True for a change that ends a job, not for a later one. */
function isEnd({ state, history }: JobEvent): boolean {
  const last = history.at(-1)
  return isEnded(state) && last !== undefined && isEnded(last.state)
}

function lifeOf({ id, born }: JobEvent): string {
  return `${id} ${born}`
}

/**
 * The part of an event that the cursor stores: without the specification, and only the last history
 * entry.
 */
function slim({ spec: _spec, ...event }: JobEvent): JobEvent {
  return { ...event, history: event.history.slice(-1) }
}

async function judge(site: Site, { event, isConfirmed }: PendingEnd): Promise<Verdict> {
  const last = event.history.at(-1)
  if (last === undefined) return 'void'
  const told: JobEnd = { event, last, attempt: event.attempt, launcher: event.launcher, hasFolder: false }
  await unlessGone(site.disk.refresh(site.layout.job(event.id).dir))
  let current: JobState
  try {
    current = await readJobState(site, event.id)
  } catch (error) {
    if (!(error instanceof BjobError)) throw error
    // Removed, or broken by hand: only its writer's word remains.
    return isConfirmed ? { ...told, hasFolder: error.code !== 'unknown-job' } : 'unsure'
  }
  // Another job has the name, so this one was removed; the line of the removal shows if its end was
  // made.
  if (bornAt(current) !== event.born) return isConfirmed ? told : 'unsure'
  if (current.revision < event.revision) return 'unsure'
  const ownLast = current.history.at(-1)
  const isStill =
    isEnded(current.state) && ownLast !== undefined && ownLast.time === last.time && ownLast.state === last.state
  // Restarted since, or the revision was never made: the next run has its own end.
  return isStill
    ? { ...told, last: ownLast, attempt: current.attempt, launcher: current.launcher, hasFolder: true }
    : 'void'
}

/** All ends in the folders. */
async function scanEnds(site: Site): Promise<PendingEnd[]> {
  const candidates: PendingEnd[] = []
  await forEachJob(site, async (id) => {
    try {
      const state = await readJobState(site, id)
      if (isEnded(state.state)) candidates.push({ by: '', n: 0, event: slim(toEvent(id, state, 0)), isConfirmed: true })
    } catch (error) {
      if (!(error instanceof BjobError)) throw error
    }
  })
  const timeOf = ({ event }: PendingEnd): string => event.history.at(-1)?.time ?? ''
  return candidates.sort((one, other) => (timeOf(one) < timeOf(other) ? -1 : 1))
}

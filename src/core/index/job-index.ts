/**
 * The index: all journals folded into one entry per job. Lines of different writers may arrive in
 * any order, and every order gives the same index: the higher revision of a job wins; of several
 * jobs with the same name in succession, the one that was not removed wins. Clocks do not matter:
 * times of birth only distinguish jobs. An entry is `pending` until its writer confirms the change.
 */
import type { JobEvent, JournalLine } from './journal-events.ts'
import type { JobId } from '../job/id.ts'
import type { JobSpec } from '../job/job-spec.ts'
import { type JobEntry, createEntry } from './job-entry.ts'
import { isEnded } from '../life/states.ts'
import { type Announced, FIRST_REVISION, PendingChanges } from './pending-changes.ts'

/** The rest of an index in a snapshot. */
export interface IndexRemainder {
  readonly pending: readonly Announced[]
  readonly rivals: readonly JobEntry[]
  /** Id and birth of each removed job. */
  readonly removed: readonly (readonly [JobId, string])[]
}

const NOTHING: IndexRemainder = { pending: [], rivals: [], removed: [] }

export class JobIndex {
  /** The current job of each name, as far as known. */
  readonly #entries = new Map<JobId, JobEntry>()
  /**
   * Other jobs that certainly had the name: all but one were removed, but those lines have not
   * arrived.
   */
  readonly #rivals = new Map<JobId, readonly JobEntry[]>()
  /** Births of removed jobs, about which further lines may arrive. */
  readonly #removed = new Map<JobId, Set<string>>()
  readonly #pending = new PendingChanges()
  /** Jobs that may have ended, in an index that drops them. */
  readonly #ended: Set<JobId> | undefined

  /**
   * @param keeps all jobs, or only unfinished jobs and those with a pending end: `dropEnded` drops
   *   the rest
   */
  constructor(keeps: 'all' | 'live' = 'all') {
    if (keeps === 'live') this.#ended = new Set()
  }

  get size(): number {
    return this.#entries.size
  }

  get(id: JobId): JobEntry | undefined {
    return this.#entries.get(id)
  }

  entries(): IterableIterator<JobEntry> {
    return this.#entries.values()
  }

  /**
   * All jobs that certainly existed and are not known to be removed; several of a name if a line is
   * missing.
   */
  *lives(): Generator<JobEntry> {
    for (const entry of this.#entries.values()) if (!this.#isAnnouncedOnly(entry)) yield entry
    for (const rivals of this.#rivals.values()) yield* rivals
  }

  /** True if the entry is in doubt: read the job's folder first. */
  isPending(id: JobId): boolean {
    if (this.#rivals.has(id)) return true
    const announced = this.#pending.of(id)
    if (announced === undefined) return false
    const entry = this.#entries.get(id)
    if (entry === undefined) return true
    // The birth of another job under its name requires its removal.
    for (const { event } of announced) if (event.born === entry.born) return true
    return false
  }

  /** The ids of all jobs in doubt. */
  *pendingIds(): Generator<JobId> {
    for (const id of this.#pending.jobs()) if (this.isPending(id)) yield id
    for (const id of this.#rivals.keys()) if (this.#pending.of(id) === undefined) yield id
  }

  /** Adds one line. @returns the events that changed the index */
  apply(line: JournalLine): JobEvent[] {
    const { by, n, event } = line
    const changed: JobEvent[] = []
    if (event !== undefined && this.#applyEvent(event, false)) changed.push(event)
    if (event !== undefined && event.broken === undefined && n !== undefined) this.#pending.add({ by, n, event })
    if (line.done !== undefined) this.#settle(by, line.done, line.void ?? [], changed)
    return changed
  }

  forget(id: JobId): void {
    const [next, ...others] = this.#rivals.get(id) ?? []
    if (next === undefined) this.#entries.delete(id)
    else this.#setCurrent(next)
    this.#setRivals(id, others)
  }

  /**
   * In an index of live jobs: drops ended jobs without a pending end. Costs the number of ended
   * jobs.
   */
  dropEnded(): void {
    for (const id of this.#ended ?? []) {
      if (this.isPending(id)) continue
      const entry = this.#entries.get(id)
      if (entry !== undefined && isEnded(entry.state)) this.#entries.delete(id)
      this.#ended?.delete(id)
    }
  }

  remainder(): IndexRemainder {
    return {
      pending: this.#pending.all(),
      rivals: [...this.#rivals.values()].flat(),
      removed: [...this.#removed].flatMap(([id, births]) => [...births].map((born) => [id, born] as const)),
    }
  }

  /**
   * Loads confirmed entries from a snapshot or from the jobs' folders; earlier announcements are
   * decided.
   */
  restore(entries: Iterable<JobEntry>, { pending, rivals, removed }: IndexRemainder = NOTHING): void {
    for (const entry of entries) {
      this.#setCurrent(entry)
      this.#rivals.delete(entry.id)
      this.#removed.get(entry.id)?.delete(entry.born)
      this.#pending.dropOutdated(entry)
    }
    for (const rival of rivals) this.#setRivals(rival.id, [...(this.#rivals.get(rival.id) ?? []), rival])
    for (const announced of pending) this.#pending.add(announced)
    for (const [id, born] of removed) this.#addRemoved(id, born)
  }

  #setCurrent(entry: JobEntry): void {
    this.#entries.set(entry.id, entry)
    if (this.#ended !== undefined && isEnded(entry.state)) this.#ended.add(entry.id)
  }

  /** @param isSettled true if its writer has confirmed the change */
  #applyEvent(event: JobEvent, isSettled: boolean): boolean {
    const { id, born } = event
    if (this.#removed.get(id)?.has(born) === true) return false
    const top = this.#entries.get(id)
    const own = top?.born === born ? top : this.#rivals.get(id)?.find((rival) => rival.born === born)
    if (event.broken !== undefined) return own !== undefined && this.#setBroken(own, event.broken, event.spec)
    if (event.removed === true) {
      this.#addRemoved(id, born)
      if (own !== undefined) this.#takeOut(own)
      return own !== undefined
    }
    if (own !== undefined) {
      if (event.revision <= own.revision) return this.#addSpec(own, event)
      this.#put(entryAfter(event, own.changed, event.spec ?? own.spec))
      return true
    }
    // Only one of several births under a name is made; a changed job exists.
    const isBirth = event.revision === FIRST_REVISION && !isSettled
    if (isBirth && top !== undefined) return false
    const entry = entryAfter(event, born, event.spec ?? this.#pending.specOf(event))
    if (top === undefined || this.#isAnnouncedOnly(top)) this.#setCurrent(entry)
    else this.#setRivals(id, [...(this.#rivals.get(id) ?? []), entry])
    return true
  }

  /** Replaces an entry by its successor. */
  #put(entry: JobEntry): void {
    const { id, born } = entry
    if (this.#entries.get(id)?.born === born) this.#setCurrent(entry)
    else
      this.#setRivals(
        id,
        (this.#rivals.get(id) ?? []).map((rival) => (rival.born === born ? entry : rival)),
      )
  }

  #takeOut({ id, born }: Pick<JobEntry, 'id' | 'born'>): void {
    if (this.#entries.get(id)?.born === born) this.forget(id)
    else
      this.#setRivals(
        id,
        (this.#rivals.get(id) ?? []).filter((rival) => rival.born !== born),
      )
  }

  #setRivals(id: JobId, rivals: readonly JobEntry[]): void {
    if (rivals.length === 0) this.#rivals.delete(id)
    else this.#rivals.set(id, rivals)
  }

  #addRemoved(id: JobId, born: string): void {
    const births = this.#removed.get(id)
    if (births === undefined) this.#removed.set(id, new Set([born]))
    else births.add(born)
  }

  /** True if only the announcement of its birth is known: the job may not exist. */
  #isAnnouncedOnly(entry: JobEntry): boolean {
    return entry.revision <= FIRST_REVISION && this.#pending.has(entry)
  }

  /** The line of a birth may arrive after later changes, which do not repeat its fields. */
  #addSpec(known: JobEntry, { spec }: JobEvent): boolean {
    if (spec === undefined || known.spec !== undefined) return false
    this.#put({ ...known, spec })
    return true
  }

  /** @param broken empty once the job is repaired, which may have changed its fields */
  #setBroken({ broken: before, ...known }: JobEntry, broken: string, spec = known.spec): boolean {
    const entry = spec === undefined ? known : { ...known, spec }
    this.#put(broken === '' ? entry : { ...entry, broken })
    return (before ?? '') !== broken
  }

  #settle(by: string, done: number, voided: readonly number[], changed: JobEvent[]): void {
    for (const announced of this.#pending.take(by, done)) {
      const { event } = announced
      if (announced.isVoid === true || voided.includes(announced.n)) this.#settleVoid(announced)
      else {
        if (this.#applyEvent(event, true)) changed.push(event)
        this.#pending.dropOutdated(event)
      }
    }
  }

  /** A withdrawn event stays pending until better information arrives; readers check the folder. */
  #settleVoid(announced: Announced): void {
    const { event } = announced
    const isCurrent = this.#isCurrent(event)
    const isBirth = event.revision === FIRST_REVISION
    // The job never existed; the name probably belongs to another job.
    if (isBirth && isCurrent) this.#takeOut(event)
    if (isBirth ? !this.#entries.has(event.id) : isCurrent) this.#pending.add({ ...announced, isVoid: true })
  }

  /** True if the entry still equals the announcement. */
  #isCurrent({ id, born, revision, removed }: JobEvent): boolean {
    if (removed === true) return this.#removed.get(id)?.has(born) === true
    const lives = [this.#entries.get(id), ...(this.#rivals.get(id) ?? [])]
    return lives.some((life) => life?.born === born && life.revision === revision)
  }
}

/** @param before when the job last changed, for an event that adds nothing to its history */
function entryAfter(event: JobEvent, before: string, spec: JobSpec | undefined): JobEntry {
  return createEntry(event.id, event.born, event, event.history.at(-1)?.time ?? before, spec)
}

/**
 * What the journals say of all jobs, folded into one entry a job. Lines of different writers may come in any order, and every order gives the
 * same index: of one job a higher revision wins; of several that had one name, one after the other, it is the one that was not removed. No
 * clock has a say in it: the times of birth only tell them apart. An entry is `pending` until its writer said that the change was made.
 */
import type { JobEvent, JournalLine } from './journal-events.ts'
import type { JobId } from '../job/id.ts'
import type { JobSpec } from '../job/job-spec.ts'
import { type JobEntry, createEntry } from './job-entry.ts'
import { isEnded } from '../life/states.ts'

/** A change that its writer has announced and not said to be made. */
export interface Announced {
  readonly by: string
  readonly n: number
  readonly event: JobEvent
  /** It came to nothing, and nobody has told since what there is instead. */
  readonly isVoid?: true
}

/** What a snapshot keeps of an index beside its entries. */
export interface IndexRemainder {
  readonly pending: readonly Announced[]
  readonly rivals: readonly JobEntry[]
  /** Each job's id and birth. */
  readonly removed: readonly (readonly [JobId, string])[]
}

const NOTHING: IndexRemainder = { pending: [], rivals: [], removed: [] }

/** That of a birth. */
const FIRST_REVISION = 1

export class JobIndex {
  /** By id, the job that has the name, as far as is known. */
  readonly #entries = new Map<JobId, JobEntry>()
  /** Others of which it is certain that they had the name at some time: all but one were removed, and the lines that say so are still to come. */
  readonly #rivals = new Map<JobId, readonly JobEntry[]>()
  /** Births of jobs that were removed: lines about them may still come. */
  readonly #removed = new Map<JobId, Set<string>>()
  /** By writer, and by its number. */
  readonly #pending = new Map<string, Map<number, Announced>>()
  readonly #pendingOf = new Map<JobId, Set<Announced>>()
  /** Those that may have ended, where such are dropped. */
  readonly #ended: Set<JobId> | undefined

  /** @param keeps all jobs, or those that have not ended and those whose end is pending: `dropEnded` drops the others */
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

  /** All that were there for certain and are not known to be removed: more than one of a name where a line is missing. */
  *lives(): Generator<JobEntry> {
    for (const entry of this.#entries.values()) if (!this.#isAnnouncedOnly(entry)) yield entry
    for (const rivals of this.#rivals.values()) yield* rivals
  }

  /** Whether what is known of a job is in doubt: look into its folder before believing it. */
  isPending(id: JobId): boolean {
    if (this.#rivals.has(id)) return true
    const announced = this.#pendingOf.get(id)
    if (announced === undefined) return false
    const entry = this.#entries.get(id)
    if (entry === undefined) return true
    // Another's birth under its name cannot be made before it is removed.
    for (const { event } of announced) if (event.born === entry.born) return true
    return false
  }

  /** The ids of all jobs that are in doubt. */
  *pendingIds(): Generator<JobId> {
    for (const id of this.#pendingOf.keys()) if (this.isPending(id)) yield id
    for (const id of this.#rivals.keys()) if (!this.#pendingOf.has(id)) yield id
  }

  /** Takes one line in. @returns the events that made a difference */
  apply(line: JournalLine): JobEvent[] {
    const { by, n, event } = line
    const changed: JobEvent[] = []
    if (event !== undefined && this.#applyEvent(event, false)) changed.push(event)
    if (event !== undefined && event.broken === undefined && n !== undefined) this.#addPending({ by, n, event })
    if (line.done !== undefined) this.#settle(by, line.done, line.void ?? [], changed)
    return changed
  }

  forget(id: JobId): void {
    const [next, ...others] = this.#rivals.get(id) ?? []
    if (next === undefined) this.#entries.delete(id)
    else this.#setCurrent(next)
    this.#setRivals(id, others)
  }

  /** Of an index of live jobs: drops every ended one whose end is not pending. It costs what has ended, not what there is. */
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
      pending: [...this.#pendingOf.values()].flatMap((announced) => [...announced]),
      rivals: [...this.#rivals.values()].flat(),
      removed: [...this.#removed].flatMap(([id, births]) => [...births].map((born) => [id, born] as const)),
    }
  }

  /** Takes entries for true, as a snapshot or the jobs' folders have them: what was announced before them is decided. */
  restore(entries: Iterable<JobEntry>, { pending, rivals, removed }: IndexRemainder = NOTHING): void {
    for (const entry of entries) {
      this.#setCurrent(entry)
      this.#rivals.delete(entry.id)
      this.#removed.get(entry.id)?.delete(entry.born)
      this.#dropOutdated(entry)
    }
    for (const rival of rivals) this.#setRivals(rival.id, [...(this.#rivals.get(rival.id) ?? []), rival])
    for (const announced of pending) this.#addPending(announced)
    for (const [id, born] of removed) this.#addRemoved(id, born)
  }

  #setCurrent(entry: JobEntry): void {
    this.#entries.set(entry.id, entry)
    if (this.#ended !== undefined && isEnded(entry.state)) this.#ended.add(entry.id)
  }

  /** @param isSettled whether its writer has said that the change is made */
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
    // Only one of several births under one name is made; a job that is changed is there.
    const isBirth = event.revision === FIRST_REVISION && !isSettled
    if (isBirth && top !== undefined) return false
    const entry = entryAfter(event, born, event.spec ?? this.#announcedSpec(event))
    if (top === undefined || this.#isAnnouncedOnly(top)) this.#setCurrent(entry)
    else this.#setRivals(id, [...(this.#rivals.get(id) ?? []), entry])
    return true
  }

  /** Puts an entry in the place of the one that it follows. */
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

  /** Whether nothing but the announcement of its birth is known of a job: it may never have been there. */
  #isAnnouncedOnly({ id, born, revision }: JobEntry): boolean {
    if (revision > FIRST_REVISION) return false
    for (const { event } of this.#pendingOf.get(id) ?? []) if (event.born === born) return true
    return false
  }

  /** The line of a job's birth may come after those of its changes; it has what they do not repeat. */
  #addSpec(known: JobEntry, { spec }: JobEvent): boolean {
    if (spec === undefined || known.spec !== undefined) return false
    this.#put({ ...known, spec })
    return true
  }

  #announcedSpec({ id, born }: JobEvent): JobSpec | undefined {
    const own = [...(this.#pendingOf.get(id) ?? [])].filter(({ event }) => event.born === born)
    return own.find(({ event }) => event.spec !== undefined)?.event.spec
  }

  /** @param broken empty when the job has been mended; what it asks for may have become something else by that */
  #setBroken({ broken: before, ...known }: JobEntry, broken: string, spec = known.spec): boolean {
    const entry = spec === undefined ? known : { ...known, spec }
    this.#put(broken === '' ? entry : { ...entry, broken })
    return (before ?? '') !== broken
  }

  #addPending(announced: Announced): void {
    const { by, n, event } = announced
    let events = this.#pending.get(by)
    if (events === undefined) this.#pending.set(by, (events = new Map()))
    if (events.has(n)) return
    events.set(n, announced)
    const others = this.#pendingOf.get(event.id)
    if (others === undefined) this.#pendingOf.set(event.id, new Set([announced]))
    else others.add(announced)
  }

  #settle(by: string, done: number, voided: readonly number[], changed: JobEvent[]): void {
    // A copy: what came to nothing is put back while this goes on.
    const own = [...(this.#pending.get(by)?.values() ?? [])]
    for (const announced of own) {
      if (announced.n > done) continue
      const { event } = announced
      this.#dropPending(announced)
      if (announced.isVoid === true || voided.includes(announced.n)) this.#settleVoid(announced)
      else {
        if (this.#applyEvent(event, true)) changed.push(event)
        this.#dropOutdated(event)
      }
    }
  }

  /** What came to nothing stays pending while nothing better is known: whoever asks looks into the folder. */
  #settleVoid(announced: Announced): void {
    const { event } = announced
    const isCurrent = this.#isCurrent(event)
    const isBirth = event.revision === FIRST_REVISION
    // There never was such a job; somebody else's has the name, most likely.
    if (isBirth && isCurrent) this.#takeOut(event)
    if (isBirth ? !this.#entries.has(event.id) : isCurrent) this.#addPending({ ...announced, isVoid: true })
  }

  /** A revision that was made decides all before it, which were made or never will be, and what became of births that came to nothing. */
  #dropOutdated({ id, born, revision }: Pick<JobEvent, 'id' | 'born' | 'revision'>): void {
    for (const announced of this.#pendingOf.get(id) ?? []) {
      const { event, isVoid = false } = announced
      const isBefore = event.born === born && event.revision <= revision
      if (isBefore || (isVoid && event.revision === FIRST_REVISION)) this.#dropPending(announced)
    }
  }

  #dropPending(announced: Announced): void {
    const { by, n, event } = announced
    const events = this.#pending.get(by)
    events?.delete(n)
    if (events?.size === 0) this.#pending.delete(by)
    const others = this.#pendingOf.get(event.id)
    others?.delete(announced)
    if (others?.size === 0) this.#pendingOf.delete(event.id)
  }

  /** Whether what is known of the job is just what was announced. */
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

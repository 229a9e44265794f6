/**
 * What the journals say of all jobs, folded into one entry a job. Lines of different writers may come in any order: a later birth wins, then
 * a higher revision, so every order gives the same index. An entry is `pending` until its writer said that the change was made.
 */
import type { JobEvent, JournalLine } from './events.ts'
import type { JobId } from './id.ts'
import type { SpecificationRecord } from './specification.ts'
import { type State, isEnded } from './states.ts'

export interface IndexEntry {
  readonly id: JobId
  readonly born: string
  readonly revision: number
  readonly state: State
  readonly attempt: number
  readonly launcher?: string
  readonly kill?: string
  /** No launcher takes it before that; see `JobState`. */
  readonly notBefore?: string
  /** Why it cannot be run: its files are damaged. */
  readonly broken?: string
  /** When the last change was made, as its writer's clock had it. */
  readonly changed: string
  /** Absent when the line of its birth has not been seen. */
  readonly spec?: SpecificationRecord
}

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
  readonly removed: readonly (readonly [JobId, string])[]
}

export class JobIndex {
  readonly #entries = new Map<JobId, IndexEntry>()
  /** Births of jobs that were removed: lines about them may still come. */
  readonly #removed = new Map<JobId, string>()
  /** By writer, and by its number. */
  readonly #pending = new Map<string, Map<number, Announced>>()
  readonly #pendingOf = new Map<JobId, Set<Announced>>()
  /** What an announced birth took the place of: two spawners may announce one name, and one of them fails. */
  readonly #displaced = new Map<JobId, IndexEntry>()

  get size(): number {
    return this.#entries.size
  }

  get(id: JobId): IndexEntry | undefined {
    return this.#entries.get(id)
  }

  entries(): IterableIterator<IndexEntry> {
    return this.#entries.values()
  }

  /** Whether the last change of a job was announced only: look into its folder before believing it. */
  isPending(id: JobId): boolean {
    return this.#pendingOf.has(id)
  }

  /** The ids of all pending changes. */
  pendingIds(): IterableIterator<JobId> {
    return this.#pendingOf.keys()
  }

  /** Takes one line in. @returns the events that made a difference */
  apply(line: JournalLine): JobEvent[] {
    const { by, n, event } = line
    const changed: JobEvent[] = []
    if (event !== undefined && this.#applyEvent(event)) changed.push(event)
    if (event !== undefined && event.broken === undefined && n !== undefined) this.#addPending({ by, n, event })
    if (line.done !== undefined) this.#settle(by, line.done, line.void ?? [], changed)
    return changed
  }

  forget(id: JobId): void {
    this.#entries.delete(id)
  }

  /** Drops every ended job whose end is not pending: a launcher has no more to do with it. */
  dropEnded(): void {
    for (const [id, entry] of this.#entries) if (isEnded(entry.state) && !this.isPending(id)) this.#entries.delete(id)
  }

  remainder(): IndexRemainder {
    const pending = [...this.#pendingOf.values()].flatMap((announced) => [...announced])
    return { pending, removed: [...this.#removed] }
  }

  /** Takes entries for true, as a snapshot or the jobs' folders have them: what was announced before them is decided. */
  restore(entries: Iterable<IndexEntry>, remainder: IndexRemainder): void {
    for (const entry of entries) {
      this.#entries.set(entry.id, entry)
      this.#displaced.delete(entry.id)
      if (this.#removed.get(entry.id) === entry.born) this.#removed.delete(entry.id)
      this.#dropOutdated(entry)
    }
    for (const announced of remainder.pending) this.#addPending(announced)
    for (const [id, born] of remainder.removed) this.#removed.set(id, born)
  }

  #applyEvent(event: JobEvent): boolean {
    const removed = this.#removed.get(event.id)
    if (removed !== undefined && event.born <= removed) return false
    const known = this.#entries.get(event.id)
    const displaced = this.#displaced.get(event.id)
    if (displaced?.born === event.born) return this.#applyDisplaced(event, displaced)
    if (event.broken !== undefined) return known !== undefined && this.#setBroken(known, event.broken, event.spec)
    if (known !== undefined && isNotNewer(event, known)) return this.#addBirth(event, known)
    if (event.removed === true) {
      this.#entries.delete(event.id)
      this.#removed.set(event.id, event.born)
      return known !== undefined
    }
    if (known !== undefined && known.born !== event.born) this.#displaced.set(event.id, known)
    const spec = event.spec ?? (known?.born === event.born ? known.spec : undefined)
    this.#entries.set(event.id, toEntry(event, spec, known?.changed ?? event.born))
    return true
  }

  /** The line of a job's birth may come after those of its changes; it has what they do not repeat. */
  #addBirth({ id, born, spec }: JobEvent, known: IndexEntry): boolean {
    if (spec === undefined || known.spec !== undefined || known.born !== born) return false
    this.#entries.set(id, { ...known, spec })
    return true
  }

  /** The job that was there before goes on until it is certain that another was born in its place. */
  #applyDisplaced(event: JobEvent, displaced: IndexEntry): boolean {
    if (event.broken !== undefined || event.revision <= displaced.revision) return false
    if (event.removed === true) this.#displaced.delete(event.id)
    else this.#displaced.set(event.id, toEntry(event, event.spec ?? displaced.spec, displaced.changed))
    return true
  }

  /** @param broken empty when the job has been mended; what it asks for may have become something else by that */
  #setBroken({ broken: before, ...known }: IndexEntry, broken: string, spec = known.spec): boolean {
    const entry = spec === undefined ? known : { ...known, spec }
    this.#entries.set(known.id, broken === '' ? entry : { ...entry, broken })
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

  /** An event that came to nothing stays pending while it is current: whoever asks looks into the folder. */
  #settle(by: string, done: number, voided: readonly number[], changed: JobEvent[]): void {
    // A copy: what came to nothing is put back while this goes on.
    const own = [...(this.#pending.get(by)?.values() ?? [])]
    for (const announced of own) {
      if (announced.n > done) continue
      const { event } = announced
      const isVoid = announced.isVoid === true || voided.includes(announced.n)
      const displaced = this.#displaced.get(event.id)
      if (isVoid && displaced?.born === event.born) this.#displaced.delete(event.id)
      if (displaced !== undefined && this.#entries.get(event.id)?.born === event.born) {
        if (isVoid) this.#entries.set(event.id, displaced)
        this.#displaced.delete(event.id)
      } else if (isVoid && this.#isCurrent(event)) {
        this.#dropPending(announced)
        this.#addPending({ ...announced, isVoid: true })
        continue
      }
      // Whoever looked into the folder meanwhile may have set the entry back to what stood there.
      if (!isVoid && this.#applyEvent(event)) changed.push(event)
      this.#dropPending(announced)
      if (!isVoid) this.#dropOutdated(event)
    }
  }

  /** A revision that was made decides all before it: they were made, or never will be. */
  #dropOutdated({ id, born, revision }: Pick<JobEvent, 'id' | 'born' | 'revision'>): void {
    for (const announced of this.#pendingOf.get(id) ?? []) {
      const { event } = announced
      if (event.born < born || (event.born === born && event.revision <= revision)) this.#dropPending(announced)
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

  /** Whether the entry is just what was announced. */
  #isCurrent({ id, born, revision, removed }: JobEvent): boolean {
    if (removed === true) return this.#removed.get(id) === born
    const entry = this.#entries.get(id)
    return entry !== undefined && entry.born === born && entry.revision === revision
  }
}

function isNotNewer(event: JobEvent, known: IndexEntry): boolean {
  return event.born < known.born || (event.born === known.born && event.revision <= known.revision)
}

function toEntry(event: JobEvent, spec: SpecificationRecord | undefined, before: string): IndexEntry {
  return {
    id: event.id,
    born: event.born,
    revision: event.revision,
    state: event.state,
    attempt: event.attempt,
    ...(event.launcher === undefined ? {} : { launcher: event.launcher }),
    ...(event.kill === undefined ? {} : { kill: event.kill }),
    ...(event.notBefore === undefined ? {} : { notBefore: event.notBefore }),
    changed: event.history.at(-1)?.time ?? before,
    ...(spec === undefined ? {} : { spec }),
  }
}

/**
 * The pending changes: announced by their writers, but not confirmed yet. A void one stays until
 * better information about its job arrives.
 */
import type { JobId } from '../job/id.ts'
import type { JobSpec } from '../job/job-spec.ts'
import type { JobEvent } from './journal-events.ts'

/** A change that was announced but not confirmed. */
export interface Announced {
  readonly by: string
  readonly n: number
  readonly event: JobEvent
  /** It was not made, and no replacement has been reported since. */
  readonly isVoid?: true
}

/** The revision of a birth. */
export const FIRST_REVISION = 1

type Change = Pick<JobEvent, 'id' | 'born' | 'revision'>

export class PendingChanges {
  /** By writer and number. */
  readonly #byWriter = new Map<string, Map<number, Announced>>()
  readonly #byJob = new Map<JobId, Set<Announced>>()

  /** The changes of a job. */
  of(id: JobId): ReadonlySet<Announced> | undefined {
    return this.#byJob.get(id)
  }

  /** The jobs with such changes. */
  jobs(): IterableIterator<JobId> {
    return this.#byJob.keys()
  }

  all(): Announced[] {
    return [...this.#byJob.values()].flatMap((announced) => [...announced])
  }

  /** True if the job born at `born` has any such change. */
  has({ id, born }: Pick<Change, 'id' | 'born'>): boolean {
    for (const { event } of this.#byJob.get(id) ?? []) if (event.born === born) return true
    return false
  }

  /** The specification in such a change of the job. */
  specOf({ id, born }: Pick<Change, 'id' | 'born'>): JobSpec | undefined {
    for (const { event } of this.#byJob.get(id) ?? [])
      if (event.born === born && event.spec !== undefined) return event.spec
    return undefined
  }

  add(announced: Announced): void {
    const { by, n, event } = announced
    let events = this.#byWriter.get(by)
    if (events === undefined) this.#byWriter.set(by, (events = new Map()))
    if (events.has(n)) return
    events.set(n, announced)
    const others = this.#byJob.get(event.id)
    if (others === undefined) this.#byJob.set(event.id, new Set([announced]))
    else others.add(announced)
  }

  /**
   * Removes the changes of a writer up to number `done`, one by one, in order. The caller may add
   * others meanwhile.
   */
  *take(by: string, done: number): Generator<Announced> {
    // A copy, because the caller may add a change back as void.
    const own = [...(this.#byWriter.get(by)?.values() ?? [])]
    for (const announced of own) {
      if (announced.n > done) continue
      this.#drop(announced)
      yield announced
    }
  }

  /** A committed revision decides all earlier ones, and withdrawn births. */
  dropOutdated({ id, born, revision }: Change): void {
    for (const announced of this.#byJob.get(id) ?? []) {
      const { event, isVoid = false } = announced
      const isBefore = event.born === born && event.revision <= revision
      if (isBefore || (isVoid && event.revision === FIRST_REVISION)) this.#drop(announced)
    }
  }

  #drop(announced: Announced): void {
    const { by, n, event } = announced
    const events = this.#byWriter.get(by)
    events?.delete(n)
    if (events?.size === 0) this.#byWriter.delete(by)
    const others = this.#byJob.get(event.id)
    others?.delete(announced)
    if (others?.size === 0) this.#byJob.delete(event.id)
  }
}

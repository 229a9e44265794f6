/**
 * Tracks the jobs that wait for parents. Before a child starts, the parent's own folder is read.
 * Nothing is scanned: children are stored by parent, and the journal reports a parent's end.
 */
import { BjobError } from '../core/text/errors.ts'
import type { Orphaned } from '../core/life/history-event.ts'
import { type JobEntry, specOf } from '../core/index/job-entry.ts'
import { isEnded } from '../core/life/states.ts'
import { readJobState } from '../site/job/jobs.ts'
import type { Site } from '../site/site.ts'
import { refreshNames } from '../site/disk/job-folder.ts'

export type Readiness =
  | { readonly kind: 'free' }
  | { readonly kind: 'waits' }
  | { readonly kind: 'orphaned'; readonly event: Orphaned }

export class Parents {
  readonly #site: Site
  readonly #children = new Map<string, Set<string>>()
  /** Unfinished parents by child: read again only when they end. */
  readonly #open = new Map<string, Set<string>>()
  /** Finished parents, not read again for each of their children. */
  readonly #finished = new Set<string>()

  constructor(site: Site) {
    this.#site = site
  }

  /**
   * Decides if a job's parents let it start. A waiting job is stored under each unfinished parent.
   */
  async check(entry: JobEntry): Promise<Readiness> {
    const { parents, waitForParents } = specOf(entry)
    if (!waitForParents) return { kind: 'free' }
    const open = this.#openOf(entry.id)
    let waits = false
    for (const parent of parents) {
      if (this.#finished.has(parent)) continue
      if (open.has(parent)) {
        waits = true
        continue
      }
      // Added before the look, so that a parent that ends right after it wakes the child.
      this.#addChild(parent, entry.id)
      const readiness = await this.#look(parent)
      if (readiness.kind === 'orphaned') return readiness
      if (readiness.kind === 'free') this.#finished.add(parent)
      else {
        waits = true
        // If the parent ended meanwhile, the child is judged again.
        if (this.#children.get(parent)?.has(entry.id) === true) open.add(parent)
      }
    }
    if (!waits) this.#open.delete(entry.id)
    return { kind: waits ? 'waits' : 'free' }
  }

  /** Removes and returns the jobs that waited for `parent`, to be judged again. */
  takeChildren(parent: string): string[] {
    const children = [...(this.#children.get(parent) ?? [])]
    for (const child of children) this.#open.get(child)?.delete(parent)
    this.#children.delete(parent)
    this.#finished.delete(parent)
    return children
  }

  #openOf(child: string): Set<string> {
    let open = this.#open.get(child)
    if (open === undefined) this.#open.set(child, (open = new Set()))
    return open
  }

  #addChild(parent: string, child: string): void {
    const children = this.#children.get(parent)
    if (children === undefined) this.#children.set(parent, new Set([child]))
    else children.add(child)
  }

  async #look(parent: string): Promise<Readiness> {
    try {
      await refreshNames(this.#site, parent)
      const { state } = await readJobState(this.#site, parent)
      if (state === 'JOB_FINISHED') return { kind: 'free' }
      return isEnded(state) ? { kind: 'orphaned', event: { kind: 'orphaned', parent, state } } : { kind: 'waits' }
    } catch (error) {
      if (!(error instanceof BjobError)) throw error
      // A newer bjob owns the parent; its launchers report the outcome.
      if (error.code === 'newer-format') return { kind: 'waits' }
      const why = error.code === 'unknown-job' ? {} : { reason: error.message }
      return { kind: 'orphaned', event: { kind: 'orphaned', parent, ...why } }
    }
  }
}

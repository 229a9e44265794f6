/**
 * Which jobs wait for which parents. A parent's end is looked up in its own folder before a child is let go; nobody scans: children are kept by
 * parent, and the journal says when a parent has ended.
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
  /** By child, the parents that were seen not to have ended: they are looked at again when they have, not whenever another one has. */
  readonly #open = new Map<string, Set<string>>()
  /** Parents known to be finished: they are not looked up again for the next of their thousand children. */
  readonly #finished = new Set<string>()

  constructor(site: Site) {
    this.#site = site
  }

  /** Whether a job's parents let it start; one that has to wait is remembered under each parent that it waits for. */
  async judge(entry: JobEntry): Promise<Readiness> {
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
      // Before looking: a parent that ends right after the look wakes its children, too.
      this.#addChild(parent, entry.id)
      const verdict = await this.#look(parent)
      if (verdict.kind === 'orphaned') return verdict
      if (verdict.kind === 'free') this.#finished.add(parent)
      else {
        waits = true
        // Unless it has ended since: then the child is judged anew, and that parent looked at.
        if (this.#children.get(parent)?.has(entry.id) === true) open.add(parent)
      }
    }
    if (!waits) this.#open.delete(entry.id)
    return { kind: waits ? 'waits' : 'free' }
  }

  /** The jobs that waited for `parent`, which has changed: judge them again. */
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
      // A newer bjob's: its launchers will say what became of it.
      if (error.code === 'newer-format') return { kind: 'waits' }
      const why = error.code === 'unknown-job' ? {} : { reason: error.message }
      return { kind: 'orphaned', event: { kind: 'orphaned', parent, ...why } }
    }
  }
}

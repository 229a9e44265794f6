/**
 * All jobs as they are now, for queries: the folded journal, kept open so that asking again costs what changed. What the journal only
 * announced is looked up in the job's folder before anybody believes it.
 */
import type { JobId } from '../core/id.ts'
import type { IndexEntry } from '../core/job-index.ts'
import { JobView } from '../site/job-view.ts'
import { readEntry } from '../site/scan.ts'
import type { Site } from '../site/site.ts'

export class Catalogue {
  readonly #site: Site
  #view: Promise<JobView> | undefined
  /** Ids that the journal had news of since `changedOf` was called. */
  #news: Set<JobId> | undefined
  #isUnsure = false

  constructor(site: Site) {
    this.#site = site
  }

  /** Every job, once, in no order. */
  async entries(): Promise<IndexEntry[]> {
    const view = await this.#refreshed()
    const doubtful = new Map<JobId, IndexEntry | undefined>()
    const ids = [...view.index.pendingIds()]
    for (const id of ids) doubtful.set(id, await this.#lookUp(id, view))
    const entries: IndexEntry[] = []
    for (const entry of view.index.entries()) {
      if (!doubtful.has(entry.id)) entries.push(entry)
    }
    // Those too that the journal takes for removed, while their folder is still there.
    for (const actual of doubtful.values()) if (actual !== undefined) entries.push(actual)
    return entries
  }

  /** One job, from the journal or its folder; `undefined` when there is none. */
  async get(id: JobId): Promise<IndexEntry | undefined> {
    const view = await this.#refreshed()
    const known = view.index.get(id)
    return known === undefined || view.index.isPending(id) ? this.#lookUp(id, view) : known
  }

  /**
   * Those of `ids` that may have changed since this was last called: all of them the first time, then the ones that the journal has news of,
   * and those in doubt.
   */
  async changedOf(ids: ReadonlySet<JobId>): Promise<JobId[]> {
    const view = await this.#refreshed()
    const news = this.#news
    this.#news = new Set(view.index.pendingIds())
    this.#isUnsure = [...this.#news].some((id) => ids.has(id))
    return news === undefined ? [...ids] : [...news].filter((id) => ids.has(id))
  }

  /** Whether a job that `changedOf` told of is in doubt: look again soon. */
  get isUnsure(): boolean {
    return this.#isUnsure
  }

  async #refreshed(): Promise<JobView> {
    if (this.#view === undefined) {
      this.#view = JobView.open(this.#site, 'all')
      return this.#view
    }
    const view = await this.#view
    for (const { id } of await view.refresh()) this.#news?.add(id)
    return view
  }

  async #lookUp(id: JobId, view: JobView): Promise<IndexEntry | undefined> {
    const { disk, layout } = this.#site
    const { dir } = layout.job(id)
    const entry = await readEntry(this.#site, id)
    if (entry !== undefined) return entry
    // A job whose files are broken is still a job: what the journal says of it is the best there is.
    return (await disk.stat(dir)) === undefined ? undefined : view.index.get(id)
  }
}

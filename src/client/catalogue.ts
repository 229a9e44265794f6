/**
 * All jobs as they are now, for queries: the folded journal, kept open so that asking again costs what changed. What the journal only
 * announced is looked up in the job's folder before anybody believes it.
 */
import { type JobId, isJobId } from '../core/id.ts'
import type { IndexEntry } from '../core/job-index.ts'
import { mapConcurrently } from '../lib/concurrently.ts'
import { JobView } from '../site/job-view.ts'
import { readEntry } from '../site/scan.ts'
import type { Site } from '../site/site.ts'

/** To look into the folders of so many jobs is less work than to read what the journal has of all. */
const FEW = 100
const AT_ONCE = 16

export interface Follower {
  /** Those of `ids` that may have changed since this was last called: all the first time, then those of which there is news, and those in doubt. */
  readonly changedOf: (ids: ReadonlySet<JobId>) => Promise<JobId[]>
  /** Whether a job that `changedOf` told of is in doubt: look again soon. */
  isUnsure: boolean
  readonly stop: () => void
}

export class Catalogue {
  readonly #site: Site
  #view: Promise<JobView> | undefined
  /** By follower, the ids that the journal had news of since it last asked. */
  readonly #news = new Map<Follower, Set<JobId>>()

  constructor(site: Site) {
    this.#site = site
  }

  /**
   * Every job, once, in no order.
   * @param only of these ids at most: of few, nothing else is read
   */
  async entries(only?: ReadonlySet<JobId>): Promise<IndexEntry[]> {
    if (only !== undefined) {
      const isForFolders = this.#view === undefined && only.size <= FEW
      const view = isForFolders ? undefined : await this.#refreshed()
      const found = await mapConcurrently(only, AT_ONCE, (id) => this.#find(id, view))
      return found.filter((entry) => entry !== undefined)
    }
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

  /** Looks again and again at what has changed, beside others who do. */
  follow(): Follower {
    const follower: Follower = {
      isUnsure: false,
      changedOf: async (ids) => {
        const view = await this.#refreshed()
        const news = this.#news.get(follower)
        const pending = new Set(view.index.pendingIds())
        this.#news.set(follower, pending)
        follower.isUnsure = [...pending].some((id) => ids.has(id))
        return news === undefined ? [...ids] : [...news].filter((id) => ids.has(id))
      },
      stop: () => this.#news.delete(follower),
    }
    return follower
  }

  /** One job, from `view` as it is now or, without it, from the folder alone; `undefined` when there is none. */
  async #find(id: JobId, view: JobView | undefined): Promise<IndexEntry | undefined> {
    if (!isJobId(id)) return undefined
    if (view !== undefined) return this.#getFrom(view, id)
    const entry = await readEntry(this.#site, id)
    // There is none, or its files are broken.
    if (entry !== undefined || (await this.#site.disk.stat(this.#site.layout.job(id).dir)) === undefined) return entry
    return this.#getFrom(await this.#refreshed(), id)
  }

  async #getFrom(view: JobView, id: JobId): Promise<IndexEntry | undefined> {
    const known = view.index.get(id)
    return known === undefined || view.index.isPending(id) ? this.#lookUp(id, view) : known
  }

  async #refreshed(): Promise<JobView> {
    if (this.#view === undefined) {
      this.#view = JobView.open(this.#site, 'all')
      return this.#view
    }
    const view = await this.#view
    for (const { id } of await view.refresh()) for (const news of this.#news.values()) news.add(id)
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

/**
 * All jobs for queries: the index, kept open so that repeated queries cost only the changes.
 * Unconfirmed changes are checked in the job's folder.
 */
import { type JobId, isJobId } from '../../core/job/id.ts'
import type { JobEntry } from '../../core/index/job-entry.ts'
import { mapConcurrently, AT_ONCE } from '../../lib/concurrently.ts'
import { JobView } from '../../site/view/job-view.ts'
import { JournalNews } from '../../site/view/journal-news.ts'
import { readEntry } from '../../site/view/scan.ts'
import type { Site } from '../../site/site.ts'
import { hasJob } from '../../site/disk/job-folder.ts'
import { type Follower, Following } from './follower.ts'

/** Up to this many jobs, reading folders is cheaper than reading the whole journal. */
const FEW = 100
interface OpenView {
  readonly view: JobView
  readonly following: Following
}

export class Catalogue {
  readonly #site: Site
  #open: Promise<OpenView> | undefined
  /** The source for queries of few jobs, as long as no larger one has come. */
  #news: Promise<Following | undefined> | undefined

  constructor(site: Site) {
    this.#site = site
  }

  /**
   * Every job once, unordered.
   * @param only restricts to these ids; for few, only their folders are read
   */
  async entries(only?: ReadonlySet<JobId>): Promise<JobEntry[]> {
    if (only !== undefined) {
      const isForFolders = this.#open === undefined && only.size <= FEW
      const view = isForFolders ? undefined : await this.#refreshed()
      const found = await mapConcurrently(only, AT_ONCE, (id) => this.#find(id, view))
      return found.filter((entry) => entry !== undefined)
    }
    const view = await this.#refreshed()
    const doubtful = new Map<JobId, JobEntry | undefined>()
    const ids = [...view.index.pendingIds()]
    for (const id of ids) doubtful.set(id, await this.#lookUp(id, view))
    const entries: JobEntry[] = []
    for (const entry of view.index.entries()) {
      if (!doubtful.has(entry.id)) entries.push(entry)
    }
    // Includes jobs that the journal lists as removed while their folder still exists.
    for (const actual of doubtful.values()) if (actual !== undefined) entries.push(actual)
    return entries
  }

  /** Follows changes of `ids`, or subsets, sharing one source of news. */
  async follow(ids: ReadonlySet<JobId>): Promise<Follower> {
    const news = this.#open === undefined && ids.size <= FEW ? await this.#openedNews() : undefined
    return (news ?? (await this.#opened()).following).follow()
  }

  /** One job, from `view` or, without it, from the folder alone; `undefined` if there is none. */
  async #find(id: JobId, view: JobView | undefined): Promise<JobEntry | undefined> {
    if (!isJobId(id)) return undefined
    if (view !== undefined) return this.#getFrom(view, id)
    const entry = await readEntry(this.#site, id)
    // It does not exist, or its files are broken.
    if (entry !== undefined || !(await hasJob(this.#site, id))) return entry
    return this.#getFrom(await this.#refreshed(), id)
  }

  async #getFrom(view: JobView, id: JobId): Promise<JobEntry | undefined> {
    const known = view.index.get(id)
    return known === undefined || view.index.isPending(id) ? this.#lookUp(id, view) : known
  }

  async #refreshed(): Promise<JobView> {
    const isNew = this.#open === undefined
    const { view, following } = await this.#opened()
    if (!isNew) await following.refresh()
    return view
  }

  #openedNews(): Promise<Following | undefined> {
    return (this.#news ??= forgetIfFailed(openNews(this.#site), () => (this.#news = undefined)))
  }

  #opened(): Promise<OpenView> {
    return (this.#open ??= forgetIfFailed(openView(this.#site), () => (this.#open = undefined)))
  }

  async #lookUp(id: JobId, view: JobView): Promise<JobEntry | undefined> {
    const entry = await readEntry(this.#site, id)
    if (entry !== undefined) return entry
    // A job with broken files is still a job; the journal has the best information.
    return (await hasJob(this.#site, id)) ? view.index.get(id) : undefined
  }
}

async function openView(site: Site): Promise<OpenView> {
  const view = await JobView.open(site, 'all')
  return {
    view,
    following: new Following({ refresh: () => view.refresh(), pendingIds: () => view.index.pendingIds() }),
  }
}

async function openNews(site: Site): Promise<Following | undefined> {
  const news = await JournalNews.open(site)
  return news && new Following(news)
}

/** Keeps the result once open; after a failure, the next call tries again. */
async function forgetIfFailed<T>(opening: Promise<T>, forget: () => void): Promise<T> {
  try {
    return await opening
  } catch (error) {
    forget()
    throw error
  }
}

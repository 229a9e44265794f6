/** Several followers of changes that share one source of news. */
import type { JobId } from '../../core/job/id.ts'

export interface NewsSource {
  /** Reads news. @returns the jobs changed since the last call, or `all` if any may have changed */
  readonly refresh: () => Promise<Iterable<JobId> | 'all'>
  /** Jobs with an unconfirmed change. */
  readonly pendingIds: () => Iterable<JobId>
}

export interface Follower {
  /**
   * The jobs of `ids` that may have changed since the last call: all at first, then changed and
   * unconfirmed ones.
   */
  readonly changedOf: (ids: ReadonlySet<JobId>) => Promise<JobId[]>
  /** True if a job from `changedOf` is unconfirmed: look again soon. */
  isUnsure: boolean
  readonly stop: () => void
}

export class Following {
  readonly #source: NewsSource
  /** Changed ids since the last call, by follower. */
  readonly #news = new Map<Follower, Set<JobId>>()

  constructor(source: NewsSource) {
    this.#source = source
  }

  /** Updates the source and stores the news for each follower. */
  async refresh(): Promise<void> {
    const told = await this.#source.refresh()
    if (told === 'all') this.#news.clear()
    else for (const id of told) for (const news of this.#news.values()) news.add(id)
  }

  follow(): Follower {
    const follower: Follower = {
      isUnsure: false,
      changedOf: async (ids) => {
        await this.refresh()
        const news = this.#news.get(follower)
        const pending = new Set(this.#source.pendingIds())
        this.#news.set(follower, pending)
        follower.isUnsure = [...pending].some((id) => ids.has(id))
        return news === undefined ? [...ids] : [...news].filter((id) => ids.has(id))
      },
      stop: () => this.#news.delete(follower),
    }
    return follower
  }
}

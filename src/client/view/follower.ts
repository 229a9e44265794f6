/** Several who look again and again at what has changed, each for itself, in one source of news. */
import type { JobId } from '../../core/job/id.ts'

export interface NewsSource {
  /** Reads what is new. @returns the jobs that were told of since the last call, or `all` when any may have changed */
  readonly refresh: () => Promise<Iterable<JobId> | 'all'>
  /** The jobs in doubt: a change was announced that may or may not have been made. */
  readonly pendingIds: () => Iterable<JobId>
}

export interface Follower {
  /** Those of `ids` that may have changed since this was last called: all the first time, then those of which there is news, and those in doubt. */
  readonly changedOf: (ids: ReadonlySet<JobId>) => Promise<JobId[]>
  /** Whether a job that `changedOf` told of is in doubt: look again soon. */
  isUnsure: boolean
  readonly stop: () => void
}

export class Following {
  readonly #source: NewsSource
  /** By follower, the ids that there was news of since it last asked. */
  readonly #news = new Map<Follower, Set<JobId>>()

  constructor(source: NewsSource) {
    this.#source = source
  }

  /** Brings the source up to date; what is new is kept for each follower. */
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

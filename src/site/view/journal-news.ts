/**
 * News of jobs from now on, without an index: the unconfirmed changes of the last snapshot, and
 * later journal lines. The cost depends on recent changes, not on the number of jobs.
 */
import type { JobId } from '../../core/job/id.ts'
import { JobIndex } from '../../core/index/job-index.ts'
import { JournalReader } from '../journal/journal-reader.ts'
import { JournalMark } from '../journal/journal-mark.ts'
import type { Site } from '../site.ts'
import { totalBytes } from '../journal/position.ts'
import { type Header, fitsJournals, isOutdated, readHeader } from './snapshot.ts'

export class JournalNews {
  readonly #reader: JournalReader
  /** Jobs changed since the snapshot. */
  readonly #index = new JobIndex('live')

  private constructor(site: Site, header: Header) {
    this.#reader = new JournalReader(site, header.positions)
    this.#index.restore([], header)
  }

  /**
   * @returns undefined without a recent snapshot, if the journal must be rebuilt, or if folders may
   *   be outdated: use a `JobView`
   */
  static async open(site: Site): Promise<JournalNews | undefined> {
    if (site.disk.staleMs > 0 || !(await new JournalMark(site).isWhole())) return undefined
    let bytes = 0
    for (const host of await new JournalReader(site).hosts())
      bytes += (await site.disk.stat(site.layout.journalOf(host)))?.size ?? 0
    const tailOf = ({ positions }: Header): number => bytes - totalBytes(positions)
    const usable: Header[] = []
    for (const name of ['live', 'all'] as const) {
      const header = await readHeader(site, name)
      if (header === undefined || isOutdated(tailOf(header), header.count)) continue
      if (await fitsJournals(site, header.positions)) usable.push(header)
    }
    const [header] = usable.toSorted((one, other) => tailOf(one) - tailOf(other))
    return header === undefined ? undefined : new JournalNews(site, header)
  }

  /** Reads news. @returns the jobs that were mentioned; `all` if the journal was replaced */
  async refresh(): Promise<Set<JobId> | 'all'> {
    const ids = new Set<JobId>()
    const isSame = await this.#reader.poll((line) => {
      if (line.event !== undefined) ids.add(line.event.id)
      for (const { id } of this.#index.apply(line)) ids.add(id)
    })
    this.#index.dropEnded()
    return isSame ? ids : 'all'
  }

  /** Jobs with an unconfirmed change. */
  pendingIds(): Iterable<JobId> {
    return this.#index.pendingIds()
  }
}

/**
 * What is said of jobs from now on, without knowing which there are: of the last snapshot only what was in doubt then, and the journals since.
 * It costs what has changed lately, however many jobs there are.
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
  /** Of those that were changed since the snapshot. */
  readonly #index = new JobIndex('live')

  private constructor(site: Site, header: Header) {
    this.#reader = new JournalReader(site, header.positions)
    this.#index.restore([], header)
  }

  /**
   * @returns undefined where no snapshot is new enough, or the journal has to be made again: a `JobView` sees to either; and where a folder may
   *   look for a while as it was before the news of it: a `JobView` knows better
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

  /** Reads what is new. @returns the jobs that were told of, whatever came of that; `all` when the journal is not the one that was read before */
  async refresh(): Promise<Set<JobId> | 'all'> {
    const ids = new Set<JobId>()
    const isSame = await this.#reader.poll((line) => {
      if (line.event !== undefined) ids.add(line.event.id)
      for (const { id } of this.#index.apply(line)) ids.add(id)
    })
    this.#index.dropEnded()
    return isSame ? ids : 'all'
  }

  /** The jobs of which a change was announced that may or may not have been made. */
  pendingIds(): Iterable<JobId> {
    return this.#index.pendingIds()
  }
}

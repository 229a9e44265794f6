/**
 * The jobs of a site as this process knows them: a snapshot, then every journal line since. `refresh` costs what has changed, not what there is.
 */
import type { JobEvent, JournalLine } from '../../core/index/events.ts'
import { JobIndex } from '../../core/index/job-index.ts'
import { JournalReader, type Positions } from '../journal/journal-reader.ts'
import { isForbidden } from '../disk/disk.ts'
import { isJournalWhole, retellAll } from './retell.ts'
import { scanJobs } from './scan.ts'
import type { Site } from '../site.ts'
import { type SnapshotName, isOutdated, readSnapshot, totalBytes, writeSnapshot } from './snapshot.ts'

export class JobView {
  readonly #site: Site
  readonly #name: SnapshotName
  readonly #reader: JournalReader
  readonly index: JobIndex
  #snapshotBytes: number

  private constructor(site: Site, name: SnapshotName, index: JobIndex, positions: Positions) {
    this.#site = site
    this.#name = name
    this.index = index
    this.#reader = new JournalReader(site.disk, site.layout, positions)
    this.#snapshotBytes = totalBytes(positions)
  }

  /** Opens the view and brings it up to date. A journal that was deleted, all or in part, is made again from the folders first. */
  static async open(site: Site, name: SnapshotName): Promise<JobView> {
    const hosts = new Set(await new JournalReader(site.disk, site.layout).hosts())
    const snapshot = await readSnapshot(site, name)
    const isUsable = snapshot !== undefined && Object.keys(snapshot.positions).every((host) => hosts.has(host))
    const isWhole = (snapshot === undefined || isUsable) && (await isJournalWhole(site))
    if (!isWhole && !(await tryRetell(site))) return new JobView(site, name, await scanJobs(site), {})
    const start = isWhole && isUsable ? snapshot : { index: new JobIndex(name), positions: {} }
    const view = new JobView(site, name, start.index, start.positions)
    await view.#read((line) => void view.index.apply(line))
    return view
  }

  get positions(): Positions {
    return this.#reader.positions
  }

  /** Reads what is new. @returns the events that made a difference, in no order across journals */
  async refresh(): Promise<JobEvent[]> {
    const events: JobEvent[] = []
    await this.#read((line) => events.push(...this.index.apply(line)))
    return events
  }

  async #read(take: (line: JournalLine) => void): Promise<void> {
    await this.#reader.poll(take)
    this.index.dropEnded()
    if (isOutdated(totalBytes(this.positions) - this.#snapshotBytes, this.index.size)) await this.save()
  }

  /** Writes the snapshot; where that is not allowed, others will. */
  async save(): Promise<void> {
    this.#snapshotBytes = totalBytes(this.positions)
    try {
      await writeSnapshot(this.#site, this.#name, this.index, this.positions)
    } catch {
      // A cache: a reader without the right to write, or a full disk, goes on without.
    }
  }
}

/** @returns false where this process may not write: it has to look into the folders, each time */
async function tryRetell(site: Site): Promise<boolean> {
  try {
    await retellAll(site)
    return true
  } catch (error) {
    if (isForbidden(error)) return false
    throw error
  }
}

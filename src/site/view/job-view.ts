/**
 * The jobs of a site as this process knows them: a snapshot, then every journal line since. `refresh` costs what has changed, not what there is.
 */
import type { JournalLine } from '../../core/index/journal-events.ts'
import { JobIndex } from '../../core/index/job-index.ts'
import { JournalReader } from '../journal/journal-reader.ts'
import { type Positions, totalBytes } from '../journal/position.ts'
import type { JobId } from '../../core/job/id.ts'
import { isForbidden } from '../disk/disk.ts'
import { JournalMark } from '../journal/journal-mark.ts'
import { retellAll } from './retell.ts'
import { scanJobs } from './scan.ts'
import type { Site } from '../site.ts'
import { type SnapshotName, fitsJournals, isOutdated, readSnapshot, writeSnapshot } from './snapshot.ts'

export class JobView {
  readonly #site: Site
  readonly #name: SnapshotName
  #reader: JournalReader
  readonly index: JobIndex
  #snapshotBytes: number
  /** A journal turned out to be another than the one that was read. */
  #isReplaced = false

  private constructor(site: Site, name: SnapshotName, index: JobIndex, positions: Positions) {
    this.#site = site
    this.#name = name
    this.index = index
    this.#reader = new JournalReader(site, positions)
    this.#snapshotBytes = totalBytes(positions)
  }

  /**
   * Opens the view and brings it up to date. A journal that was deleted, shortened or put back from a backup, all or in part, is made again from the
   * folders first.
   */
  static async open(site: Site, name: SnapshotName): Promise<JobView> {
    const snapshot = await readSnapshot(site, name)
    const isUsable = snapshot !== undefined && (await fitsJournals(site, snapshot.positions))
    const isWhole = (snapshot === undefined || isUsable) && (await new JournalMark(site).isWhole())
    if (!isWhole && !(await tryRetell(site))) return new JobView(site, name, await scanJobs(site), {})
    const start = isWhole && isUsable ? snapshot : { index: new JobIndex(name), positions: {} }
    const view = new JobView(site, name, start.index, start.positions)
    await view.#read((line) => void view.index.apply(line))
    // Until there is a snapshot that fits, everybody who comes would do that again.
    if (snapshot !== undefined && !isUsable) await view.save()
    return view
  }

  get positions(): Positions {
    return this.#reader.positions
  }

  /** Reads what is new. @returns the jobs of which something is */
  async refresh(): Promise<Set<JobId>> {
    const ids = new Set<JobId>()
    await this.#read((line) => {
      for (const { id } of this.index.apply(line)) ids.add(id)
    })
    if (this.#isReplaced) for (const id of await this.#rebuild()) ids.add(id)
    return ids
  }

  async #read(take: (line: JournalLine) => void): Promise<void> {
    if (!(await this.#reader.poll(take))) this.#isReplaced = true
    this.index.dropEnded()
    if (!this.#isReplaced && isOutdated(totalBytes(this.positions) - this.#snapshotBytes, this.index.size))
      await this.save()
  }

  /** The journal is not the one that the index was made of: the folders tell what is lost. @returns all jobs, those too that are gone */
  async #rebuild(): Promise<JobId[]> {
    const ids = [...this.index.entries()].map(({ id }) => id)
    const fresh = (await tryRetell(this.#site))
      ? new JobView(this.#site, this.#name, new JobIndex(this.#name), {})
      : new JobView(this.#site, this.#name, await scanJobs(this.#site), this.positions)
    await fresh.#read((line) => void fresh.index.apply(line))
    await fresh.save()
    for (const id of ids) if (fresh.index.get(id) === undefined) this.index.forget(id)
    this.index.restore(fresh.index.entries(), fresh.index.remainder())
    this.#reader = fresh.#reader
    this.#snapshotBytes = fresh.#snapshotBytes
    this.#isReplaced = false
    return [...ids, ...[...this.index.entries()].map(({ id }) => id)]
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

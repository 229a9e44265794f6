/**
 * The index of a site in this process: a snapshot plus all later journal lines. `refresh` costs
 * only the changes.
 */
import type { JournalLine } from '../../core/index/journal-events.ts'
import { JobIndex } from '../../core/index/job-index.ts'
import { JournalReader } from '../journal/journal-reader.ts'
import { type Positions, totalBytes } from '../journal/position.ts'
import type { JobId } from '../../core/job/id.ts'
import { codeOf, isForbidden } from '../disk/disk.ts'
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
  /** A journal was replaced by another one. */
  #isReplaced = false

  private constructor(site: Site, name: SnapshotName, index: JobIndex, positions: Positions) {
    this.#site = site
    this.#name = name
    this.index = index
    this.#reader = new JournalReader(site, positions)
    this.#snapshotBytes = totalBytes(positions)
  }

  /**
   * Opens the view and updates it. A deleted, shortened or restored journal is first rebuilt from
   * the folders.
   */
  static async open(site: Site, name: SnapshotName): Promise<JobView> {
    const snapshot = await readSnapshot(site, name)
    const isUsable = snapshot !== undefined && (await fitsJournals(site, snapshot.positions))
    const isWhole = (snapshot === undefined || isUsable) && (await new JournalMark(site).isWhole())
    if (!isWhole && !(await tryRetell(site))) return new JobView(site, name, await scanJobs(site), {})
    const start = isWhole && isUsable ? snapshot : { index: new JobIndex(name), positions: {} }
    const view = new JobView(site, name, start.index, start.positions)
    await view.#read((line) => void view.index.apply(line))
    // The journal may have been taken away during the read.
    if (isWhole && !(await new JournalMark(site).isWhole())) return JobView.open(site, name)
    // Without a valid snapshot, every reader would repeat this.
    if (snapshot !== undefined && !isUsable) await view.save()
    return view
  }

  get positions(): Positions {
    return this.#reader.positions
  }

  /** Reads news. @returns the changed jobs */
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

  /**
   * The journal differs from the indexed one: the folders have the missing changes. @returns all
   * jobs, including removed ones
   */
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

  /** Writes the snapshot, if permitted. */
  async save(): Promise<void> {
    this.#snapshotBytes = totalBytes(this.positions)
    try {
      await writeSnapshot(this.#site, this.#name, this.index, this.positions)
    } catch {
      // The snapshot is a cache: without permission or space, readers work without it.
    }
  }
}

/** @returns false without permission or space to write: then the folders are read each time */
async function tryRetell(site: Site): Promise<boolean> {
  try {
    return await retellAll(site)
  } catch (error) {
    if (isForbidden(error) || ['ENOSPC', 'EDQUOT'].includes(codeOf(error))) return false
    throw error
  }
}

/**
 * Snapshots of the folded journal, so that who starts reads what is there and the newest lines, not every line ever written. `all` has every
 * job, `live` those that have not ended. They are caches: deleted, damaged or behind, the journal makes them again.
 */
import { type IndexEntry, type IndexRemainder, JobIndex } from '../core/job-index.ts'
import { unlessGone } from './disk.ts'
import { replaceFile } from './files.ts'
import type { Positions } from './journal-reader.ts'
import type { Site } from './site.ts'

export type SnapshotName = 'all' | 'live'

interface Header extends IndexRemainder {
  readonly format: 1
  readonly positions: Positions
  readonly count: number
}

export interface Snapshot {
  readonly index: JobIndex
  readonly positions: Positions
}

/** @returns undefined when there is none that can be used */
export async function readSnapshot(site: Site, name: SnapshotName): Promise<Snapshot | undefined> {
  const text = await unlessGone(site.disk.readText(site.layout.snapshot(name)))
  if (text === undefined) return undefined
  try {
    const lines = text.split('\n')
    const header = JSON.parse(lines[0] ?? '') as Header
    if (header.format !== 1 || lines.length !== header.count + 2) return undefined
    const index = new JobIndex()
    index.restore(parseEntries(lines), header)
    return { index, positions: header.positions }
  } catch {
    return undefined
  }
}

function* parseEntries(lines: readonly string[]): Generator<IndexEntry> {
  for (let at = 1; at < lines.length - 1; at++) yield JSON.parse(lines[at] ?? '') as IndexEntry
}

/** Writes what `index` holds after reading the journals up to `positions`. */
export async function writeSnapshot(
  site: Site,
  name: SnapshotName,
  index: JobIndex,
  positions: Positions,
): Promise<void> {
  const header: Header = { format: 1, positions, count: index.size, ...index.remainder() }
  const parts = [JSON.stringify(header)]
  for (const entry of index.entries()) parts.push(JSON.stringify(entry))
  await site.disk.makeParents(site.layout.journal)
  await replaceFile(site.disk, site.layout.snapshot(name), `${parts.join('\n')}\n`, false)
}

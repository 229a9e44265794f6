/**
 * Snapshots of the index, so that a reader starts from there and reads only the newest lines. `all`
 * has every job, `live` the unfinished ones. They are caches: deleted, damaged or outdated ones are
 * rebuilt from the journal.
 */
import { type JobEntry, createEntry } from '../../core/index/job-entry.ts'
import { type JobEvent, decodeEvent } from '../../core/index/journal-events.ts'
import { type IndexRemainder, JobIndex } from '../../core/index/job-index.ts'
import type { Announced } from '../../core/index/pending-changes.ts'
import { type JobSpec, type SpecRecord, decodeSpec } from '../../core/job/job-spec.ts'
import type { State } from '../../core/life/states.ts'
import { FORMATS } from '../../core/text/formats.ts'
import { unlessGone } from '../disk/disk.ts'
import { replaceFile } from '../disk/files.ts'
import { refuseLinkedJournal } from '../journal/journal-folder.ts'
import { describeFault } from '../disk/own-file.ts'
import { type Positions, fits, readTail } from '../journal/position.ts'
import type { Site } from '../site.ts'

export type SnapshotName = 'all' | 'live'

/** The first line. */
export interface Header extends IndexRemainder {
  readonly format: typeof FORMATS.snapshot
  readonly positions: Positions
  /** Number of jobs that follow. */
  readonly count: number
}

/** As the file has it: what is asked of a job is a record there. */
type RecordedHeader = Omit<Header, 'pending' | 'rivals'> & {
  readonly pending: readonly (Omit<Announced, 'event'> & { readonly event: Recorded<JobEvent> })[]
  readonly rivals: readonly Recorded<JobEntry>[]
}

type Recorded<T extends { readonly spec?: JobSpec }> = Omit<T, 'spec'> & { readonly spec?: SpecRecord }

export interface Snapshot {
  readonly index: JobIndex
  readonly positions: Positions
}

/** An entry without keys, half the size. Rare fields come last and may be omitted. */
type Row = readonly [
  id: string,
  born: string,
  revision: number,
  state: State,
  attempt: number,
  /** 0: equal to the birth. */
  changed: string | 0,
  spec: SpecRecord | 0,
  launcher?: string | 0,
  rest?: RareFields,
]

type RareFields = Omit<JobEntry, 'id' | 'born' | 'revision' | 'state' | 'attempt' | 'changed' | 'spec' | 'launcher'>

const NOTHING_RARE: RareFields = {}

/**
 * A snapshot is rewritten after this much news, or half of its own reading cost: so writing costs a
 * fraction of the changes.
 */
const TAIL_BYTES = 1024 * 1024
/** Reading cost of a job in a snapshot, in bytes of a journal. */
const ENTRY_BYTES = 200

/** Maximum size decoded at once; a file may exceed the longest string. */
const CHUNK_BYTES = 1024 * 1024
/** Usual maximum of the first line, never as much as `MOST_HEADER_BYTES`. */
const HEADER_BYTES = 16 * 1024
const MOST_HEADER_BYTES = 256 * HEADER_BYTES * 16
const NEWLINE = 10

/**
 * True if a snapshot should be rewritten.
 * @param tailBytes size of later news
 * @param count number of jobs
 */
export function isOutdated(tailBytes: number, count: number): boolean {
  return tailBytes > Math.max(TAIL_BYTES, (count * ENTRY_BYTES) / 2)
}

/** True if the journals are still those read up to `positions`. Costs one read each. */
export async function fitsJournals(site: Site, positions: Positions): Promise<boolean> {
  for (const [host, position] of Object.entries(positions))
    if (!fits(position, await readTail(site.disk, site.layout.journalOf(host), position.at))) return false
  return true
}

/** Reads only a snapshot's first line. @returns undefined if there is no valid one */
export async function readHeader(site: Site, name: SnapshotName): Promise<Header | undefined> {
  for (let limit = HEADER_BYTES; limit <= MOST_HEADER_BYTES; limit *= 16) {
    const bytes = await readCache(site, name, limit)
    if (bytes === undefined) return undefined
    const end = bytes.indexOf(NEWLINE)
    if (end < 0 && bytes.length === limit) continue
    return end < 0 ? undefined : parseHeader(bytes.toString('utf8', 0, end))
  }
  return undefined
}

/** @returns undefined for a foreign or unreadable entry */
async function readCache({ disk, layout }: Site, name: SnapshotName, limit: number): Promise<Buffer | undefined> {
  const file = layout.snapshot(name)
  try {
    return await unlessGone(disk.readFrom(file, 0, limit, 'refuse'))
  } catch (error) {
    if (describeFault(error, file) === undefined) throw error
    return undefined
  }
}

function parseHeader(text: string): Header | undefined {
  try {
    const { pending, rivals, ...header } = JSON.parse(text) as RecordedHeader
    if (header.format !== FORMATS.snapshot) return undefined
    return {
      ...header,
      pending: pending.map(({ event: { spec, ...event }, ...rest }) => ({ ...rest, event: decodeEvent(event, spec) })),
      rivals: rivals.map(({ spec, ...entry }) => (spec === undefined ? entry : { ...entry, spec: decodeSpec(spec) })),
    }
  } catch {
    return undefined
  }
}

/** @returns undefined if there is no valid one */
export async function readSnapshot(site: Site, name: SnapshotName): Promise<Snapshot | undefined> {
  // Avoids reading gigabytes of a foreign file.
  if ((await readHeader(site, name)) === undefined) return undefined
  const bytes = await readCache(site, name, Number.MAX_SAFE_INTEGER)
  if (bytes === undefined) return undefined
  const end = bytes.indexOf(NEWLINE)
  const header = parseHeader(bytes.toString('utf8', 0, Math.max(0, end)))
  if (header === undefined) return undefined
  try {
    const index = new JobIndex(name)
    index.restore(readEntries(bytes, end + 1), header)
    return index.size === header.count ? { index, positions: header.positions } : undefined
  } catch {
    return undefined
  }
}

function* readEntries(bytes: Buffer, from: number): Generator<JobEntry> {
  for (let at = from; at < bytes.length;) {
    const end = bytes.indexOf(NEWLINE, Math.min(at + CHUNK_BYTES, bytes.length - 1)) + 1
    if (end === 0) throw new SyntaxError('its last line is truncated')
    for (const row of JSON.parse(`[${bytes.toString('utf8', at, end - 1).replaceAll('\n', ',')}]`) as Row[])
      yield fromRow(row)
    at = end
  }
}

/** Writes `index` as of the journals up to `positions`. */
export async function writeSnapshot(
  site: Site,
  name: SnapshotName,
  index: JobIndex,
  positions: Positions,
): Promise<void> {
  const header: Header = { format: FORMATS.snapshot, positions, count: index.size, ...index.remainder() }
  await site.disk.makeParents(site.layout.journal)
  await refuseLinkedJournal(site.disk, site.layout.journal)
  await replaceFile(site.disk, site.layout.snapshot(name), writeChunks(header, index.entries()), false)
}

function* writeChunks(header: Header, entries: Iterable<JobEntry>): Generator<string> {
  let chunk = `${JSON.stringify(header)}\n`
  for (const entry of entries) {
    chunk += `${JSON.stringify(toRow(entry))}\n`
    if (chunk.length < CHUNK_BYTES) continue
    yield chunk
    chunk = ''
  }
  yield chunk
}

function toRow({ id, born, revision, state, attempt, changed, spec, launcher, ...rest }: JobEntry): Row {
  const row = [id, born, revision, state, attempt, changed === born ? 0 : changed, spec?.record ?? 0] as const
  if (Object.keys(rest).length > 0) return [...row, launcher ?? 0, rest]
  return launcher === undefined ? row : [...row, launcher]
}

function fromRow([
  id,
  born,
  revision,
  state,
  attempt,
  changed,
  spec,
  launcher = 0,
  rest = NOTHING_RARE,
]: Row): JobEntry {
  const known = { revision, state, attempt, launcher: launcher === 0 ? undefined : launcher }
  const facts = rest === NOTHING_RARE ? known : { ...rest, ...known }
  const asked = spec === 0 ? undefined : decodeSpec(spec)
  const entry = createEntry(id, born, facts, changed === 0 ? born : changed, asked)
  return rest.broken === undefined ? entry : { ...entry, broken: rest.broken }
}

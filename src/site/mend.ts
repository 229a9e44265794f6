/** Mends what `fsck.ts` finds, where there is one right answer. The folder is the truth; where it is lost, what the journal says of it. */
import type { JobId } from '../core/id.ts'
import type { IndexEntry } from '../core/job-index.ts'
import { formatState } from '../core/state-document.ts'
import { formatYaml } from '../core/yaml-text.ts'
import { unlessGone } from './disk.ts'
import { replaceFile } from './files.ts'
import type { Finding } from './fsck.ts'
import { type JobRecord, foldEvents, readRecords } from './job-record.ts'
import { JobView } from './job-view.ts'
import { withLock } from './lock.ts'
import { markJournalWhole, tellJournal } from './retell.ts'
import { readEntry } from './scan.ts'
import type { Site } from './site.ts'

/** What was done about a finding; `undefined` when a person has to. */
export type Remedy = string | undefined

/** Mends all of `findings`, in their order. @returns what was done about each */
export async function mendSite(site: Site, findings: readonly Finding[]): Promise<Remedy[]> {
  const lost = findings.flatMap(({ kind, id }) =>
    id !== undefined && ['lost-state', 'lost-specification', 'state-behind'].includes(kind) ? [id] : [],
  )
  const records = lost.length === 0 ? new Map<JobId, JobRecord>() : await readRecords(site, new Set(lost))
  const remedies = new Map<Finding, Remedy>()
  for (const finding of order(findings)) remedies.set(finding, await mend(site, finding, records))
  await takeBack(site, findings, remedies)
  await markJournalWhole(site)
  for (const name of ['all', 'live'] as const) await (await JobView.open(site, name)).save()
  return findings.map((finding) => remedies.get(finding))
}

/** What was set aside for a file that is whole again may be run. */
async function takeBack(
  site: Site,
  findings: readonly Finding[],
  remedies: ReadonlyMap<Finding, Remedy>,
): Promise<void> {
  const mended = new Set(
    findings.flatMap((finding) =>
      finding.kind.startsWith('lost-') && remedies.get(finding) !== undefined && finding.id !== undefined
        ? [finding.id]
        : [],
    ),
  )
  for (const id of mended) {
    const entry = await readEntry(site, id)
    if (entry !== undefined) await tellMended(site, entry)
  }
}

/** Files first: what is told to the journal is read from them. */
function order(findings: readonly Finding[]): Finding[] {
  const isLate = ({ kind }: Finding): boolean => ['not-in-journal', 'journal-behind'].includes(kind)
  return [...findings.filter((finding) => !isLate(finding)), ...findings.filter(isLate)]
}

async function mend(site: Site, finding: Finding, records: ReadonlyMap<JobId, JobRecord>): Promise<Remedy> {
  const { kind, path, id, entry } = finding
  const { disk } = site
  const record = id === undefined ? undefined : records.get(id)
  switch (kind) {
    case 'leftover-aside':
      await disk.removeAll(path)
      return 'removed'
    case 'leftover-draft':
    case 'leftover-revision':
      await unlessGone(disk.unlink(path))
      return 'removed'
    case 'leftover-lock':
      await unlessGone(disk.rmdir(path))
      return 'removed'
    case 'lost-state':
    case 'state-behind':
      return id === undefined || record === undefined ? undefined : rebuildState(site, id, record, finding.revision)
    case 'lost-specification':
      if (record?.spec === undefined) return undefined
      await replaceFile(disk, path, formatYaml(record.spec))
      return 'written again from the journal'
    case 'not-in-journal':
    case 'journal-behind':
      if (id === undefined) return undefined
      await tellJournal(site, id)
      return 'told to the journal'
    case 'mended':
      return entry === undefined ? undefined : tellMended(site, entry)
    case 'no-folder':
      if (entry === undefined) return undefined
      await tellRemoved(site, entry)
      return 'the journal is told that it is gone'
    case 'broken-specification':
    case 'unreadable-lines':
    case 'foreign':
      break
  }
  return undefined
}

async function rebuildState(site: Site, id: JobId, { events }: JobRecord, upTo: number | undefined): Promise<Remedy> {
  const state = foldEvents(events, upTo)
  if (state === undefined) return undefined
  const paths = site.layout.job(id)
  return withLock(site.disk, paths, async () => {
    await replaceFile(site.disk, paths.state, formatState(state))
    return `written again from the journal: ${state.state}`
  })
}

async function tellMended(site: Site, { id, born, revision, state, attempt }: IndexEntry): Promise<Remedy> {
  const announcement = await site.journal.announce({ id, born, revision, state, attempt, broken: '', history: [] })
  announcement.settle(true)
  return 'launchers are told to take it again'
}

async function tellRemoved(site: Site, { id, born, revision, state, attempt }: IndexEntry): Promise<void> {
  const announcement = await site.journal.announce({
    id,
    born,
    revision: revision + 1,
    state,
    attempt,
    removed: true,
    history: [],
  })
  announcement.settle(true)
}

/**
 * Repairs the findings of `fsck.ts` that have exactly one correct repair. The folder is
 * authoritative; if it is lost, the journal is.
 */
import path from 'node:path'
import type { JobId } from '../../core/job/id.ts'
import type { JobEntry } from '../../core/index/job-entry.ts'
import { formatState } from '../../core/life/state-document.ts'
import { formatYaml } from '../../core/text/yaml-text.ts'
import { BjobError } from '../../core/text/errors.ts'
import { uniqueToken } from '../../lib/token.ts'
import { type Disk, codeOf, unlessGone } from '../disk/disk.ts'
import { replaceFile } from '../disk/files.ts'
import type { Finding, FindingKind } from './finding.ts'
import { type JobRecord, foldEvents, readRecords } from './journal-record.ts'
import { JobView } from '../view/job-view.ts'
import { readJobState } from '../job/jobs.ts'
import { readOwnFile } from '../disk/own-file.ts'
import { draftOwner, specDraftPath } from '../disk/layout.ts'
import { withLock } from '../job/lock.ts'
import { JournalMark } from '../journal/journal-mark.ts'
import { tellJournal, tellMended } from '../view/retell.ts'
import { removeJob } from '../job/remove-job.ts'
import { placeSpec, takeDraftAway } from '../job/revision.ts'
import { readEntry } from '../view/scan.ts'
import type { Site } from '../site.ts'

/** The action taken; `undefined` if the user must act. */
export type Remedy = string | undefined

type Records = ReadonlyMap<JobId, JobRecord>

/** True if any of `findings` can be repaired. */
export async function isAnyMendable(site: Site, findings: readonly Finding[]): Promise<boolean> {
  const records = await recordsOfLost(site, findings)
  return findings.some(({ kind, id, revision, isRemark }) => {
    if (isRemark === true || kind === 'broken-specification' || kind === 'broken-application' || kind === 'unreadable')
      return false
    const record = id === undefined ? undefined : records.get(id)
    if (kind === 'lost-specification') return record?.spec !== undefined
    return kind !== 'lost-state' || (record !== undefined && foldEvents(record.events, revision) !== undefined)
  })
}

/** The journal's records of jobs with lost files, read completely. */
async function recordsOfLost(site: Site, findings: readonly Finding[]): Promise<Records> {
  const lost = findings.flatMap(({ kind, id }) =>
    id !== undefined && ['lost-state', 'lost-specification', 'state-behind'].includes(kind) ? [id] : [],
  )
  return lost.length === 0 ? new Map() : readRecords(site, new Set(lost))
}

/** Findings without which the journal is complete; an unreadable folder may hold unknown jobs. */
const OF_JOURNAL: ReadonlySet<FindingKind> = new Set([
  'unreadable',
  'not-in-journal',
  'journal-behind',
  'no-folder',
  'mended',
])

/** Repairs `findings` in order. @returns the action for each */
export async function mendSite(site: Site, findings: readonly Finding[]): Promise<Remedy[]> {
  const records = await recordsOfLost(site, findings)
  const remedies = new Map<Finding, Remedy>()
  for (const finding of order(findings)) remedies.set(finding, await tryMend(site, finding, records))
  await takeBack(site, findings, remedies)
  const isIncomplete = findings.some((finding) => OF_JOURNAL.has(finding.kind) && remedies.get(finding) === undefined)
  if (!isIncomplete) await new JournalMark(site).make()
  for (const name of ['all', 'live'] as const) await (await JobView.open(site, name)).save()
  return findings.map((finding) => remedies.get(finding))
}

/** Releases jobs that were set aside for files that are intact again. */
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
  for (const id of mended) await release(site, id)
}

const LATE: readonly FindingKind[] = ['leftover-draft', 'not-in-journal', 'journal-behind']

/** Files first: journal entries and the age of drafts depend on them. */
function order(findings: readonly Finding[]): Finding[] {
  const isLate = ({ kind }: Finding): boolean => LATE.includes(kind)
  return [...findings.filter((finding) => !isLate(finding)), ...findings.filter(isLate)]
}

/** A finding that cannot be repaired is left, and the others continue. */
async function tryMend(site: Site, finding: Finding, records: Records): Promise<Remedy> {
  try {
    return await mend(site, finding, records)
  } catch (error) {
    if (error instanceof BjobError || ['EISDIR', 'ENOTEMPTY', 'EEXIST', 'EACCES', 'EPERM'].includes(codeOf(error)))
      return undefined
    throw error
  }
}

async function mend(site: Site, finding: Finding, records: Records): Promise<Remedy> {
  const { kind, path: file, id, entry } = finding
  const { disk } = site
  const record = id === undefined ? undefined : records.get(id)
  switch (kind) {
    case 'leftover-aside':
      await disk.removeAll(file)
      return 'removed'
    case 'leftover-draft':
      return removeDraft(site, finding)
    case 'unplaced-specification':
      if (id === undefined) return undefined
      await placeSpec(disk, site.layout.job(id), await readJobState(site, id))
      return 'moved into place'
    case 'half-removed': {
      if (id === undefined) return undefined
      const removal = await removeJob(site, id, 'fsck')
      return removal.kind === 'removed' ? 'moved to the trash' : undefined
    }
    case 'leftover-revision':
      await unlessGone(disk.unlink(file))
      return 'removed'
    case 'leftover-lock':
      await unlessGone(disk.rmdir(file))
      return 'removed'
    case 'lost-state':
    case 'state-behind':
      return id === undefined || record === undefined ? undefined : rebuildState(site, id, record, finding.revision)
    case 'lost-specification':
      if (id === undefined || record?.spec === undefined) return undefined
      await setAsideForeign(disk, file)
      await replaceFile(disk, file, formatYaml(record.spec.record))
      await removeEmptyDraft(site, id)
      return 'restored from the journal'
    case 'not-in-journal':
    case 'journal-behind':
      if (id === undefined) return undefined
      await tellJournal(site, id)
      return 'recorded in the journal'
    case 'mended':
      return id === undefined ? undefined : release(site, id)
    case 'no-folder':
      if (entry === undefined) return undefined
      await tellRemoved(site, entry)
      return 'removal recorded in the journal'
    case 'broken-specification':
    case 'unreadable-lines':
    case 'unreadable':
    case 'foreign':
    case 'newer-format':
    case 'broken-application':
      break
  }
  return undefined
}

/** Its writer may only be slow; after this it can no longer make the change. */
async function removeDraft({ disk, layout }: Site, { path: file, id }: Finding): Promise<Remedy> {
  const owner = id === undefined ? undefined : draftOwner(path.basename(file))
  if (id === undefined || owner === undefined) await unlessGone(disk.unlink(file))
  else await takeDraftAway(disk, layout.job(id), owner, 0)
  return 'removed'
}

/** After a power failure, an unpublished job.yaml may have kept its name but lost its text. */
async function removeEmptyDraft(site: Site, id: JobId): Promise<void> {
  const { dir, state } = site.layout.job(id)
  const [, owner] = /^amended: (\S+)$/m.exec((await unlessGone(readOwnFile(site.disk, state))) ?? '') ?? []
  if (owner !== undefined) await unlessGone(site.disk.unlink(specDraftPath(dir, owner)))
}

/** A foreign entry in the place of a file, such as a folder, may be valuable and is renamed. */
async function setAsideForeign(disk: Disk, file: string): Promise<void> {
  const stat = await disk.stat(file)
  if (stat !== undefined && !stat.isFile()) await disk.rename(file, `${file}.not-a-file-${uniqueToken()}`)
}

async function rebuildState(site: Site, id: JobId, { events }: JobRecord, upTo: number | undefined): Promise<Remedy> {
  const state = foldEvents(events, upTo)
  if (state === undefined) return undefined
  const paths = site.layout.job(id)
  const { spec } = events.findLast(({ revision }) => revision === state.revision) ?? {}
  return withLock(site.disk, paths, async () => {
    // A change of job.yaml may exist only as a draft whose owner is lost.
    if (spec !== undefined && state.revision > 1) await replaceFile(site.disk, paths.job, formatYaml(spec.record))
    await setAsideForeign(site.disk, paths.state)
    await replaceFile(site.disk, paths.state, formatState(state))
    return `restored from the journal: ${state.state}`
  })
}

async function release(site: Site, id: JobId): Promise<Remedy> {
  const entry = await readEntry(site, id)
  if (entry === undefined) return undefined
  await tellMended(site, entry)
  return 'launchers accept it again'
}

async function tellRemoved(site: Site, { id, born, revision, state, attempt }: JobEntry): Promise<void> {
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

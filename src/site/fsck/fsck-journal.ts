/** Compares the journal with the folders. */
import { type JobId, workflowOf } from '../../core/job/id.ts'
import { type JobEntry, specOf } from '../../core/index/job-entry.ts'
import { JobIndex } from '../../core/index/job-index.ts'
import { bornAt } from '../../core/life/job-state.ts'
import { isForbidden, unlessGone } from '../disk/disk.ts'
import { hasJob, findWorkflowLink, refreshNames } from '../disk/job-folder.ts'
import type { Finding } from './finding.ts'
import { breakageText, findApplicationFault } from '../job/breakage.ts'
import { readJobState } from '../job/jobs.ts'
import { JournalReader } from '../journal/journal-reader.ts'
import type { Site } from '../site.ts'
import { countOf } from '../../lib/text/count-of.ts'

export interface Journals {
  readonly index: JobIndex
  readonly reader: JournalReader
  readonly refresh: () => Promise<void>
}

/** Reads the journals from their first line, because a snapshot would hide a missing one. */
export async function foldJournals(site: Site): Promise<Journals> {
  const index = new JobIndex()
  const reader = new JournalReader(site)
  const refresh = async (): Promise<void> => void (await reader.poll((line) => void index.apply(line)))
  await refresh()
  return { index, reader, refresh }
}

/** Differences between the journal and the folders. Announced, unconfirmed changes are none. */
export async function compareIndex(
  site: Site,
  { index, refresh }: Journals,
  states: ReadonlyMap<JobId, JobEntry>,
  folders: ReadonlySet<JobId>,
): Promise<Finding[]> {
  await refresh()
  const known = new Map<JobId, JobEntry>()
  const gone: JobEntry[] = []
  for (const life of index.lives()) {
    const seen = states.get(life.id)
    if (seen?.born === life.born) known.set(life.id, life)
    else if (seen !== undefined || !folders.has(life.id)) gone.push(life)
  }
  const findings: Finding[] = []
  for (const seen of states.values()) findings.push(...(await compareJob(site, index, seen, known.get(seen.id))))
  const linked = await findLinked(site, gone)
  findings.push(...linked.values())
  for (const life of gone) if (!linked.has(workflowOf(life.id))) findings.push(...(await checkGone(site, index, life)))
  return findings
}

/** Workflows of `gone` whose folder was replaced by a link. */
async function findLinked(site: Site, gone: readonly JobEntry[]): Promise<Map<string, Finding>> {
  const counts = new Map<string, number>()
  for (const { id } of gone) counts.set(workflowOf(id), (counts.get(workflowOf(id)) ?? 0) + 1)
  const found = new Map<string, Finding>()
  for (const [workflow, count] of counts) {
    const path = await findWorkflowLink(site, workflow)
    const jobs = count === 1 ? 'a job' : `${count} jobs`
    const message = `hides ${jobs} of the journal: move the folder itself there`
    if (path !== undefined) found.set(workflow, { kind: 'unreadable', path, message })
  }
  return found
}

/** @param known the journal's entry of this very job */
async function compareJob(
  site: Site,
  index: JobIndex,
  seen: JobEntry,
  known: JobEntry | undefined,
): Promise<Finding[]> {
  const { id } = seen
  const path = site.layout.job(id).dir
  const findings: Finding[] = []
  if (known?.broken !== undefined) {
    const fault = await findApplicationFault(site, specOf(seen).application)
    findings.push(
      fault === undefined
        ? { kind: 'mended', path, id, entry: seen, message: `was set aside (${known.broken}) and is intact now` }
        : { kind: 'broken-application', path, id, message: `is set aside for its application: ${breakageText(fault)}` },
    )
  }
  if (known?.revision === seen.revision || index.isPending(id)) return findings
  // The job may have changed or been removed between the two looks.
  const again = await readJobState(site, id).catch(() => undefined)
  if (again === undefined || bornAt(again) !== seen.born || again.revision === known?.revision) return findings
  if (known === undefined)
    findings.push({ kind: 'not-in-journal', path, id, entry: seen, message: 'is missing in the journal' })
  else if (again.revision > known.revision)
    findings.push({
      kind: 'journal-behind',
      path,
      id,
      entry: seen,
      message: `is at revision ${again.revision}; the journal is at ${known.revision}`,
    })
  else
    findings.push({
      kind: 'state-behind',
      path,
      id,
      entry: known,
      message: `state.yaml is at revision ${again.revision}; the journal is already at ${known.revision}`,
    })
  return findings
}

/** A journal entry whose folder is missing or belongs to a newer job. */
async function checkGone(site: Site, index: JobIndex, entry: JobEntry): Promise<Finding[]> {
  const { id, born } = entry
  const path = site.layout.job(id).dir
  const finding = { kind: 'no-folder', path, id, entry } as const
  try {
    await unlessGone(refreshNames(site, id))
    const now = await readJobState(site, id).catch(() => undefined)
    if (now !== undefined)
      return bornAt(now) === born
        ? []
        : [{ ...finding, message: 'the journal still has an earlier job of this name, which was removed' }]
    if (index.isPending(id) || (await hasJob(site, id))) return []
    return [{ ...finding, message: 'is in the journal, but has no folder' }]
  } catch (error) {
    if (!isForbidden(error)) throw error
    // The workflow's folder is a finding already.
    return []
  }
}

export function checkLines(site: Site, { reader }: Journals): Finding[] {
  const closed = [...reader.closedJournals].map(([host, why]): Finding => ({
    kind: 'unreadable',
    path: site.layout.journalOf(host),
    message: `cannot be read: ${why}`,
  }))
  const count = reader.unreadableLines
  if (count === 0) return closed
  return [
    ...closed,
    {
      kind: 'unreadable-lines',
      path: site.layout.journal,
      isRemark: true,
      message: `${countOf(count, 'line')} truncated by a crash; the folders hold their content`,
    },
  ]
}

/** What the journal tells, and where the folders disagree with it. */
import { splitId, type JobId } from '../core/id.ts'
import { type IndexEntry, JobIndex } from '../core/job-index.ts'
import { unlessGone } from './disk.ts'
import type { Finding } from './finding.ts'
import { readJobState } from './jobs.ts'
import { JournalReader } from './journal-reader.ts'
import type { Site } from './site.ts'

export interface Journals {
  readonly index: JobIndex
  readonly reader: JournalReader
  readonly refresh: () => Promise<void>
}

/** What the journals say from their first line on: a snapshot would hide that one of them is gone. */
export async function foldJournals(site: Site): Promise<Journals> {
  const index = new JobIndex()
  const reader = new JournalReader(site.disk, site.layout)
  const refresh = async (): Promise<void> => reader.poll((line) => void index.apply(line))
  await refresh()
  return { index, reader, refresh }
}

/** What the journal and the folders disagree about. What is announced and in doubt is no disagreement. */
export async function compareIndex(
  site: Site,
  { index, refresh }: Journals,
  states: ReadonlyMap<JobId, IndexEntry>,
  folders: ReadonlySet<JobId>,
): Promise<Finding[]> {
  await refresh()
  const findings: Finding[] = []
  for (const [id, seen] of states) {
    const known = index.get(id)
    const path = site.layout.job(id).dir
    if (known === undefined || known.born < seen.born) {
      findings.push({ kind: 'not-in-journal', path, id, entry: seen, message: 'the journal does not know it' })
      continue
    }
    if (known.broken !== undefined)
      findings.push({
        kind: 'mended',
        path,
        id,
        entry: seen,
        message: `it was set aside (${known.broken}), and is whole now`,
      })
    if (known.revision === seen.revision || index.isPending(id)) continue
    // It may have changed between the two looks.
    const again = await readJobState(site, id).catch(() => undefined)
    if (again === undefined || again.revision === known.revision) continue
    if (again.revision > known.revision)
      findings.push({
        kind: 'journal-behind',
        path,
        id,
        entry: seen,
        message: `the journal knows revision ${known.revision} of ${again.revision}`,
      })
    else
      findings.push({
        kind: 'state-behind',
        path,
        id,
        entry: known,
        message: `state.yaml is at revision ${again.revision}; the journal knows ${known.revision}`,
      })
  }
  for (const entry of index.entries()) {
    const { workflow } = splitId(entry.id)
    if (folders.has(entry.id) || index.isPending(entry.id)) continue
    await unlessGone(site.disk.refresh(site.layout.workflow(workflow)))
    if ((await site.disk.stat(site.layout.job(entry.id).dir)) !== undefined) continue
    findings.push({
      kind: 'no-folder',
      path: site.layout.job(entry.id).dir,
      id: entry.id,
      entry,
      message: 'the journal knows it, and there is no folder',
    })
  }
  return findings
}

export function checkLines(site: Site, { reader }: Journals): Finding[] {
  const count = reader.unreadableLines
  if (count === 0) return []
  return [
    {
      kind: 'unreadable-lines',
      path: site.layout.journal,
      isRemark: true,
      message: `${count} ${count === 1 ? 'line' : 'lines'} cut off by a crash; what they told is in the folders`,
    },
  ]
}

/**
 * Checks a site: reads every folder, compares it with the journal, and reports damage and leftovers
 * with their repair, if there is exactly one correct one. Files that may be in use are observed
 * first.
 */
import type { JobId } from '../../core/job/id.ts'
import type { JobEntry } from '../../core/index/job-entry.ts'
import { AT_ONCE } from '../../lib/concurrently.ts'
import type { Finding } from './finding.ts'
import { addReplacements, checkFolders, checkJob } from './fsck-folders.ts'
import { checkSurroundings } from './fsck-surroundings.ts'
import { checkLines, compareIndex, foldJournals } from './fsck-journal.ts'
import { confirmSuspects } from './fsck-suspects.ts'
import type { Site } from '../site.ts'

/** Finds all damage without changing anything. */
export async function checkSite(site: Site): Promise<Finding[]> {
  const findings: Finding[] = []
  const suspects: Finding[] = []
  const journals = await foldJournals(site)
  const folders = new Set<JobId>()
  const jobs: JobId[] = []
  for (const workflow of await checkFolders(site, site.layout.jobs, findings)) {
    for (const name of await checkFolders(site, site.layout.workflow(workflow), findings, suspects))
      jobs.push(`${workflow}/${name}`)
  }
  const states = new Map<JobId, JobEntry>()
  const next = jobs.values()
  const worker = async (): Promise<void> => {
    for (const id of next) {
      const isKnown = journals.index.get(id) !== undefined
      const entry = await checkJob(site, id, findings, suspects, folders, isKnown)
      if (entry !== undefined) states.set(id, entry)
    }
  }
  await Promise.all(Array.from({ length: AT_ONCE }, worker))
  await addReplacements(site, suspects)
  await checkSurroundings(site, findings)
  findings.push(...(await compareIndex(site, journals, states, folders)))
  findings.push(...(await confirmSuspects(site, suspects)))
  findings.push(...checkLines(site, journals))
  return findings.sort((one, other) => (one.path < other.path ? -1 : one.path > other.path ? 1 : 0))
}

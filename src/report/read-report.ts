/**
 * Reads the data of a report: the jobs selected by a filter, their histories, and the launchers.
 */
import path from 'node:path'
import { readLaunchers } from '../client/explain/launcher-facts.ts'
import type { SiteClient } from '../client/site-client.ts'
import { BjobError } from '../core/text/errors.ts'
import type { Filter } from '../core/index/filter.ts'
import type { JobEntry } from '../core/index/job-entry.ts'
import { mapConcurrently, AT_ONCE } from '../lib/concurrently.ts'
import { defined } from '../lib/defined.ts'
import { readJobState } from '../site/job/jobs.ts'
import { trialOfName } from '../search/study/trial-name.ts'
import { JournalReader } from '../site/journal/journal-reader.ts'
import type { Site } from '../site/site.ts'
import { type JobHistory, type ReportSource, buildDataset } from './build-dataset.ts'
import type { Dataset } from './dataset.ts'
import { HistoryCollector, toMoments } from './history-collector.ts'
import type { Moment } from './run.ts'
import type { SearchFigures } from './search-figures.ts'

export interface ReportRequest {
  readonly filter: Filter
  /** The filter as text; empty for all jobs. */
  readonly filterText: string
  /** Folder of the page, from which its links start. */
  readonly pageFolder: string
}

export async function readReport(client: SiteClient, request: ReportRequest): Promise<Dataset> {
  const { site } = client
  const { filter, filterText, pageFolder } = request
  const entries = await client.select(filter).entries()
  const source: ReportSource = {
    site: path.basename(site.layout.root),
    folder: relativeUrl(pageFolder, site.layout.jobs),
    filter: filterText,
    now: Date.now(),
    jobs: await readHistories(site, entries),
    launchers: await readLaunchers(site),
    searches: await readSearchesAmong(client, entries),
  }
  return buildDataset(source)
}

/** Most sites have no searches and need not load this code. */
async function readSearchesAmong(client: SiteClient, entries: readonly JobEntry[]): Promise<SearchFigures[]> {
  const workflows = new Set<string>()
  for (const { id } of entries) {
    const slash = id.indexOf('/')
    if (trialOfName(id.slice(slash + 1)) !== undefined) workflows.add(id.slice(0, slash))
  }
  if (workflows.size === 0) return []
  const { readSearches } = await import('./read-searches.ts')
  return readSearches(client, workflows)
}

/**
 * From the journals in one pass, and from the folders of jobs that the journals do not determine.
 */
async function readHistories(site: Site, entries: readonly JobEntry[]): Promise<JobHistory[]> {
  const collector = new HistoryCollector(entries.map(({ id }) => id))
  await new JournalReader(site).poll((line) => collector.take(line))
  return mapConcurrently(entries, AT_ONCE, async (entry) => {
    const moments = collector.historyOf(entry)
    if (moments !== undefined) return { entry, moments }
    return readHistory(site, entry)
  })
}

/**
 * Reads a job that changed meanwhile as it is now; for a broken job, only the journal's last entry
 * is used.
 */
async function readHistory(site: Site, entry: JobEntry): Promise<JobHistory> {
  try {
    const { state, attempt, revision, launcher, history } = await readJobState(site, entry.id)
    const claimed = history.findLastIndex(({ event }) => event?.kind === 'claimed')
    const moments = [
      ...toMoments(history.slice(0, Math.max(0, claimed)), undefined),
      ...toMoments(history.slice(Math.max(0, claimed)), launcher),
    ]
    const { launcher: _, broken: known, ...before } = entry
    const broken = revision === entry.revision ? known : undefined
    return { entry: { ...before, state, attempt, revision, ...defined({ launcher, broken }) }, moments }
  } catch (error) {
    if (!(error instanceof BjobError)) throw error
    const unknown = { event: undefined, message: '' }
    const told: Moment = { time: Date.parse(entry.born), state: 'CREATED', ...unknown, launcher: undefined }
    const last: Moment = { time: Date.parse(entry.changed), state: entry.state, ...unknown, launcher: entry.launcher }
    return { entry, moments: [told, last] }
  }
}

function relativeUrl(from: string, to: string): string {
  const relative = path.relative(from, to)
  return `${relative.split(path.sep).map(encodeURIComponent).join('/')}/`
}

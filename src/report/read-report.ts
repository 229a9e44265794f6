/** Reads what a report is made from: the jobs that a filter means, their histories, and the launchers. */
import path from 'node:path'
import type { SiteClient } from '../client/site-client.ts'
import { fateOf } from '../client/why.ts'
import { parseClaim } from '../core/claim-text.ts'
import { BjobError } from '../core/errors.ts'
import type { Filter } from '../core/filter.ts'
import type { IndexEntry } from '../core/job-index.ts'
import { parseYaml } from '../core/yaml-text.ts'
import { mapConcurrently } from '../lib/concurrently.ts'
import { unlessGone } from '../site/disk.ts'
import { readJobState } from '../site/jobs.ts'
import { JournalReader } from '../site/journal-reader.ts'
import { type Lease, listLaunchers, readLease } from '../site/launchers.ts'
import type { Site } from '../site/site.ts'
import { type JobHistory, type LauncherFacts, type ReportSource, buildDataset } from './build-dataset.ts'
import type { Dataset } from './dataset.ts'
import { HistoryCollector, toMoments } from './history-collector.ts'
import { readSearches } from './read-searches.ts'
import type { Moment } from './run.ts'

/** Folders read at once, as in a scan. */
const AT_ONCE = 16

export interface ReportRequest {
  readonly filter: Filter
  /** The filter as a person reads it; empty for all jobs. */
  readonly filterText: string
  /** The folder that the page will lie in: its links start there. */
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
    searches: await readSearches(client, entries),
  }
  return buildDataset(source)
}

/** From the journals, in one pass; those that they do not tell for certain from the jobs' folders. */
async function readHistories(site: Site, entries: readonly IndexEntry[]): Promise<JobHistory[]> {
  const collector = new HistoryCollector(entries.map(({ id }) => id))
  await new JournalReader(site.disk, site.layout).poll((line) => collector.take(line))
  return mapConcurrently(entries, AT_ONCE, async (entry) => {
    const moments = collector.historyOf(entry)
    if (moments !== undefined) return { entry, moments }
    return readHistory(site, entry)
  })
}

/** A job that changed meanwhile is taken as it is now; one whose files are broken is only what the journal says of it last. */
async function readHistory(site: Site, entry: IndexEntry): Promise<JobHistory> {
  try {
    const { state, attempt, revision, launcher, history } = await readJobState(site, entry.id)
    const claimed = history.findLastIndex(({ message }) => parseClaim(message) !== undefined)
    const moments = [
      ...toMoments(history.slice(0, Math.max(0, claimed)), undefined),
      ...toMoments(history.slice(Math.max(0, claimed)), launcher),
    ]
    const { launcher: _, ...before } = entry
    return { entry: { ...before, state, attempt, revision, ...(launcher === undefined ? {} : { launcher }) }, moments }
  } catch (error) {
    if (!(error instanceof BjobError)) throw error
    const told = { time: Date.parse(entry.born), state: 'CREATED', message: '', launcher: undefined } as const
    const last: Moment = { time: Date.parse(entry.changed), state: entry.state, message: '', launcher: entry.launcher }
    return { entry, moments: [told, last] }
  }
}

/** What launcher.yaml tells (see `createLauncher`). */
interface Settings {
  readonly nodes?: readonly string[]
  readonly cores?: number
  readonly gpus?: number
}

async function readLaunchers(site: Site): Promise<LauncherFacts[]> {
  const found = await mapConcurrently(await listLaunchers(site), AT_ONCE, async (id) => readLauncher(site, id))
  return found.filter((launcher) => launcher !== undefined).sort((one, other) => one.start - other.start)
}

/** @returns undefined for a folder that tells nothing of a launcher */
async function readLauncher(site: Site, id: string): Promise<LauncherFacts | undefined> {
  const paths = site.layout.launcher(id)
  try {
    const lease = await readLease(site, id)
    if (lease === undefined) return undefined
    const text = await unlessGone(site.disk.readText(paths.settings))
    const settings = (text === undefined ? {} : (parseYaml(text, paths.settings).value ?? {})) as Settings
    const signed = Math.round((await site.disk.stat(paths.lease))?.mtimeMs ?? Date.parse(lease.started))
    const fate = lease.ended ?? deathOf(lease, signed, site.settings.lease_seconds)
    return {
      id,
      host: lease.host,
      start: Date.parse(lease.started),
      end: fate === undefined ? undefined : signed,
      fate: fate ?? '',
      nodes: settings.nodes ?? [lease.host],
      cores: settings.cores ?? 0,
      gpus: settings.gpus ?? 0,
    }
  } catch (error) {
    if (error instanceof BjobError) return undefined
    throw error
  }
}

/** By its process, or, of another node's, by the age of its lease: a figure may rely on clocks, a takeover never does. */
function deathOf(lease: Lease, signed: number, leaseSeconds: number): string | undefined {
  if (fateOf(lease) !== undefined) return 'its process is gone'
  return Date.now() - signed > leaseSeconds * 2000 ? 'no sign of life' : undefined
}

function relativeUrl(from: string, to: string): string {
  const relative = path.relative(from, to)
  return `${relative.split(path.sep).map(encodeURIComponent).join('/')}/`
}

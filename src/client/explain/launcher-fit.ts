/**
 * Decides from a launcher's recorded settings if it could run a job, and what else is known if none
 * is alive.
 */
import { type Filter, compileFilter } from '../../core/index/filter.ts'
import { type JobEntry, specOf } from '../../core/index/job-entry.ts'
import { requestOf } from '../../core/placement/placement-request.ts'
import { explainUnfit } from '../../core/placement/placement.ts'
import {
  type LauncherSettings,
  type Lease,
  listLaunchers,
  readLauncherSettings,
} from '../../site/launcher/launchers.ts'
import type { Site } from '../../site/site.ts'
import { listSubmissions, readBatchOutput } from '../../site/launcher/submissions.ts'
import { readComplaint } from '../explain/batch-output.ts'

/** Unknown resources are assumed to suffice. */
const UNKNOWN = 1e6

/** Maximum number of submissions and past launchers to examine. */
const NEWEST = 20

/** @returns why the launcher can never run the job, in one line; undefined if it can */
export async function explainMisfit(site: Site, lease: Lease, entry: JobEntry): Promise<string | undefined> {
  const settings = await readLauncherSettings(site, lease.launcher)
  const { filter, jobMode, timeLimitMinutes = Infinity } = settings
  if (filter !== undefined && !compileFilter(filter)(entry)) return `its filters exclude the job: ${filterText(filter)}`
  const spec = specOf(entry)
  const isSerial = spec.numNodes * spec.ranksPerNode === 1
  if (jobMode === 'serial' && !isSerial) return 'it runs serial jobs only (--job-mode serial)'
  if (jobMode === 'mpi' && isSerial) return 'it runs MPI jobs only (--job-mode mpi)'
  // Compares clocks of two nodes, which is accurate enough for an explanation.
  const runSeconds = Math.max(0, (Date.now() - Date.parse(lease.started)) / 1000)
  return explainShape(settings, timeLimitMinutes * 60 - runSeconds, entry)
}

/**
 * Explains the situation without a live launcher: submissions that could run the job, or the last
 * launcher.
 * @returns an empty list if nothing is known
 */
export async function explainAbsence(site: Site, entry: JobEntry): Promise<string[]> {
  const { cores = UNKNOWN, gpus = UNKNOWN, memory_mib: memoryMiB } = site.settings.node
  const request = requestOf(entry.id, specOf(entry))
  const lines: string[] = []
  const open = (await listSubmissions(site)).filter(({ record }) => record.ended === undefined)
  for (const { id, record } of open.slice(-NEWEST)) {
    const complaint = readComplaint(await readBatchOutput(site, id))
    if (complaint?.isFinal === true) {
      lines.push(`submission ${record.scheduler_id ?? id} started no launcher: ${complaint.line}`)
      continue
    }
    const nodes = Array.from({ length: record.nodes }, () => ({ name: '', cores, gpus, memoryMiB }))
    const unfit = explainUnfit(request, nodes, record.minutes * 60)
    const name = `submission ${record.scheduler_id ?? id} (nodes: ${record.nodes}, minutes: ${record.minutes})`
    lines.push(
      unfit === undefined ? `${name} may run it once it starts` : `${name} cannot run it: the job ${unfit.message}`,
    )
  }
  if (lines.length > 0) return lines
  const past: (string | undefined)[] = []
  for (const launcher of (await listLaunchers(site)).slice(-NEWEST)) {
    const settings = await readLauncherSettings(site, launcher)
    past.push(explainShape(settings, (settings.timeLimitMinutes ?? Infinity) * 60, entry))
  }
  const last = past.at(-1)
  const isHopeless = last !== undefined && past.every((misfit) => misfit !== undefined)
  return isHopeless ? [`no launcher so far could run this job; for the last one, ${last}`] : []
}

function explainShape({ nodes, cores, gpus }: LauncherSettings, seconds: number, entry: JobEntry): string | undefined {
  if (nodes === undefined || cores === undefined) return undefined
  const share = (total: number): number => Math.floor(total / Math.max(1, nodes.length))
  const each = { cores: Math.max(1, share(cores)), gpus: gpus === undefined ? UNKNOWN : share(gpus) }
  const shapes = nodes.map((name) => ({ name, ...each }))
  const unfit = explainUnfit(requestOf(entry.id, specOf(entry)), shapes, seconds)
  return unfit === undefined ? undefined : `the job ${unfit.message}`
}

function filterText(filter: Filter): string {
  return Object.entries(filter)
    .filter(([, words]: [string, readonly string[] | undefined]) => words !== undefined && words.length > 0)
    .map(([name, words]) => `${name} ${words.join(' or ')}`)
    .join(', ')
}

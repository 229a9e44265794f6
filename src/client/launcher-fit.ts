/** Whether a launcher that is alive would ever run a job, from what it says of itself in its folder. */
import { type Filter, compileFilter } from '../core/filter.ts'
import type { IndexEntry } from '../core/job-index.ts'
import { requestOf } from '../core/placement-request.ts'
import { explainUnfit } from '../core/placement.ts'
import { fromRecord } from '../core/specification.ts'
import { parseYaml } from '../core/yaml-text.ts'
import { unlessGone } from '../site/disk.ts'
import type { Lease } from '../site/launchers.ts'
import type { Site } from '../site/site.ts'

/** What launcher.yaml tells (see `createLauncher`). */
interface LauncherSettings {
  readonly filter?: Filter
  readonly jobMode?: string
  readonly nodes?: readonly string[]
  readonly cores?: number
  readonly timeLimitMinutes?: number
}

/** The launcher does not say how many GPUs its nodes have: none is refused for their sake. */
const GPUS_UNKNOWN = 1e6

/** @returns why that launcher will never run the job, in one line, or undefined when it could */
export async function explainMisfit(site: Site, lease: Lease, entry: IndexEntry): Promise<string | undefined> {
  const file = site.layout.launcher(lease.launcher).settings
  const text = await unlessGone(site.disk.readText(file))
  const settings = (text === undefined ? {} : (parseYaml(text, file).value ?? {})) as LauncherSettings
  const { filter, jobMode, nodes, cores, timeLimitMinutes } = settings
  if (filter !== undefined && !compileFilter(filter)(entry))
    return `its filters leave the job out: ${filterText(filter)}`
  const specification = fromRecord(entry.spec ?? {})
  const isSerial = specification.numNodes * specification.ranksPerNode === 1
  if (jobMode === 'serial' && !isSerial) return 'it runs serial jobs only (--job-mode serial)'
  if (jobMode === 'mpi' && isSerial) return 'it runs MPI jobs only (--job-mode mpi)'
  if (nodes === undefined || cores === undefined) return undefined
  const each = Math.max(1, Math.floor(cores / Math.max(1, nodes.length)))
  const shapes = nodes.map((name) => ({ name, cores: each, gpus: GPUS_UNKNOWN }))
  // By the clocks of two nodes: good enough to say why, never to decide.
  const seconds =
    timeLimitMinutes === undefined
      ? Infinity
      : timeLimitMinutes * 60 - Math.max(0, (Date.now() - Date.parse(lease.started)) / 1000)
  const unfit = explainUnfit(requestOf(entry.id, specification), shapes, seconds)
  return unfit === undefined ? undefined : `the job ${unfit.message}`
}

function filterText(filter: Filter): string {
  return Object.entries(filter)
    .filter(([, words]: [string, readonly string[] | undefined]) => words !== undefined && words.length > 0)
    .map(([name, words]) => `${name} ${words.join(' or ')}`)
    .join(', ')
}

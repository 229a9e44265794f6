/** What can be known on a login node of how jobs will fare on compute nodes: whether these find bjob, and how MPI ranks find each other. */
import path from 'node:path'
import { type Check, nameFileSystem } from '../../site/doctor/file-system-fitness.ts'
import { hasCommand, runCommand } from '../../lib/process/run-command.ts'
import { defined } from '../../lib/defined.ts'
import { findMpiLauncher, readMpiWords } from '../../platform/mpi/mpi-launchers.ts'
import { findMissingPmi, namesPmi } from '../../platform/mpi/pmi.ts'
import { findSubmission } from '../../platform/schedulers/schedulers.ts'
import { fileSystemOf } from '../../site/disk/disk.ts'
import { listLaunchers, readLauncherSettings } from '../../site/launcher/launchers.ts'
import { type Settings, parseSettings } from '../../site/settings.ts'
import type { Site } from '../../site/site.ts'

/** Of launchers that there were, no more than these are looked at. */
const NEWEST = 20
/** A scheduler that does not answer for this long is done without. */
const COMMAND_TIMEOUT_MS = 10_000

/** How this machine starts bjob, and where that lies. */
export interface Installation {
  /** The words that start bjob here, all of them absolute paths. */
  readonly starter: readonly string[]
  /** What a site's launchers have recorded of themselves. */
  readonly site?: Site
}

/**
 * Whether compute nodes may lack what starts bjob here. A site that says what starts bjob there, and one with a launcher that ran in an
 * allocation with the same files, is in no doubt.
 * @param folder the site's
 * @returns one line, or undefined
 */
export async function doubtReach(
  folder: string,
  settings: Settings,
  installation: Installation,
): Promise<string | undefined> {
  if (settings.batch.command !== undefined) return undefined
  const { starter, site } = installation
  const place = (file: string): Place => ({ file, ...fileSystemOf(file) })
  const doubt = judgeReach(place(folder), starter.map(place))
  return doubt === undefined || (site !== undefined && (await hasRunThere(site, starter))) ? undefined : doubt
}

export interface Place {
  readonly file: string
  /** Of its file system, as statfs(2) has it. */
  readonly type: number
  readonly isNetwork: boolean
}

/** What compute nodes may not see, in one line: of a site that they share, what starts bjob; else the site itself. Pure. */
export function judgeReach(site: Place, programs: readonly Place[]): string | undefined {
  const nameOf = ({ file, type }: Place): string => `${file} (${nameFileSystem(type)})`
  if (!site.isNetwork)
    return `the site is on a local file system, ${nameOf(site)}: compute nodes can run its jobs only if they see it at the same path`
  const own = programs.filter(({ isNetwork }) => !isNetwork)
  if (own.length === 0) return undefined
  const [verb, pronoun] = own.length === 1 ? ['is', 'it'] : ['are', 'them']
  return `${own.map(nameOf).join(' and ')} ${verb} on a local file system: compute nodes need ${pronoun} at the same path. Otherwise install bjob beside the site, or set the command that starts it there in bjob.yaml (batch: command)`
}

/** Whether a launcher of the site, started by the same files, ran on a node of an allocation. */
async function hasRunThere(site: Site, starter: readonly string[]): Promise<boolean> {
  for (const launcher of (await listLaunchers(site)).slice(-NEWEST).reverse()) {
    const { starter: known } = await readLauncherSettings(site, launcher)
    if (Array.isArray(known) && known.join('\0') === starter.join('\0')) return true
  }
  return false
}

/**
 * Why the ranks of an MPI job would not find each other, as far as Slurm tells.
 * @param flags the job's own, for the MPI launcher
 * @returns one line, or undefined
 */
export async function doubtRanks(settings: Settings, flags: readonly string[]): Promise<string | undefined> {
  if (findSubmission(settings.scheduler, hasCommand).name !== 'slurm' || !hasCommand('srun')) return undefined
  const { mpi } = settings
  const launcher = typeof mpi === 'string' ? findMpiLauncher(mpi === 'auto' ? 'srun' : mpi) : readMpiWords(mpi)
  if (launcher.name !== 'srun' || namesPmi([...(launcher.flags ?? []), ...flags], process.env)) return undefined
  return findMissingPmi(async (words) => (await runCommand(words, COMMAND_TIMEOUT_MS)).stdout)
}

/** For the doctor; nothing where there is no batch scheduler. */
export async function checkComputeNodes(
  folder: string,
  starter: readonly string[],
  site: Site | undefined,
): Promise<Check[]> {
  const settings = site?.settings ?? parseSettings('', '')
  if (findSubmission(settings.scheduler, hasCommand).name === 'none') return []
  const reach = await doubtReach(folder, settings, { starter, ...defined({ site }) })
  const ranks = await doubtRanks(settings, [])
  const start = `command that starts bjob there: ${(settings.batch.command ?? starter).join(' ')}`
  return [
    { name: 'compute nodes', grade: reach === undefined ? 'ok' : 'note', finding: reach ?? start },
    ...(ranks === undefined ? [] : [{ name: 'MPI', grade: 'note', finding: ranks } as const]),
  ]
}

/** The words that start bjob here. @param packageRoot bjob's own folder */
export function starterOf(packageRoot: string): readonly string[] {
  return [process.execPath, path.join(packageRoot, 'bin', 'bjob.js')]
}

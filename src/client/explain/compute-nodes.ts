/** Predicts from a login node if compute nodes find bjob, and if MPI ranks find each other. */
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

/** Maximum number of past launchers to examine. */
const NEWEST = 20
/** Timeout of a scheduler's answer. */
const COMMAND_TIMEOUT_MS = 10_000

/** How this machine starts bjob. */
export interface Installation {
  /** The command that starts bjob here, with absolute paths. */
  readonly starter: readonly string[]
  /** The site whose launchers recorded their own start. */
  readonly site?: Site
}

/**
 * Doubts if compute nodes have what starts bjob here. None for a site that configures the command,
 * or that had a launcher in an allocation with the same files.
 * @param folder the site's folder
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
  /** Type of its file system, from statfs(2). */
  readonly type: number
  readonly isNetwork: boolean
}

/**
 * Describes what compute nodes may not see, in one line: the site, or else what starts bjob. Pure.
 */
export function judgeReach(site: Place, programs: readonly Place[]): string | undefined {
  const nameOf = ({ file, type }: Place): string => `${file} (${nameFileSystem(type)})`
  if (!site.isNetwork)
    return `the site is on a local file system, ${nameOf(site)}: compute nodes can run its jobs only if they see it at the same path`
  const own = programs.filter(({ isNetwork }) => !isNetwork)
  if (own.length === 0) return undefined
  const [verb, pronoun] = own.length === 1 ? ['is', 'it'] : ['are', 'them']
  return `${own.map(nameOf).join(' and ')} ${verb} on a local file system: compute nodes need ${pronoun} at the same path. Otherwise install bjob beside the site, or set the command that starts it there in bjob.yaml (batch: command)`
}

/** True if a launcher of the site, started from the same files, ran on a node of an allocation. */
async function hasRunThere(site: Site, starter: readonly string[]): Promise<boolean> {
  for (const launcher of (await listLaunchers(site)).slice(-NEWEST).reverse()) {
    const { starter: known } = await readLauncherSettings(site, launcher)
    if (Array.isArray(known) && known.join('\0') === starter.join('\0')) return true
  }
  return false
}

/**
 * Explains why the ranks of an MPI job would not find each other, according to Slurm.
 * @param flags the job's flags for the MPI launcher
 * @returns one line, or undefined
 */
export async function doubtRanks(settings: Settings, flags: readonly string[]): Promise<string | undefined> {
  if (findSubmission(settings.scheduler, hasCommand).name !== 'slurm' || !hasCommand('srun')) return undefined
  const { mpi } = settings
  const launcher = typeof mpi === 'string' ? findMpiLauncher(mpi === 'auto' ? 'srun' : mpi) : readMpiWords(mpi)
  if (launcher.name !== 'srun' || namesPmi([...(launcher.flags ?? []), ...flags], process.env)) return undefined
  return findMissingPmi(async (words) => (await runCommand(words, COMMAND_TIMEOUT_MS)).stdout)
}

/** For the doctor; empty without a batch scheduler. */
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

/** The command that starts bjob here. @param packageRoot bjob's own folder */
export function starterOf(packageRoot: string): readonly string[] {
  return [process.execPath, path.join(packageRoot, 'bin', 'bjob.js')]
}

/** A launcher's folder: its identity, and the lease that shows if it is alive. */
import { BjobError, siteError } from '../../core/text/errors.ts'
import type { Filter } from '../../core/index/filter.ts'
import { checkFormat } from '../../core/text/formats.ts'
import { formatYaml, parseYaml } from '../../core/text/yaml-text.ts'
import { defined } from '../../lib/defined.ts'
import { unlessGone } from '../disk/disk.ts'
import { replaceFile, showName } from '../disk/files.ts'
import { readOwnFile, readPlain } from '../disk/own-file.ts'
import type { Site } from '../site.ts'

/** A launcher's record, rewritten regularly with an increased `beat`. */
export interface Lease {
  readonly launcher: string
  readonly beat: number
  readonly host: string
  readonly pid: number
  /** Processes that run its jobs on that host. */
  readonly agents: readonly number[]
  /** Kernel and process namespace of these process ids. */
  readonly kernel: string
  readonly started: string
  /** Inode of its folder, which a copy of the site does not have. */
  readonly folder?: string
  /** Reason for its end, in the last lease only. */
  readonly ended?: string
}

/** A launcher's settings as recorded at its start, as far as other processes use them. */
export interface LauncherSettings {
  readonly filter?: Filter
  readonly jobMode?: string
  readonly nodes?: readonly string[]
  readonly cores?: number
  readonly gpus?: number
  readonly timeLimitMinutes?: number
  /** End of its time, ISO 8601. */
  readonly ends?: string
  /** Command that started bjob there. */
  readonly starter?: unknown
}

/** Creates the launcher's folder. @throws the file system's errors */
export async function createLauncher(
  site: Site,
  id: string,
  settings: Readonly<Record<string, unknown>>,
): Promise<void> {
  const paths = site.layout.launcher(id)
  await site.disk.makeParents(paths.dir)
  try {
    await replaceFile(site.disk, paths.settings, formatYaml(settings))
  } catch (error) {
    // On a faulty disk the folder may stay; without a lease it does not count.
    await site.disk.removeAll(paths.dir).catch(() => {})
    throw error
  }
  await showName(site.disk, paths.dir)
}

export async function writeLease(site: Site, lease: Omit<Lease, 'folder'>): Promise<void> {
  const folder = await findInode(site, lease.launcher)
  const text = formatYaml({ ...lease, ...defined({ folder }) })
  await replaceFile(site.disk, site.layout.launcher(lease.launcher).lease, text, false)
}

/** True if the lease came with a copy of its site: its processes belong to the original. */
export async function isCopied(site: Site, { launcher, folder }: Lease): Promise<boolean> {
  return folder !== undefined && folder !== (await findInode(site, launcher))
}

async function findInode({ disk, layout }: Site, launcher: string): Promise<string | undefined> {
  const stat = await disk.stat(layout.launcher(launcher).dir)
  return stat && String(stat.ino)
}

/**
 * The lease as it is now; `undefined` when there is none. @throws BjobError `bad-lease`,
 * `forbidden-file`, `bad-yaml`, `newer-format`
 */
export async function readLease(site: Site, id: string): Promise<Lease | undefined> {
  const paths = site.layout.launcher(id)
  const text = await unlessGone(
    site.disk.refresh(paths.dir).then(() => readOwnFile(site.disk, paths.lease, readPlain, 'bad-lease')),
  )
  if (text === undefined) return undefined
  const value = parseYaml(text, paths.lease).value as (Partial<Lease> & { readonly format?: unknown }) | null
  checkFormat('lease', value?.format, paths.lease)
  if (value === null || typeof value.beat !== 'number' || typeof value.pid !== 'number') {
    throw siteError('bad-lease', 'lease.yaml is damaged', { path: paths.lease })
  }
  return { host: '', agents: [], kernel: '', started: '', ...value, launcher: id, beat: value.beat, pid: value.pid }
}

/** The settings recorded at the launcher's start; empty if unreadable. */
export async function readLauncherSettings(site: Site, id: string): Promise<LauncherSettings> {
  const { settings: file } = site.layout.launcher(id)
  try {
    const text = await unlessGone(readOwnFile(site.disk, file))
    const value = text === undefined ? undefined : parseYaml(text, file).value
    return typeof value === 'object' && value !== null ? value : {}
  } catch (error) {
    if (error instanceof BjobError) return {}
    throw error
  }
}

/** Ids of all launchers with a folder, oldest name first. */
export async function listLaunchers(site: Site): Promise<string[]> {
  const entries = (await unlessGone(site.disk.list(site.layout.launchers))) ?? []
  return entries
    .filter(({ isDirectory }) => isDirectory)
    .map(({ name }) => name)
    .sort()
}

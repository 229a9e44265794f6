/** A launcher's folder: who it is, and the lease that tells whether it is alive. */
import { siteError } from '../../core/text/errors.ts'
import { checkFormat } from '../../core/text/formats.ts'
import { formatYaml, parseYaml } from '../../core/text/yaml-text.ts'
import { unlessGone } from '../disk/disk.ts'
import { replaceFile, showName } from '../disk/files.ts'
import type { Site } from '../site.ts'

/** What a launcher says of itself, again and again, with `beat` one higher each time. */
export interface Lease {
  readonly launcher: string
  readonly beat: number
  readonly host: string
  readonly pid: number
  /** The processes that run its jobs on that host. */
  readonly agents: readonly number[]
  /** The kernel and the process namespace in which these process ids mean something. */
  readonly kernel: string
  readonly started: string
  /** Set in the last one: why it ended. */
  readonly ended?: string
}

/** Makes the launcher's folder. @throws the file system's errors */
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
    await unlessGone(site.disk.rmdir(paths.dir))
    throw error
  }
  await showName(site.disk, paths.dir)
}

export async function writeLease(site: Site, lease: Lease): Promise<void> {
  await replaceFile(site.disk, site.layout.launcher(lease.launcher).lease, formatYaml(lease), false)
}

/** The lease as it is now; `undefined` when there is none. @throws BjobError `bad-lease`, `bad-yaml`, `newer-format` */
export async function readLease(site: Site, id: string): Promise<Lease | undefined> {
  const paths = site.layout.launcher(id)
  const text = await unlessGone(site.disk.refresh(paths.dir).then(() => site.disk.readText(paths.lease)))
  if (text === undefined) return undefined
  const value = parseYaml(text, paths.lease).value as (Partial<Lease> & { readonly format?: unknown }) | null
  checkFormat('lease', value?.format, paths.lease)
  if (value === null || typeof value.beat !== 'number' || typeof value.pid !== 'number') {
    throw siteError('bad-lease', 'lease.yaml is damaged', { path: paths.lease })
  }
  return { host: '', agents: [], kernel: '', started: '', ...value, launcher: id, beat: value.beat, pid: value.pid }
}

/** The ids of all launchers that have a folder, oldest name first. */
export async function listLaunchers(site: Site): Promise<string[]> {
  const entries = (await unlessGone(site.disk.list(site.layout.launchers))) ?? []
  return entries
    .filter(({ isDirectory }) => isDirectory)
    .map(({ name }) => name)
    .sort()
}

/** A launcher as its folder tells of it: for listings, the watch and the report. */
import { BjobError } from '../../core/text/errors.ts'
import { AT_ONCE, mapConcurrently } from '../../lib/concurrently.ts'
import { type Lease, listLaunchers, readLauncherSettings, readLease } from '../../site/launcher/launchers.ts'
import type { Site } from '../../site/site.ts'
import { fateOf } from './explain-wait.ts'

/** Times are in milliseconds since 1970. */
export interface LauncherFacts {
  readonly id: string
  readonly host: string
  readonly start: number
  /** `undefined` while it lives. */
  readonly end: number | undefined
  /** Why it ended; empty while it lives. */
  readonly fate: string
  readonly nodes: readonly string[]
  /** Of all nodes together. */
  readonly cores: number
  readonly gpus: number
  /** When its time is up; `undefined` where nothing limits it. */
  readonly deadline: number | undefined
}

/** All launchers that have a lease, the oldest first; of those that `known` has and that have ended, nothing is read again. */
export async function readLaunchers(
  site: Site,
  known: ReadonlyMap<string, LauncherFacts> = new Map(),
): Promise<LauncherFacts[]> {
  const found = await mapConcurrently(await listLaunchers(site), AT_ONCE, async (id) => {
    const before = known.get(id)
    return before?.end === undefined ? readLauncher(site, id) : before
  })
  return found.filter((launcher) => launcher !== undefined).sort((one, other) => one.start - other.start)
}

/** @returns undefined for a folder that tells nothing of a launcher */
async function readLauncher(site: Site, id: string): Promise<LauncherFacts | undefined> {
  const paths = site.layout.launcher(id)
  try {
    const lease = await readLease(site, id)
    if (lease === undefined) return undefined
    const settings = await readLauncherSettings(site, id)
    const signed = Math.round((await site.disk.stat(paths.lease))?.mtimeMs ?? Date.parse(lease.started))
    const fate = lease.ended ?? deathOf(lease, signed, site.settings.lease_seconds)
    const start = Date.parse(lease.started)
    return {
      id,
      host: lease.host,
      start,
      // Files have the time of a clock that ticks seldom, or is a server's: it may be behind.
      end: fate === undefined ? undefined : Math.max(start, signed),
      fate: fate ?? '',
      nodes: settings.nodes ?? [lease.host],
      cores: settings.cores ?? 0,
      gpus: settings.gpus ?? 0,
      deadline: settings.ends === undefined ? undefined : Date.parse(settings.ends),
    }
  } catch (error) {
    if (error instanceof BjobError) return undefined
    throw error
  }
}

/** By its process, or, of another node's, by the age of its lease: a figure may rely on clocks, a takeover never does. */
function deathOf(lease: Lease, signed: number, leaseSeconds: number): string | undefined {
  if (fateOf(lease) !== undefined) return 'its process is gone'
  return Date.now() - signed > leaseSeconds * 2000 ? 'its lease has expired' : undefined
}

/** A launcher according to its folder, for listings, the watch and the report. */
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
  /** Reason for its end; empty while it lives. */
  readonly fate: string
  readonly nodes: readonly string[]
  /** Sum over all nodes. */
  readonly cores: number
  readonly gpus: number
  /** End of its time; `undefined` without a limit. */
  readonly deadline: number | undefined
}

/** All launchers with a lease, oldest first. Ended launchers in `known` are not read again. */
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

/** @returns undefined if the folder does not describe a launcher */
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
      // File times come from a coarse or remote clock and may be behind.
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

/**
 * By its process or, on another node, by the age of its lease. Reports may rely on clocks;
 * takeovers never do.
 */
function deathOf(lease: Lease, signed: number, leaseSeconds: number): string | undefined {
  if (fateOf(lease) !== undefined) return 'its process is gone'
  return Date.now() - signed > leaseSeconds * 2000 ? 'its lease has expired' : undefined
}

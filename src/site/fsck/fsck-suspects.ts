/** Distinguishes leftovers from files in use by observing them for a while. */
import { isProcessAlive } from '../../lib/process/process-table.ts'
import { sleep } from '../../lib/sleep.ts'
import { shortHost } from '../../lib/token.ts'
import { unlessGone } from '../disk/disk.ts'
import type { Finding } from './finding.ts'
import type { Site } from '../site.ts'

/** Writers finish within milliseconds, and refresh their locks every two seconds. */
const WATCH_MS = 5000

/** The suspects that did not change during the observation. */
export async function confirmSuspects(site: Site, suspects: readonly Finding[]): Promise<Finding[]> {
  if (suspects.length === 0) return []
  const before = new Map<string, string>()
  for (const { path } of suspects) before.set(path, await identify(site, path))
  await sleep(WATCH_MS)
  const confirmed: Finding[] = []
  for (const suspect of suspects) {
    const now = await identify(site, suspect.path)
    if (now === '' || now !== before.get(suspect.path)) continue
    if (suspect.kind === 'leftover-aside' && isSpawnerAlive(suspect.path)) continue
    confirmed.push(suspect)
  }
  return confirmed
}

async function identify(site: Site, path: string): Promise<string> {
  const stat = await site.disk.stat(path)
  if (stat === undefined) return ''
  const inside = stat.isDirectory() ? ((await unlessGone(site.disk.list(path))) ?? []).map(({ name }) => name) : []
  const sizes = await Promise.all(
    inside.map(async (name) => `${name} ${(await site.disk.stat(`${path}/${name}`))?.size}`),
  )
  return `${stat.ino} ${stat.mtimeMs} ${sizes.join(' ')}`
}

/**
 * A live spawner on this node may be copying a large file; on another node, only observation helps.
 */
function isSpawnerAlive(path: string): boolean {
  const [, pid] = new RegExp(`\\.new-${shortHost()}-(\\d+)-`).exec(path) ?? []
  return pid !== undefined && isProcessAlive(Number(pid))
}

/** How often a command that follows a file looks again. */
import { sleep } from '../../lib/sleep.ts'
import type { Site } from '../../site/site.ts'

const LOOK_AGAIN_MS = 200

export async function pauseOf(site: Site, signal: AbortSignal): Promise<void> {
  await sleep(site.disk.isNetwork ? site.settings.poll_seconds * 1000 : LOOK_AGAIN_MS, signal)
}

/**
 * Waits for news in the journal: by kernel notification on a local file system, by polling every
 * `poll_seconds` on a network one.
 *
 * It uses fs.watch directly: chokidar lists and stats the folder for every line, the largest cost
 * of a busy launcher, and its polling stats files, which on NFS shows new lines seconds late.
 */
import fs from 'node:fs'
import { Bell } from '../../lib/bell.ts'
import { sleep } from '../../lib/sleep.ts'
import type { Site } from '../site.ts'

/** News often comes in bursts, which are read together. */
const GATHER_MS = 4
/**
 * Polling interval on a local file system, because notifications can be lost (queue overflow, watch
 * limit).
 */
const LOCAL_POLL_MS = 2000

export interface JournalWatch extends AsyncDisposable {
  /** Resolves when there may be news, or when `signal` fires. */
  next(signal?: AbortSignal): Promise<void>
}

/** Starts watching: look once after this resolves, and after each `next`. */
export async function watchJournal(site: Site): Promise<JournalWatch> {
  if (site.disk.isNetwork) {
    const next = async (signal?: AbortSignal): Promise<void> => sleep(site.settings.poll_seconds * 1000, signal)
    return { next, [Symbol.asyncDispose]: async () => {} }
  }
  await site.disk.makeParents(site.layout.journal)
  const bell = new Bell()
  const ring = (): void => bell.ring()
  const inode = async (): Promise<number | undefined> => (await site.disk.stat(site.layout.journal))?.ino
  let watched = await inode()
  let watcher = watchFolder(site.layout.journal, ring)
  /** Notifications refer to the watched folder, not to a new one of the same name. */
  const watchAnew = async (): Promise<void> => {
    const now = await inode()
    if (now === watched) return
    watcher?.close()
    watcher = now === undefined ? undefined : watchFolder(site.layout.journal, ring)
    watched = now
  }
  return {
    next: async (signal) => {
      await bell.wait(LOCAL_POLL_MS, signal)
      if (!bell.hasRung) await watchAnew()
      if (bell.hasRung) await bell.gather(GATHER_MS, signal)
      bell.answer()
    },
    [Symbol.asyncDispose]: async () => watcher?.close(),
  }
}

/** `undefined` if the system has no watches left; then only polling works. */
function watchFolder(folder: string, ring: () => void): fs.FSWatcher | undefined {
  try {
    return fs.watch(folder, { persistent: false }, ring).on('error', () => {})
  } catch {
    return undefined
  }
}

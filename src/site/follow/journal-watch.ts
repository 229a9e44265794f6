/**
 * Waiting for news in the journal. On a local file system the kernel tells; on a network one nobody does, so the waiting ends by itself every
 * `poll_seconds` and the reader looks.
 *
 * The kernel's word is taken as it is (fs.watch): chokidar lists and stats the folder for every line that is written, which was the largest
 * single cost of a busy launcher, and its polling stats files, which on NFS tells of new lines seconds late.
 */
import fs from 'node:fs'
import { Bell } from '../../lib/bell.ts'
import { sleep } from '../../lib/sleep.ts'
import type { Site } from '../site.ts'

/** News seldom comes alone: what follows within this long is read together. */
const GATHER_MS = 4
/** The kernel's word can be missed (its queue overflows, its watches run out); this often a local reader looks without it. */
const LOCAL_POLL_MS = 2000

export interface JournalWatch extends AsyncDisposable {
  /** Resolves when there may be news, or when `signal` fires. */
  next(signal?: AbortSignal): Promise<void>
}

/** Watches from now on: look once after this resolves, and after each `next`. */
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
  /** The kernel tells of the folder that it was asked for, not of another one that has its name by now. */
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

/** `undefined` where the system has no watch left to give: then the reader looks by itself. */
function watchFolder(folder: string, ring: () => void): fs.FSWatcher | undefined {
  try {
    return fs.watch(folder, { persistent: false }, ring).on('error', () => {})
  } catch {
    return undefined
  }
}

/**
 * A job's lock: proper-lockfile, held for milliseconds, and courtesy only: it keeps writers from wasting each other's work, while
 * `revision.ts` decides. Its own judgement of staleness compares clocks of different nodes, so it is switched off; a lock is broken when
 * this process has seen it unchanged for `STALE_MS` on its own monotonic clock, looking all the while. What has the lock's name and is none (a file, a folder with
 * something in it: a job writes what it likes into its folder) is left alone, and the change is made without a lock.
 */
import { once } from '../../lib/once.ts'
import { monotonicMs, sleep } from '../../lib/sleep.ts'
import { type Disk, codeOf, unlessGone } from '../disk/disk.ts'
import type { JobPaths } from '../disk/layout.ts'

/** A living holder refreshes its lock every `REFRESH_MS` and keeps it for milliseconds; several missed refreshes mean that it is dead. */
const STALE_MS = 3000
const REFRESH_MS = 1000
const LOOK_MOST_MS = 100
/** A look that came late (this process was suspended, or busy) counts for no more than this: the holder may not have come to refresh it, either. */
const GAP_MOST_MS = 200
/** proper-lockfile is never to judge by the clock: a time of 1970 would have it take a lock away. */
const NEVER_MS = Number.MAX_SAFE_INTEGER

/**
 * Runs `act` under the job's lock. Losing the lock meanwhile is no error: `act` must commit by a revision.
 * @throws what `act` throws, and what the file system does
 */
export async function withLock<T>(disk: Disk, job: JobPaths, act: () => Promise<T>): Promise<T> {
  const release = await acquire(disk, job)
  try {
    return await act()
  } finally {
    try {
      await release()
    } catch {
      // Somebody broke it, or the folder is gone: either way it is not held any more.
    }
  }
}

const noLock = async (): Promise<void> => {}

/** Loaded by the first lock: making a job needs none, and should start fast. Asked for anew, its module would be copied for each. */
const loadLockfile = once(async () => (await import('proper-lockfile')).default)

/** @returns what releases it */
async function acquire(disk: Disk, job: JobPaths): Promise<() => Promise<void>> {
  const lockfile = await loadLockfile()
  let seen = ''
  let lookedMs = 0
  let unchangedMs = 0
  for (let waitMs = 1; ; waitMs = Math.min(waitMs * 2, LOOK_MOST_MS)) {
    try {
      return await lockfile.lock(job.dir, {
        fs: adapt(disk),
        realpath: false,
        lockfilePath: job.lock,
        stale: NEVER_MS,
        update: REFRESH_MS,
        retries: 0,
        onCompromised: () => {},
      })
    } catch (error) {
      // Somebody broke the lock while this process, suspended perhaps, was taking it: that is no fault of the job's folder.
      const isBroken = codeOf(error) === 'ENOENT' && (await disk.stat(job.dir)) !== undefined
      if (codeOf(error) !== 'ELOCKED' && !isBroken) throw error
    }
    const now = await disk.stat(job.lock)
    if (now !== undefined && !now.isDirectory()) return noLock
    const identity = now === undefined ? '' : `${now.ino} ${now.mtimeMs}`
    const nowMs = monotonicMs()
    unchangedMs = identity === seen && identity !== '' ? unchangedMs + Math.min(nowMs - lookedMs, GAP_MOST_MS) : 0
    seen = identity
    lookedMs = nowMs
    if (unchangedMs > STALE_MS && !(await breakLock(disk, job))) return noLock
    await sleep(waitMs * (0.5 + Math.random()))
  }
}

/** @returns false when it is none */
async function breakLock(disk: Disk, job: JobPaths): Promise<boolean> {
  try {
    await unlessGone(disk.rmdir(job.lock))
    return true
  } catch (error) {
    if (['ENOTEMPTY', 'EEXIST'].includes(codeOf(error))) return false
    throw error
  }
}

type Callback<T> = (error: unknown, value?: T) => void

const adapted = new WeakMap<Disk, object>()

/** The part of node:fs that proper-lockfile calls, made of the disk's own calls. One for each disk: it remembers the clock's grain on it. */
function adapt(disk: Disk): object {
  const known = adapted.get(disk)
  if (known !== undefined) return known
  const answer = <T>(call: Promise<T>, done: Callback<T>): void => {
    call.then((value) => done(null, value), done)
  }
  const made = {
    mkdir: (target: string, done: Callback<void>) => answer(disk.mkdir(target), done),
    rmdir: (target: string, done: Callback<void>) => answer(disk.rmdir(target), done),
    stat: (target: string, done: Callback<unknown>) => answer(statOrFail(disk, target), done),
    utimes: (target: string, atime: Date, mtime: Date, done: Callback<void>) =>
      answer(disk.utimes(target, atime, mtime), done),
  }
  adapted.set(disk, made)
  return made
}

async function statOrFail(disk: Disk, target: string): Promise<unknown> {
  const stat = await disk.stat(target)
  if (stat === undefined)
    throw Object.assign(new Error(`ENOENT: no such file or directory, stat '${target}'`), { code: 'ENOENT' })
  return stat
}

/**
 * A job's lock through proper-lockfile, held for milliseconds. It only saves writers from wasted
 * work; `revision.ts` decides. Its own staleness check compares clocks of different nodes and is
 * disabled: a lock is broken when this process has watched it unchanged for `STALE_MS` on its own
 * monotonic clock. Anything else with the lock's name (a file, a non-empty folder) is left alone,
 * and the change is made without a lock.
 */
import { once } from '../../lib/once.ts'
import { monotonicMs, sleep } from '../../lib/sleep.ts'
import { type Disk, codeOf, unlessGone } from '../disk/disk.ts'
import type { JobPaths } from '../disk/layout.ts'

/**
 * Holders refresh their lock every `REFRESH_MS` and keep it for milliseconds; several missed
 * refreshes mean death.
 */
const STALE_MS = 3000
const REFRESH_MS = 1000
const LOOK_MOST_MS = 100
/**
 * Maximum credit of one look: after a pause of this process, the holder may not have run either.
 */
const GAP_MOST_MS = 200
/**
 * proper-lockfile is never to judge by the clock: a time of 1970 would have it take a lock away.
 */
const NEVER_MS = Number.MAX_SAFE_INTEGER

/**
 * Runs `act` under the job's lock. Losing the lock is not an error, because `act` commits by a
 * revision.
 * @throws the errors of `act` and the file system
 */
export async function withLock<T>(disk: Disk, job: JobPaths, act: () => Promise<T>): Promise<T> {
  const release = await acquire(disk, job)
  try {
    return await act()
  } finally {
    try {
      await release()
    } catch {
      // The lock was broken, or the folder is gone: it is no longer held.
    }
  }
}

const noLock = async (): Promise<void> => {}

/**
 * Loaded on first use, because making a job needs no lock. Memoised, because each import would copy
 * the module.
 */
const loadLockfile = once(async () => (await import('proper-lockfile')).default)

/** @returns the release function */
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
      // Another process broke the lock while this one, perhaps suspended, was acquiring it.
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

/** @returns false if it is not a lock */
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

/**
 * The part of node:fs used by proper-lockfile, implemented by the disk. One per disk, because it
 * caches the clock's resolution.
 */
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

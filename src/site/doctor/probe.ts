/**
 * Measures the properties of a file system that bjob relies on, in a temporary folder. Each
 * measurement has its own time limit, because a hanging file system is a result too. The verdicts
 * are in site/doctor/file-system-fitness.ts.
 */
import fs from 'node:fs'
import path from 'node:path'
import type { LocalMeasurements, Measured, Race } from './file-system-fitness.ts'
import { mapConcurrently } from '../../lib/concurrently.ts'
import { hasCommand, runCommand } from '../../lib/process/run-command.ts'
import { monotonicMs, sleep } from '../../lib/sleep.ts'
import { codeOf, fileSystemOf, pooledDisk, unlessGone } from '../disk/disk.ts'

/** The thread pool waits for a hanging file system, so this thread can time out. */
const disk = pooledDisk
/** Limit of a single measurement; `ALONE_MS` limits all of this node's together. */
const PATIENCE_MS = 3000
const ALONE_MS = 8000
/** Duration of a measurement that counts operations, unless it reaches its count first. */
const SAMPLE_MS = 600
const WATCH_MS = 500

/** Runs one measurement. Never rejects: an error is a result. */
export async function measure<T>(act: () => Promise<T>, patienceMs = PATIENCE_MS): Promise<Measured<T>> {
  const over = new AbortController()
  const late = sleep(patienceMs, over.signal).then(() => ({
    problem: `no answer within ${(patienceMs / 1000).toFixed(1)} s`,
  }))
  const done = act().then(
    (value) => ({ value }),
    (error: unknown) => ({ problem: error instanceof Error ? error.message : String(error) }),
  )
  const measured = await Promise.race([done, late])
  over.abort()
  return measured
}

/** @param folder an empty folder on the file system in question */
export async function probeHere(folder: string): Promise<LocalMeasurements> {
  const within = (name: string): string => path.join(folder, name)
  const until = monotonicMs() + ALONE_MS
  const next = <T>(act: () => Promise<T>): Promise<Measured<T>> =>
    measure(act, Math.max(1, Math.min(PATIENCE_MS, until - monotonicMs())))
  return {
    kind: fileSystemOf(folder),
    exclusive: await next(() => raceHere(within)),
    rename: await next(() => probeRename(within)),
    append: await next(() => probeAppend(within('append'))),
    flush: await next(() => probeFlush(within('flush'))),
    stamps: await next(() => probeStamps(within)),
    watch: await next(() => probeWatch(within('watched'), (file) => touch(file))),
    locks: await next(() => probeLock(within('lock'))),
    latency: await next(() => probeLatency(within)),
  }
}

export async function touch(file: string, text = ''): Promise<void> {
  await (await disk.create(file)).finish(text, false)
}

/** The three ways to take a unique name. */
export const TAKINGS: readonly ((target: string) => Promise<void>)[] = [
  (target) => touch(target),
  (target) => disk.mkdir(target),
  (target) => disk.symlink('somebody', target),
]

/** @returns true if the caller got the name */
export async function tryTaking(take: (target: string) => Promise<void>, target: string): Promise<boolean> {
  try {
    await take(target)
    return true
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return false
    throw error
  }
}

async function raceHere(within: (name: string) => string): Promise<Race> {
  const wins: number[] = []
  const until = monotonicMs() + SAMPLE_MS
  for (let round = 0; round < 20 && (round < 2 || monotonicMs() < until); round++) {
    for (const [at, take] of TAKINGS.entries()) {
      const tries = Array.from({ length: 4 }, () => tryTaking(take, within(`taken-${round}-${at}`)))
      wins.push((await Promise.all(tries)).filter(Boolean).length)
    }
  }
  return countRace(wins)
}

export function countRace(winsOfEach: readonly number[]): Race {
  return {
    names: winsOfEach.length,
    doubles: winsOfEach.filter((wins) => wins > 1).length,
    unclaimed: winsOfEach.filter((wins) => wins === 0).length,
  }
}

async function probeRename(
  within: (name: string) => string,
): Promise<{ reads: number; torn: number; hidden: number; isGoneNoticed: boolean; isFolderKept: boolean }> {
  const target = within('replaced')
  const textOf = (count: number): string => `${String(count).padStart(6, '0')}\n`.repeat(50)
  await touch(target, textOf(0))
  const over = new AbortController()
  let reads = 0
  let torn = 0
  let hidden = 0
  const reader = async (): Promise<void> => {
    let misses = 0
    while (!over.signal.aborted) {
      const text = await unlessGone(disk.readText(target))
      reads += 1
      misses = text === undefined ? misses + 1 : 0
      // A name that is missing for a moment is looked up again, as for jobs (see jobs.ts).
      if (text === undefined && misses < 5) hidden += 1
      else if (text === undefined || text !== textOf(Number(text.slice(0, 6)))) torn += 1
    }
  }
  const reading = reader()
  try {
    const until = monotonicMs() + SAMPLE_MS / 2
    for (let count = 1; count <= 100 && monotonicMs() < until; count++) {
      await touch(within('replacement'), textOf(count))
      await disk.rename(within('replacement'), target)
    }
  } finally {
    over.abort()
    await reading
  }
  const fails = (from: string, to: string): Promise<boolean> =>
    disk.rename(within(from), within(to)).then(
      () => false,
      () => true,
    )
  const isGoneNoticed = await fails('never-there', 'replaced')
  await disk.mkdir(within('full'))
  await touch(path.join(within('full'), 'file'))
  await disk.mkdir(within('other'))
  return { reads, torn, hidden, isGoneNoticed, isFolderKept: await fails('other', 'full') }
}

async function probeAppend(file: string): Promise<{ isSeen: boolean }> {
  const writer = await disk.openAppend(file)
  try {
    let expected = ''
    for (let count = 0; count < 10; count++) {
      await writer.append(`${count}\n`, false)
      expected += `${count}\n`
      if ((await disk.readText(file)) !== expected) return { isSeen: false }
    }
    return { isSeen: true }
  } finally {
    await writer.close()
  }
}

async function probeFlush(file: string): Promise<{ medianMs: number; mostMs: number }> {
  const writer = await disk.openAppend(file)
  try {
    return summarise(await sample(20, () => writer.append('x'.repeat(200), true)))
  } finally {
    await writer.close()
  }
}

/**
 * Determines the clock that sets times of new files. Only whole seconds, many times in a row, are
 * significant.
 */
async function probeStamps(within: (name: string) => string): Promise<{ grainMs: number; serverAheadMs: number }> {
  const ahead: number[] = []
  let isFine = false
  for (let count = 0; count < 12; count++) {
    const before = Date.now()
    await touch(within(`stamp-${count}`), 'x')
    const after = Date.now()
    const { mtimeMs = 0 } = (await disk.stat(within(`stamp-${count}`))) ?? {}
    isFine ||= mtimeMs % 1000 !== 0
    ahead.push(mtimeMs - (before + after) / 2)
    await sleep(3)
  }
  return { grainMs: isFine ? 1 : 1000, serverAheadMs: summarise(ahead).medianMs }
}

/** True if this node's inotify reports the effect of `change` on a file in `folder`. */
export async function probeWatch(
  folder: string,
  change: (file: string) => Promise<unknown>,
): Promise<{ isSeen: boolean }> {
  await disk.makeParents(folder)
  const seen = new AbortController()
  const watcher = fs.watch(folder, { persistent: false }, () => seen.abort()).on('error', () => {})
  try {
    await change(path.join(folder, 'changed'))
    await sleep(WATCH_MS, seen.signal)
    return { isSeen: seen.signal.aborted }
  } finally {
    watcher.close()
  }
}

/** Tests the kernel's locks through flock of util-linux, because Node.js has none. */
async function probeLock(file: string): Promise<{ isExclusive: boolean }> {
  await holdLock(file, ['true'])
  const { code } = await runCommand(
    ['flock', file, 'flock', '--nonblock', '--conflict-exit-code', '9', file, 'true'],
    PATIENCE_MS,
  )
  return { isExclusive: code === 9 }
}

/** Runs a command that holds the lock. @throws if the lock is not available */
export async function holdLock(file: string, command: readonly string[]): Promise<void> {
  if (!hasCommand('flock')) throw new Error('not tested: no flock command found')
  const { code, stderr } = await runCommand(['flock', '--timeout', '2', file, ...command], PATIENCE_MS)
  if (code !== 0) throw new Error(`flock does not work here: ${stderr.trim() || `exit ${code}`}`)
}

async function probeLatency(
  within: (name: string) => string,
): Promise<{ medianMs: number; mostMs: number; callsPerSecond: number }> {
  let calls = 0
  const steps: readonly ((at: number) => Promise<void>)[] = [
    (at) => disk.symlink('x', within(`latency-${at}`)),
    (at) => disk.rename(within(`latency-${at}`), within(`renamed-${at}`)),
    (at) => disk.unlink(within(`renamed-${at}`)),
  ]
  const times = await sample(150, (at) => {
    const step = steps[at % steps.length]
    return step === undefined ? Promise.resolve() : step(Math.floor(at / steps.length))
  })
  const begun = monotonicMs()
  const until = begun + SAMPLE_MS
  await mapConcurrently(
    Array.from({ length: 300 }, (_, at) => 1000 + at),
    16,
    async (at) => {
      if (monotonicMs() > until) return
      for (const step of steps) await step(at)
      calls += steps.length
    },
  )
  return { ...summarise(times), callsPerSecond: (calls * 1000) / (monotonicMs() - begun) }
}

/** Durations in ms of up to `most` consecutive calls within the time limit. */
async function sample(most: number, act: (at: number) => Promise<void>): Promise<number[]> {
  const times: number[] = []
  const until = monotonicMs() + SAMPLE_MS
  for (let at = 0; at < most && (at < 3 || monotonicMs() < until); at++) {
    const begun = monotonicMs()
    await act(at)
    times.push(monotonicMs() - begun)
  }
  return times
}

export function summarise(times: readonly number[]): { medianMs: number; mostMs: number } {
  const sorted = times.toSorted((one, other) => one - other)
  return { medianMs: sorted[Math.floor(sorted.length / 2)] ?? 0, mostMs: sorted.at(-1) ?? 0 }
}

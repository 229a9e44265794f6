/**
 * Measures a file system between two nodes: one directs (`probeTogether`), the other assists
 * (`assist`).
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { Measured, PeerMeasurements, Race } from './file-system-fitness.ts'
import { type CommandResult, runCommand } from '../../lib/process/run-command.ts'
import { monotonicMs, sleep } from '../../lib/sleep.ts'
import { isGone, pooledDisk } from '../disk/disk.ts'
import { bootId } from '../journal/journal-host.ts'
import { TAKINGS, countRace, holdLock, measure, probeWatch, summarise, touch, tryTaking } from './probe.ts'
import { Channel, type Consultation, awaitPeer } from './probe-channel.ts'

const disk = pooledDisk
const ANSWER_MS = 3000
/** Limit for the other node's first message; it may be serving another doctor. */
const GREETING_MS = 5000
/** Repetitions of each delay, or its duration. */
const ROUNDS = 8
const ROUNDS_MS = 500
const NAMES = 25
const LINES = 50
/** Interval that makes both nodes write at the same time, despite the delay of messages. */
const APART_MS = 5
const MOST_BYTES = 1024
/** Limit for a change to be seen on the other node, shorter than the limit for its answer. */
const SIGHT_MS = 2000
/** The same, for a name that was asked for too early. */
const LATE_MS = 1200

interface Greeting {
  readonly host: string
  /** Identifies the kernel and the mount. */
  readonly eyes: string
}

type Order = { readonly order: 'echo' } | { readonly order: 'end' } | Deed

interface Deed {
  /**
   * `list`: report when a listing shows the name. `ask`: report when a lookup finds it, after an
   * early lookup. `follow`: report when the file grows.
   */
  readonly order: 'list' | 'ask' | 'follow' | 'race' | 'append' | 'touch' | 'lock'
  readonly name: string
}

/**
 * @param patienceMs limit for a second node to join
 * @param hasLocks true if this node can lock a file
 * @returns undefined if no node joined
 * @throws BjobError `silent-peer` if it joined but does not answer
 */
export async function probeTogether(
  consultation: Consultation,
  patienceMs: number,
  hasLocks: boolean,
): Promise<PeerMeasurements | undefined> {
  const channel = new Channel(consultation, 'host')
  await channel.say({ order: 'echo' })
  try {
    return (await awaitPeer(consultation, patienceMs)) ? await question(channel, consultation, hasLocks) : undefined
  } finally {
    await channel.say({ order: 'end' }).catch(() => {})
  }
}

async function question(channel: Channel, { folder }: Consultation, hasLocks: boolean): Promise<PeerMeasurements> {
  const ask = async <T>(order: Order): Promise<T> => {
    await channel.say(order)
    return channel.hear<T>(ANSWER_MS)
  }
  /** The message after a first answer, `ready`. */
  const then = <T>(): Promise<T> => channel.hear<T>(ANSWER_MS)
  const { host, eyes } = await channel.hear<Greeting>(GREETING_MS)
  const echoes: { readonly ms: number; readonly aheadMs: number }[] = []
  const patient = <T>(act: () => Promise<T>): Promise<Measured<T>> => measure(act, 2 * ANSWER_MS)
  const clock = await patient(async () => {
    await repeat(async () => echoes.push(await exchangeEcho(ask)))
    return bestClock(echoes)
  })
  const echoMs = summarise(echoes.map(({ ms }) => ms)).medianMs
  /** Delay until the other node sees the effect of `change` on a name; Infinity if it does not. */
  const awaitChange = async (
    order: 'list' | 'ask' | 'follow',
    name: string,
    change: (target: string) => Promise<void>,
  ): Promise<number> => {
    await ask({ order, name })
    const begun = monotonicMs()
    await change(path.join(folder, name))
    return (await then<boolean>()) ? Math.max(0, monotonicMs() - begun - echoMs / 2) : Infinity
  }
  const news = await disk.openAppend(path.join(folder, 'news'))
  const appendMs = await patient(async () => {
    try {
      return summarise(await repeat(() => awaitChange('follow', 'news', () => news.append('x\n', true))))
    } finally {
      await news.close()
    }
  })
  return {
    host,
    isSameMount: eyes === eyesOn(folder),
    appendMs,
    clock,
    nameMs: await patient(async () => summarise(await repeat((round) => awaitChange('list', `name-${round}`, touch)))),
    lateNameMs: await patient(() => awaitChange('ask', 'late', touch)),
    exclusive: await patient(async () => {
      await ask({ order: 'race', name: 'race' })
      return compareWins(await takeNames(folder), await then<boolean[]>())
    }),
    sharedAppend: await patient(async () => {
      await ask({ order: 'append', name: 'shared' })
      await appendLines(path.join(folder, 'shared'))
      await then()
      await disk.refresh(folder)
      const lines = (await disk.readText(path.join(folder, 'shared')))
        .split('\n')
        .filter((line) => line === 'x'.repeat(20))
      return { lines: 2 * LINES, lost: 2 * LINES - lines.length }
    }),
    watch: await patient(() =>
      probeWatch(path.join(folder, 'watched'), () => ask({ order: 'touch', name: 'watched/changed' })),
    ),
    locks: await patient(async () => {
      if (!hasLocks) throw new Error('not tested: flock does not work on the first node')
      const lock = path.join(folder, 'lock')
      await holdLock(lock, ['true'])
      const held = holdLock(lock, ['sleep', '1'])
      await sleep(200)
      const { code, stderr } = await ask<CommandResult>({ order: 'lock', name: 'lock' })
      await held
      if (code !== 0 && code !== 9)
        throw new Error(`flock does not work on the other node: ${stderr.trim() || `exit ${code}`}`)
      return { isExclusive: code === 9 }
    }),
  }
}

/** The second node's part. @throws BjobError `silent-peer` if the first does not answer */
export async function assist(consultation: Consultation): Promise<void> {
  const { folder } = consultation
  const channel = new Channel(consultation, 'peer')
  let isFirst = true
  try {
    for (; ; isFirst = false) {
      const order = await channel.hear<Order>(isFirst ? GREETING_MS : 4 * ANSWER_MS)
      if (order.order === 'end') return
      if (order.order === 'echo') await channel.say({ host: os.hostname(), eyes: eyesOn(folder), now: Date.now() })
      else await obey(order, path.join(folder, order.name), channel)
    }
  } catch (error) {
    // The first node finished and removed everything before its last message was seen here.
    if (isFirst || !isGone(error)) throw error
  }
}

async function obey({ order }: Deed, target: string, channel: Channel): Promise<void> {
  const has = async (): Promise<boolean> => (await disk.stat(target)) !== undefined
  const isListed = async (): Promise<boolean> =>
    (await disk.list(path.dirname(target))).some(({ name }) => name === path.basename(target))
  switch (order) {
    case 'list':
      await channel.say('ready')
      return channel.say(await waitFor(isListed, SIGHT_MS))
    case 'ask':
      await has()
      await channel.say('ready')
      return channel.say(await waitFor(has, LATE_MS))
    case 'follow': {
      const before = (await disk.readText(target)).length
      await channel.say('ready')
      return channel.say(
        await waitFor(async () => (await disk.readFrom(target, before, MOST_BYTES)).length > 0, SIGHT_MS),
      )
    }
    case 'race':
      await channel.say('ready')
      return channel.say(await takeNames(path.dirname(target)))
    case 'append':
      await channel.say('ready')
      await appendLines(target)
      return channel.say('done')
    case 'touch':
      await disk.refresh(path.dirname(target))
      await touch(target)
      return channel.say('done')
    case 'lock':
      await disk.refresh(path.dirname(target))
      return channel.say(
        await runCommand(['flock', '--nonblock', '--conflict-exit-code', '9', target, 'true'], ANSWER_MS),
      )
  }
}

async function waitFor(isThere: () => Promise<boolean>, patienceMs: number): Promise<boolean> {
  const until = monotonicMs() + patienceMs
  while (!(await isThere())) {
    if (monotonicMs() > until) return false
    await sleep(5)
  }
  return true
}

async function exchangeEcho(ask: <T>(order: Order) => Promise<T>): Promise<{ ms: number; aheadMs: number }> {
  const begun = monotonicMs()
  const before = Date.now()
  const { now } = await ask<{ now: number }>({ order: 'echo' })
  return { ms: monotonicMs() - begun, aheadMs: now - (before + Date.now()) / 2 }
}

/** Identifies this process's view of a folder: processes with the same view share caches. */
function eyesOn(folder: string): string {
  return `${bootId()} ${fs.statSync(folder).dev}`
}

async function repeat<T>(act: (round: number) => Promise<T>): Promise<T[]> {
  const results: T[] = []
  const until = monotonicMs() + ROUNDS_MS
  for (let round = 0; round < ROUNDS && (round === 0 || monotonicMs() < until); round++) results.push(await act(round))
  return results
}

/** The fastest round trip has the least uncertainty. */
function bestClock(echoes: readonly { ms: number; aheadMs: number }[]): { aheadMs: number; uncertainMs: number } {
  const [best] = echoes.toSorted((one, other) => one.ms - other.ms)
  if (best === undefined) throw new Error('no answer')
  return { aheadMs: best.aheadMs, uncertainMs: best.ms / 2 }
}

/** Takes as many of the contested names as possible. @returns which ones it got */
async function takeNames(folder: string): Promise<boolean[]> {
  const got: boolean[] = []
  for (let at = 0; at < NAMES; at++)
    for (const [way, take] of TAKINGS.entries())
      got.push(await tryTaking(take, path.join(folder, `taken-${way}-${at}`)))
  return got
}

function compareWins(mine: readonly boolean[], theirs: readonly boolean[]): Race {
  return countRace(mine.map((isMine, at) => Number(isMine) + Number(theirs[at])))
}

async function appendLines(file: string): Promise<void> {
  const writer = await disk.openAppend(file)
  try {
    for (let line = 0; line < LINES; line++) {
      await writer.append(`${'x'.repeat(20)}\n`, false)
      await sleep(APART_MS)
    }
  } finally {
    await writer.close()
  }
}

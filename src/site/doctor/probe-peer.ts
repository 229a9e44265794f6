/** What only two nodes can find out of a file system: one asks (`probeTogether`), the other does what it is told (`assist`). */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { Measured, PeerMeasurements, Race } from './file-system-fitness.ts'
import { type CommandResult, runCommand } from '../../lib/process/run-command.ts'
import { monotonicMs, sleep } from '../../lib/sleep.ts'
import { isGone, pooledDisk } from '../disk/disk.ts'
import { bootId } from '../journal/journal-writer.ts'
import { TAKINGS, countRace, holdLock, measure, probeWatch, summarise, touch, tryTaking } from './probe.ts'
import { Channel, type Consultation, awaitPeer } from './probe-channel.ts'

const disk = pooledDisk
const ANSWER_MS = 3000
/** Until the other node, which may be checked by somebody else first, gives its first sign. */
const GREETING_MS = 5000
/** Of each delay: so many times, or for so long. */
const ROUNDS = 8
const ROUNDS_MS = 500
const NAMES = 25
const LINES = 50
/** So far apart that both write at the same time, though one hears of it later than the other. */
const APART_MS = 5
const MOST_BYTES = 1024
/** For how long a change is waited for on the other node: it has to say so before its answer is given up. */
const SIGHT_MS = 2000
/** The same, of a name that was asked for too early. */
const LATE_MS = 1200

interface Greeting {
  readonly host: string
  /** The kernel and the mount. */
  readonly eyes: string
}

type Order = { readonly order: 'echo' } | { readonly order: 'end' } | Deed

interface Deed {
  /** `list`: say when a listing shows the name. `ask`: say when asking for it does, having asked for it too early. `follow`: say when the file grows. */
  readonly order: 'list' | 'ask' | 'follow' | 'race' | 'append' | 'touch' | 'lock'
  readonly name: string
}

/**
 * @param patienceMs for how long a second node is waited for
 * @param hasLocks whether this node alone can lock a file: to try it together takes its time
 * @returns undefined when none came
 * @throws BjobError `silent-peer` when one came and says nothing
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
  /** What is said after a first answer, `ready`. */
  const then = <T>(): Promise<T> => channel.hear<T>(ANSWER_MS)
  const { host, eyes } = await channel.hear<Greeting>(GREETING_MS)
  const echoes: { readonly ms: number; readonly aheadMs: number }[] = []
  const patient = <T>(act: () => Promise<T>): Promise<Measured<T>> => measure(act, 2 * ANSWER_MS)
  const clock = await patient(async () => {
    await repeat(async () => echoes.push(await exchangeEcho(ask)))
    return bestClock(echoes)
  })
  const echoMs = summarise(echoes.map(({ ms }) => ms)).medianMs
  /** How long until the other node sees what `change` does to a name; Infinity when it does not. */
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

/** The second node's part. @throws BjobError `silent-peer` when the first says nothing */
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
    // The first is through, and has removed it all before its last word was seen here.
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

/** Through what this process sees a folder: two that see it through the same have no caches of their own. */
function eyesOn(folder: string): string {
  return `${bootId()} ${fs.statSync(folder).dev}`
}

async function repeat<T>(act: (round: number) => Promise<T>): Promise<T[]> {
  const results: T[] = []
  const until = monotonicMs() + ROUNDS_MS
  for (let round = 0; round < ROUNDS && (round === 0 || monotonicMs() < until); round++) results.push(await act(round))
  return results
}

/** The quickest round trip leaves the least room for error. */
function bestClock(echoes: readonly { ms: number; aheadMs: number }[]): { aheadMs: number; uncertainMs: number } {
  const [best] = echoes.toSorted((one, other) => one.ms - other.ms)
  if (best === undefined) throw new Error('no answer')
  return { aheadMs: best.aheadMs, uncertainMs: best.ms / 2 }
}

/** Takes what can be had of the names that both go for. @returns which it got */
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

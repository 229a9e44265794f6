/**
 * How `bjob doctor` on two nodes talk: in the tree, as all of bjob. A consultation is a folder below `.bjob-doctor`; whoever makes the folder `peer`
 * in it is the second node. Each writes a file of its own, a JSON object a line, flushed, and opens the other's again and again.
 */
import path from 'node:path'
import { requestError, siteError } from '../core/errors.ts'
import { monotonicMs, sleep } from '../lib/sleep.ts'
import { isProcessAlive } from '../lib/process-table.ts'
import { shortHost, uniqueToken } from '../lib/token.ts'
import { type AppendFile, isGone, pooledDisk, unlessGone, unlessTaken } from './disk.ts'
import { TAKINGS, tryTaking } from './probe.ts'

const disk = pooledDisk
const LOOK_MS = 5
/** Between two looks for somebody who may come in a minute. */
const WAIT_MS = 100
const MOST_BYTES = 1 << 20
const FOLDER = '.bjob-doctor'
const SEAT = 'peer'
/** In the folder of all consultations: somebody waits for the next one. */
const WAITING = 'waiting-'

/** A run of the doctor: its folder, which it removes. */
export interface Consultation {
  readonly folder: string
  /** In there, for what this node tries alone. */
  readonly alone: string
}

const consultationIn = (folder: string): Consultation => ({ folder, alone: path.join(folder, 'alone') })

/** @throws BjobError `no-folder` when there is no folder `examined` */
export async function beginConsultation(examined: string): Promise<Consultation> {
  const room = await openRoom(examined)
  for (const { name } of await disk.list(room)) if (isOfDead(name)) await disk.removeAll(path.join(room, name))
  const consultation = consultationIn(path.join(room, uniqueToken()))
  await disk.mkdir(consultation.folder)
  await disk.mkdir(consultation.alone)
  return consultation
}

async function openRoom(examined: string): Promise<string> {
  const room = path.join(examined, FOLDER)
  try {
    await unlessTaken(disk.mkdir(room))
  } catch (error) {
    if (isGone(error)) throw requestError('no-folder', `there is no folder ${examined}`, { cause: error })
    throw error
  }
  return room
}

/** Whether it was left by a process of this node that was killed. */
function isOfDead(name: string): boolean {
  const token = name.startsWith(WAITING) ? name.slice(WAITING.length) : name
  const own = `${shortHost()}-`
  return token.startsWith(own) && !isProcessAlive(Number.parseInt(token.slice(own.length), 10))
}

export async function endConsultation({ folder }: Consultation): Promise<void> {
  await disk.removeAll(folder)
  // Others may be in there.
  await disk.rmdir(path.dirname(folder)).catch(() => {})
}

/** Whether somebody is waiting for a consultation. */
export async function isAwaited({ folder }: Consultation): Promise<boolean> {
  return (await disk.list(path.dirname(folder))).some(({ name }) => name.startsWith(WAITING))
}

/** @returns whether a peer took its seat in time */
export async function awaitPeer({ folder }: Consultation, patienceMs: number): Promise<boolean> {
  const until = monotonicMs() + patienceMs
  for (;;) {
    if ((await disk.list(folder)).some(({ name }) => name === SEAT)) return true
    if (monotonicMs() > until) return false
    await sleep(WAIT_MS)
  }
}

/** Waits for a consultation on `examined` and takes the seat. @returns undefined when `signal` fires first */
export async function joinConsultation(examined: string, signal: AbortSignal): Promise<Consultation | undefined> {
  const room = await openRoom(examined)
  const waiting = path.join(room, WAITING + uniqueToken())
  await disk.mkdir(waiting)
  try {
    while (!signal.aborted) {
      for (const { name } of await disk.list(room)) {
        const folder = path.join(room, name)
        if (name.startsWith(WAITING) || !(await isOpen(folder))) continue
        if (await takeSeat(path.join(folder, SEAT))) return consultationIn(folder)
      }
      await sleep(WAIT_MS, signal)
    }
    return undefined
  } finally {
    await disk.rmdir(waiting)
    await disk.rmdir(room).catch(() => {})
  }
}

/** Whether it asks for a second node and has none: what a dead doctor left behind is either taken or silent. */
async function isOpen(folder: string): Promise<boolean> {
  const entries = (await unlessGone(disk.list(folder))) ?? []
  const has = (wanted: string): boolean => entries.some(({ name }) => name === wanted)
  return has(fileOf('host')) && !has(SEAT)
}

async function takeSeat(seat: string): Promise<boolean> {
  const [, mkdir = async () => {}] = TAKINGS
  return (await unlessGone(tryTaking(mkdir, seat))) ?? false
}

type Side = 'host' | 'peer'
const fileOf = (side: Side): string => `${side}.jsonl`

export class Channel {
  readonly #folder: string
  readonly #theirs: string
  readonly #mine: AppendFile
  #offset = 0
  #rest = ''
  readonly #heard: unknown[] = []

  private constructor(folder: string, theirs: string, mine: AppendFile) {
    this.#folder = folder
    this.#theirs = theirs
    this.#mine = mine
  }

  static async open({ folder }: Consultation, side: Side): Promise<Channel> {
    const mine = await disk.openAppend(path.join(folder, fileOf(side)))
    return new Channel(folder, fileOf(side === 'host' ? 'peer' : 'host'), mine)
  }

  async say(message: unknown): Promise<void> {
    await this.#mine.append(`${JSON.stringify(message)}\n`, true)
  }

  /** The other's next message. @throws BjobError `silent-peer` */
  async hear<T>(patienceMs: number): Promise<T> {
    const until = monotonicMs() + patienceMs
    for (;;) {
      if (this.#heard.length === 0) await this.#look()
      if (this.#heard.length > 0) return this.#heard.shift() as T
      if (monotonicMs() > until)
        throw siteError('silent-peer', `the other node said nothing for ${patienceMs / 1000} s`)
      await sleep(LOOK_MS)
    }
  }

  async close(): Promise<void> {
    await this.#mine.close()
  }

  /** A file that is not there yet is never opened: some file systems would remember that it is not there. */
  async #look(): Promise<void> {
    if (this.#offset === 0 && !(await disk.list(this.#folder)).some(({ name }) => name === this.#theirs)) return
    const bytes = await disk.readFrom(path.join(this.#folder, this.#theirs), this.#offset, MOST_BYTES)
    this.#offset += bytes.length
    const lines = (this.#rest + bytes.toString('utf8')).split('\n')
    this.#rest = lines.pop() ?? ''
    for (const line of lines) this.#heard.push(JSON.parse(line))
  }
}

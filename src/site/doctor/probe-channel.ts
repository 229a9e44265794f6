/**
 * How `bjob doctor` on two nodes talk: in the tree, as all of bjob. A consultation is a folder below `.bjob-doctor`; whoever makes the folder `peer`
 * in it is the second node. Each message is a file that is renamed into place: a name that nobody has asked for shows up in a listing at once
 * where the new end of a known file is seen late (on GlusterFS by half a second, and there are a hundred messages). Who has heard it removes it.
 */
import path from 'node:path'
import { requestError, siteError } from '../../core/text/errors.ts'
import { monotonicMs, sleep } from '../../lib/sleep.ts'
import { isProcessAlive } from '../../lib/process/process-table.ts'
import { shortHost, uniqueToken } from '../../lib/token.ts'
import { isGone, pooledDisk, unlessGone, unlessTaken } from '../disk/disk.ts'
import { TAKINGS, tryTaking } from './probe.ts'

const disk = pooledDisk
const LOOK_MS = 5
/** Looks in vain after which the folder is changed, and again. */
const LOOKS_UNTIL_NUDGE = 20
/** Between two looks for somebody who may come in a minute. */
const WAIT_MS = 100
const FOLDER = '.bjob-doctor'
const SEAT = 'peer'
/** In the folder of all consultations: somebody waits for the next one. */
const WAITING = 'waiting-'

/** A run of the doctor: its folder, which it removes. */
export interface Consultation {
  readonly folder: string
  /** In there, for what this node tries alone. */
  readonly alone: string
  /** In there, for what the two say. */
  readonly talk: string
}

const consultationIn = (folder: string): Consultation => ({
  folder,
  alone: path.join(folder, 'alone'),
  talk: path.join(folder, 'talk'),
})

/** @throws BjobError `no-folder` when there is no folder `examined` */
export async function beginConsultation(examined: string): Promise<Consultation> {
  const room = await openRoom(examined)
  for (const { name } of await disk.list(room)) if (isOfDead(name)) await disk.removeAll(path.join(room, name))
  const consultation = consultationIn(path.join(room, uniqueToken()))
  await disk.mkdir(consultation.folder)
  await disk.mkdir(consultation.alone)
  await disk.mkdir(consultation.talk)
  return consultation
}

async function openRoom(examined: string): Promise<string> {
  const room = path.join(examined, FOLDER)
  try {
    await unlessTaken(disk.mkdir(room))
  } catch (error) {
    if (isGone(error)) throw requestError('no-folder', `no such folder: ${examined}`, { cause: error })
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
    if (await isListed(folder, SEAT)) return true
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
        const consultation = consultationIn(path.join(room, name))
        if (name.startsWith(WAITING) || !(await isOpen(consultation))) continue
        if (await takeSeat(path.join(consultation.folder, SEAT))) return consultation
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
async function isOpen({ folder, talk }: Consultation): Promise<boolean> {
  return (await isListed(talk, messageOf('host', 1))) && !(await isListed(folder, SEAT))
}

async function isListed(folder: string, wanted: string): Promise<boolean> {
  return ((await unlessGone(disk.list(folder))) ?? []).some(({ name }) => name === wanted)
}

async function takeSeat(seat: string): Promise<boolean> {
  const [, mkdir = async () => {}] = TAKINGS
  return (await unlessGone(tryTaking(mkdir, seat))) ?? false
}

/** `to`: how many messages of the other side its sender had heard by then. */
interface Envelope {
  readonly to: number
  readonly message: unknown
}

type Side = 'host' | 'peer'
const messageOf = (side: Side, count: number): string => `${side}-${count}`

export class Channel {
  readonly #folder: string
  readonly #mine: Side
  readonly #theirs: Side
  #said = 0
  #heard = 0

  constructor({ talk }: Consultation, mine: Side) {
    this.#folder = talk
    this.#mine = mine
    this.#theirs = mine === 'host' ? 'peer' : 'host'
  }

  async say(message: unknown): Promise<void> {
    const name = messageOf(this.#mine, (this.#said += 1))
    const aside = path.join(this.#folder, `.${name}`)
    const envelope: Envelope = { to: this.#heard, message }
    await (await disk.create(aside)).finish(JSON.stringify(envelope), true)
    await disk.rename(aside, path.join(this.#folder, name))
  }

  /**
   * Changes the folder: an NFS client that has listed it in the same tick of the server's clock in which a message came takes its list for whole until
   * something else changes there.
   */
  async #nudge(): Promise<void> {
    const name = path.join(this.#folder, `.nudge-${this.#mine}`)
    await unlessTaken(disk.mkdir(name))
    await unlessGone(disk.rmdir(name))
  }

  /**
   * The other's next message; of what it answers to an order that has been given up, none.
   * @param patienceMs for all looking together, whatever comes late meanwhile
   * @throws BjobError `silent-peer`; ENOENT when the consultation is over
   */
  async hear<T>(patienceMs: number): Promise<T> {
    const until = monotonicMs() + patienceMs
    for (let look = 1; ; look++) {
      if (look % LOOKS_UNTIL_NUDGE === 0) await this.#nudge()
      // A file that is not there yet is never opened: some file systems would remember that it is not there.
      const name = messageOf(this.#theirs, this.#heard + 1)
      const file = path.join(this.#folder, name)
      const isThere = (await disk.list(this.#folder)).some((entry) => entry.name === name)
      const text = isThere ? await unlessGone(disk.readText(file)) : undefined
      if (text !== undefined) {
        this.#heard += 1
        await unlessGone(disk.unlink(file))
        const { to, message } = JSON.parse(text) as Envelope
        const isLate = this.#mine === 'host' && to < this.#said
        if (!isLate) return message as T
      }
      if (monotonicMs() > until)
        throw siteError('silent-peer', `the other node has not answered for ${patienceMs / 1000} s`)
      await sleep(LOOK_MS)
    }
  }
}

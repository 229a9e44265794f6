/**
 * The communication of `bjob doctor` between two nodes, through the tree. A consultation is a
 * folder below `.bjob-doctor`; the process that makes the folder `peer` in it is the second node.
 * Each message is a file renamed into place: a new name appears in a listing at once, whereas
 * appended data is seen late (on GlusterFS after half a second, for a hundred messages). The
 * receiver removes the message.
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
/** After this many unsuccessful looks the folder is changed, and so on. */
const LOOKS_UNTIL_NUDGE = 20
/** Interval while waiting for a peer that may take a minute. */
const WAIT_MS = 100
const FOLDER = '.bjob-doctor'
const SEAT = 'peer'
/** In the folder of all consultations: marks a node that waits for the next one. */
const WAITING = 'waiting-'

/** A run of the doctor; its folder is removed at the end. */
export interface Consultation {
  readonly folder: string
  /** Subfolder for tests on this node alone. */
  readonly alone: string
  /** Subfolder for messages. */
  readonly talk: string
}

const consultationIn = (folder: string): Consultation => ({
  folder,
  alone: path.join(folder, 'alone'),
  talk: path.join(folder, 'talk'),
})

/** @throws BjobError `no-folder` if the folder `examined` does not exist */
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

/** True if a killed process of this node left it. */
function isOfDead(name: string): boolean {
  const token = name.startsWith(WAITING) ? name.slice(WAITING.length) : name
  const own = `${shortHost()}-`
  return token.startsWith(own) && !isProcessAlive(Number.parseInt(token.slice(own.length), 10))
}

export async function endConsultation({ folder }: Consultation): Promise<void> {
  await disk.removeAll(folder)
  // It may contain other consultations.
  await disk.rmdir(path.dirname(folder)).catch(() => {})
}

/** True if a peer is waiting for a consultation. */
export async function isAwaited({ folder }: Consultation): Promise<boolean> {
  return (await disk.list(path.dirname(folder))).some(({ name }) => name.startsWith(WAITING))
}

/** @returns true if a peer joined in time */
export async function awaitPeer({ folder }: Consultation, patienceMs: number): Promise<boolean> {
  const until = monotonicMs() + patienceMs
  for (;;) {
    if (await isListed(folder, SEAT)) return true
    if (monotonicMs() > until) return false
    await sleep(WAIT_MS)
  }
}

/**
 * Waits for a consultation on `examined` and joins it. @returns undefined if `signal` fires first
 */
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

/** True if it has no second node yet. A dead doctor's consultation is either joined or silent. */
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

/** `to`: number of messages received by the sender so far. */
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
   * Changes the folder. An NFS client that listed it within the clock tick of a new message keeps
   * its list until the folder changes again.
   */
  async #nudge(): Promise<void> {
    const name = path.join(this.#folder, `.nudge-${this.#mine}`)
    await unlessTaken(disk.mkdir(name))
    await unlessGone(disk.rmdir(name))
  }

  /**
   * Returns the other node's next message, skipping answers to orders that were given up.
   * @param patienceMs limit for the whole wait, including late messages
   * @throws BjobError `silent-peer`; ENOENT when the consultation is over
   */
  async hear<T>(patienceMs: number): Promise<T> {
    const until = monotonicMs() + patienceMs
    for (let look = 1; ; look++) {
      if (look % LOOKS_UNTIL_NUDGE === 0) await this.#nudge()
      // Never opens a missing file: some file systems would cache its absence.
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

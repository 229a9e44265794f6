/**
 * How far a journal has been read, with a mark that proves which journal it was: what was derived from one that was shortened, replaced or put back
 * from a backup does not fit it any more, and is made again.
 */
import { type Disk, unlessGone } from '../disk/disk.ts'
import { describeFault } from '../disk/own-file.ts'

export interface Position {
  /** How many bytes have been read. */
  readonly at: number
  /** The digest of what stands before; empty where that is not known. */
  readonly mark: string
}

/** By journal (file name without its ending). */
export type Positions = Readonly<Record<string, Position>>

/** Every line has its writer's name and a number or a time in it: no other text ends like this one. */
export const MARKED_BYTES = 256

export function totalBytes(positions: Positions): number {
  return Object.values(positions).reduce((sum, { at }) => sum + at, 0)
}

/** FNV-1a in two halves, 64 bits: against accidents, not against forgers. */
export function markOf(tail: Buffer): string {
  let low = 0x811c9dc5
  let high = 0x01000193
  for (const byte of tail) {
    low = Math.imul(low ^ byte, 0x01000193) >>> 0
    high = Math.imul(high ^ byte ^ (low >>> 24), 0x85ebca6b) >>> 0
  }
  return `${low.toString(36)}.${high.toString(36)}`
}

/** The last bytes before `at`: what a mark is made of. Shorter where the file is. */
export async function readTail(disk: Disk, file: string, at: number): Promise<Buffer | undefined> {
  const length = Math.min(at, MARKED_BYTES)
  if (length === 0) return Buffer.alloc(0)
  try {
    return await unlessGone(disk.readFrom(file, at - length, length, 'refuse'))
  } catch (error) {
    // Something else stands in its place, or it was shut to this user.
    if (describeFault(error, file) === undefined) throw error
    return undefined
  }
}

/** Whether the journal is still the one that was read up to `position`. @param tail what stands before it now */
export function fits({ at, mark }: Position, tail: Buffer | undefined): boolean {
  if (at === 0) return true
  return tail?.length === Math.min(at, MARKED_BYTES) && (mark === '' || markOf(tail) === mark)
}

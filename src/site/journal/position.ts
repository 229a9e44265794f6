/**
 * A position in a journal, with a mark that identifies the journal. Data derived from a journal
 * that was shortened, replaced or restored no longer fits and is rebuilt.
 */
import { type Disk, unlessGone } from '../disk/disk.ts'
import { describeFault } from '../disk/own-file.ts'

export interface Position {
  /** Number of bytes read. */
  readonly at: number
  /** Digest of the preceding text; empty if unknown. */
  readonly mark: string
}

/** By journal (file name without extension). */
export type Positions = Readonly<Record<string, Position>>

/**
 * Every line has its writer's name and a number or time, so no two texts of this length are equal.
 */
export const MARKED_BYTES = 256

export function totalBytes(positions: Positions): number {
  return Object.values(positions).reduce((sum, { at }) => sum + at, 0)
}

/** FNV-1a in two halves, 64 bits: detects accidents, not forgery. */
export function markOf(tail: Buffer): string {
  let low = 0x811c9dc5
  let high = 0x01000193
  for (const byte of tail) {
    low = Math.imul(low ^ byte, 0x01000193) >>> 0
    high = Math.imul(high ^ byte ^ (low >>> 24), 0x85ebca6b) >>> 0
  }
  return `${low.toString(36)}.${high.toString(36)}`
}

/** The last bytes before `at`, from which a mark is made. Shorter if the file is. */
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

/** True if the journal is still the one of `position`. @param tail the text before it now */
export function fits({ at, mark }: Position, tail: Buffer | undefined): boolean {
  if (at === 0) return true
  return tail?.length === Math.min(at, MARKED_BYTES) && (mark === '' || markOf(tail) === mark)
}

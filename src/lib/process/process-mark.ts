/**
 * Marks on processes. A mark is the soft limit RLIMIT_RTTIME (getrlimit(2)), set to centuries: it
 * has no effect on programs, is inherited by every descendant, and survives an empty environment
 * and setsid.
 */
import fs from 'node:fs'
import { runCommand } from './run-command.ts'

/** The number of that limit on every Linux architecture. */
export const RLIMIT_RTTIME = 15
/** Marks lie between this and twice this, values that nobody else sets. */
const LEAST = 2n ** 62n
/** Number of marks per name, as a power of two. */
const NAME_BITS = 32
const HASH_BITS = 30
const FNV_BASIS = 0xcbf29ce484222325n
const FNV_PRIME = 0x100000001b3n
const COMMAND_TIMEOUT_MS = 10_000

/** 2 ** bits consecutive marks. */
export interface MarkRange {
  readonly first: bigint
  readonly bits: number
}

/** The marks of a name. Two names collide with a probability of about 1e-9 (FNV-1a). */
export function marksOf(name: string): MarkRange {
  let hash = FNV_BASIS
  for (const byte of Buffer.from(name)) hash = BigInt.asUintN(64, (hash ^ BigInt(byte)) * FNV_PRIME)
  return { first: LEAST + ((hash >> BigInt(64 - HASH_BITS)) << BigInt(NAME_BITS)), bits: NAME_BITS }
}

/** Part `number` of a range, with 2 ** bits marks; numbers beyond the last part wrap around. */
export function partOf(range: MarkRange, number: number, bits: number): MarkRange {
  const parts = 2 ** (range.bits - bits)
  return { first: range.first + (BigInt(number % parts) << BigInt(bits)), bits }
}

export function isInMarkRange({ first, bits }: MarkRange, mark: bigint | undefined): boolean {
  return mark !== undefined && mark >= first && mark < first + (1n << BigInt(bits))
}

/** The mark of any user's process; `undefined` if it has none or has ended. */
export function readMark(pid: number): bigint | undefined {
  let text: string
  try {
    text = fs.readFileSync(`/proc/${pid}/limits`, 'latin1')
  } catch {
    return undefined
  }
  const [, soft] = /^Max realtime timeout +(\d+)/m.exec(text) ?? []
  const mark = soft === undefined ? 0n : BigInt(soft)
  return mark >= LEAST && mark < 2n * LEAST ? mark : undefined
}

/** Marks this process through prlimit(1) of util-linux, where the C library cannot be called. */
export async function markByCommand(mark: bigint): Promise<void> {
  await runCommand(['prlimit', '--pid', String(process.pid), `--rttime=${mark}:`], COMMAND_TIMEOUT_MS)
}

/**
 * Waiting for a condition, never for a time: it is looked at again and again until a deadline,
 * which says what was last seen.
 */
import { setTimeout as delay } from 'node:timers/promises'

export interface Within {
  /** Seconds; generous, as it is only ever waited for by a test that fails. */
  readonly within?: number
}

const LOOK_AGAIN_MS = 20

/**
 * @param look its value is the answer once it is neither undefined nor false
 * @throws when the deadline passes, with what `seen` tells
 */
export async function until<T>(
  what: string,
  look: () => Promise<T | undefined | false> | T | undefined | false,
  { within = 120 }: Within = {},
  seen: () => unknown = () => undefined,
): Promise<T> {
  const deadline = performance.now() + within * 1000
  for (;;) {
    const answer = await look()
    if (answer !== undefined && answer !== false) return answer
    if (performance.now() > deadline) {
      const last = await seen()
      throw new Error(
        `waited ${within} s for ${what}${last === undefined ? '' : `; last seen: ${typeof last === 'string' ? last : JSON.stringify(last)}`}`,
      )
    }
    await delay(LOOK_AGAIN_MS)
  }
}

/**
 * lib/sleep.ts with time that runs `SPEED` times as fast, so that every crash point can wait for
 * what a later process really waits for: a lock that is left behind, a writer that does not come
 * back. A suite may put a clock of its own in its place.
 */
import { setTimeout as delay } from 'node:timers/promises'

const SPEED = 25

export interface Clock {
  sleep(ms: number): Promise<void>
  now(): number
}

let clock: Clock | undefined

export function useClock(own: Clock | undefined): void {
  clock = own
}

export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  if (clock !== undefined) return clock.sleep(ms)
  try {
    await delay(ms / SPEED, undefined, signal === undefined ? {} : { signal })
  } catch {
    // woken early
  }
}

export function monotonicMs(): number {
  return clock === undefined ? performance.now() * SPEED : clock.now()
}

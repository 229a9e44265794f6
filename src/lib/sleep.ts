/** Waiting on the monotonic clock. */
import { setTimeout as delay } from 'node:timers/promises'

/** Resolves after `ms`, or at once when `signal` fires; never rejects. */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  try {
    await delay(ms, undefined, signal === undefined ? {} : { signal })
  } catch {
    // Woken early by the signal.
  }
}

/** Milliseconds on a clock that never jumps. */
export function monotonicMs(): number {
  // `performance` takes milliseconds to load, which matters to a short command.
  return Number(process.hrtime.bigint()) / 1e6
}

/** A metadata server with much to do. */
import { setTimeout as delay } from 'node:timers/promises'
import { type Disk, directDisk, pooledDisk } from '../../src/site/disk/disk.ts'

const NAME_CALLS = [
  'mkdir',
  'rmdir',
  'rename',
  'unlink',
  'removeAll',
  'symlink',
  'readlink',
  'realpath',
  'readText',
  'readFrom',
  'list',
  'stat',
  'create',
  'openAppend',
  'copy',
  'utimes',
  'refresh',
] as const satisfies readonly (keyof Disk)[]

/**
 * Puts it behind every tree of this process: each call that looks up or changes a name takes
 * `callMs` longer, as many of them under way together as the caller likes.
 */
export function slowDown(callMs: number): void {
  const calls = NAME_CALLS.map((name) => [name, slowed(pooledDisk[name] as () => Promise<unknown>, callMs)])
  const slow = { ...pooledDisk, ...Object.fromEntries(calls) }
  for (const disk of [directDisk, pooledDisk]) Object.assign(disk, slow)
}

function slowed<Arguments extends unknown[], Answer>(
  call: (...given: Arguments) => Promise<Answer>,
  callMs: number,
): (...given: Arguments) => Promise<Answer> {
  return async (...given) => {
    // A timer counts whole milliseconds from when the loop last looked at the clock: it may be
    // early.
    for (const until = performance.now() + callMs; performance.now() < until;) await delay(1)
    return call(...given)
  }
}

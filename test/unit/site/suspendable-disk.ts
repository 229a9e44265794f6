/**
 * A disk whose calls stop at a chosen one, as those of a process do that is suspended or dies
 * there; and go on when it is woken.
 */
import { type Disk, directDisk } from '../../../src/site/disk/disk.ts'

export class SuspendableDisk {
  readonly disk: Disk
  /** Calls made so far. */
  calls = 0
  readonly #at: number
  #wake: () => void = () => {}
  readonly #awake: Promise<void>
  #onSuspend: () => void = () => {}
  readonly suspended: Promise<void>

  /** @param at the call before which it stops, from 1; 0 never stops */
  constructor(at: number) {
    this.#at = at
    this.#awake = new Promise((resolve) => (this.#wake = resolve))
    this.suspended = new Promise((resolve) => (this.#onSuspend = resolve))
    this.disk = new Proxy(directDisk, {
      get: (target, name) => {
        const member: unknown = Reflect.get(target, name)
        return typeof member === 'function'
          ? (...args: unknown[]) => this.#call(() => Reflect.apply(member, target, args) as Promise<unknown>)
          : member
      },
    })
  }

  wake(): void {
    this.#wake()
  }

  async #call(act: () => Promise<unknown>): Promise<unknown> {
    this.calls += 1
    if (this.#at > 0 && this.calls >= this.#at) {
      this.#onSuspend()
      await this.#awake
    }
    return act()
  }
}

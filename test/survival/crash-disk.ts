/**
 * Kills a process, in this process: at its n-th call that changes something it stops, and nothing
 * of it runs after, not even a `finally`.
 */
import { type Disk, directDisk } from '../../src/site/disk/disk.ts'
import { processesEnd } from './hooked-run.ts'
import { type Call, type Hook, type OpenFiles, closeAll, hookDisk } from './hooked-disk.ts'

/** How much of the n-th call still happens: nothing, or, of a write, some of its bytes. */
export const TEARS = ['nothing', 'first byte', 'half', 'all but the last byte'] as const
export type Tear = (typeof TEARS)[number]

const forever = new Promise<never>(() => {})

export class CrashDisk {
  readonly disk: Disk
  /** Resolves at the death, with the call that did not happen. */
  readonly death: Promise<Call>
  calls = 0
  #isDead = false
  #die: (call: Call) => void = () => {}
  readonly #open: OpenFiles = new Set()

  constructor(at: number, tear: Tear) {
    this.death = new Promise((resolve) => (this.#die = resolve))
    const hook: Hook = {
      around: async (call, act, tearAt) => {
        if (this.#isDead) return forever
        this.calls += 1
        if (this.calls < at) return act()
        this.#isDead = true
        if (call.text !== undefined && tear !== 'nothing') await tearAt(bytesOf(tear, Buffer.byteLength(call.text)))
        this.#die(call)
        return forever
      },
      look: async () => {
        if (this.#isDead) return forever
      },
    }
    this.disk = hookDisk(directDisk, hook, this.#open)
  }

  /**
   * Does the kernel's part: closes the dead process's open files. None of its calls runs
   * afterwards.
   */
  async bury(): Promise<void> {
    this.#isDead = true
    await closeAll(this.#open)
    await processesEnd()
  }
}

function bytesOf(tear: Tear, length: number): number {
  if (tear === 'first byte') return 1
  return tear === 'half' ? Math.floor(length / 2) : Math.max(0, length - 1)
}

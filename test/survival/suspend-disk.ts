/**
 * Suspends a process at its n-th call that changes something, as SIGSTOP does, until somebody lets
 * it go on.
 */
import { type Disk, directDisk } from '../../src/site/disk/disk.ts'
import { hookDisk } from './hooked-disk.ts'

export class SuspendDisk {
  readonly disk: Disk
  /** Resolves when it has been suspended. */
  readonly suspended: Promise<void>
  resume: () => void = () => {}
  calls = 0

  constructor(at: number) {
    let isSuspended = (): void => {}
    this.suspended = new Promise((resolve) => (isSuspended = resolve))
    const resumed = new Promise<void>((resolve) => (this.resume = resolve))
    let isWaiting = false
    this.disk = hookDisk(directDisk, {
      around: async (_call, act) => {
        this.calls += 1
        if (this.calls === at) {
          isWaiting = true
          isSuspended()
        }
        if (isWaiting) await resumed
        return act()
      },
      look: async () => {
        if (isWaiting) await resumed
      },
    })
  }
}

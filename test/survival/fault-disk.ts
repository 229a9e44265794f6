/**
 * A file system that fails: at the n-th call that changes something, once or for a while, before
 * the call takes effect or after.
 */
import { type Disk, directDisk } from '../../src/site/disk/disk.ts'
import { type Call, type OpenFiles, closeAll, hookDisk } from './hooked-disk.ts'

export const ERRNOS = {
  ENOSPC: -28,
  EDQUOT: -122,
  EIO: -5,
  ESTALE: -116,
  EACCES: -13,
  EROFS: -30,
  EMFILE: -24,
} as const
export type FaultCode = keyof typeof ERRNOS

export interface Fault {
  readonly code: FaultCode
  /** The first call that fails. */
  readonly at: number
  /** How many fail in a row. */
  readonly times: number
  /**
   * The call takes effect, and fails nevertheless: an answer that was lost, or a flush that failed
   * after the write.
   */
  readonly isAfter: boolean
}

export class FaultDisk {
  readonly disk: Disk
  calls = 0
  failed: Call[] = []
  readonly #open: OpenFiles = new Set()

  constructor(fault: Fault | undefined) {
    this.disk = hookDisk(
      directDisk,
      {
        around: async (call, act, tear) => {
          this.calls += 1
          if (fault === undefined || this.calls < fault.at || this.calls >= fault.at + fault.times) return act()
          this.failed.push(call)
          if (fault.isAfter) await act()
          else if (fault.code === 'ENOSPC' && call.text !== undefined)
            await tear(Math.floor(Buffer.byteLength(call.text) / 2))
          throw failure(fault.code, call)
        },
        look: async () => {},
      },
      this.#open,
    )
  }

  async close(): Promise<void> {
    await closeAll(this.#open)
  }
}

function failure(code: FaultCode, { name, target }: Call): Error {
  return Object.assign(new Error(`${code}: injected, ${name} '${target}'`), {
    code,
    errno: ERRNOS[code],
    syscall: name,
    path: target,
  })
}

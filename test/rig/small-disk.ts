/** A small file system of its own, for tests that fill a disk or make it read-only. */
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'

/** Mounted until it is disposed of. */
export class SmallDisk implements Disposable {
  readonly folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bjob-disk-'))

  /** @throws where this user may not mount */
  constructor(size: string) {
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', `size=${size}`, 'tmpfs', this.folder], { stdio: 'pipe' })
    } catch (error) {
      fs.rmdirSync(this.folder)
      throw error
    }
  }

  remount(options: string): void {
    execFileSync('mount', ['-o', `remount,${options}`, this.folder])
  }

  [Symbol.dispose](): void {
    execFileSync('umount', ['-l', this.folder])
    fs.rmdirSync(this.folder)
  }
}

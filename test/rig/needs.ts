/**
 * The tools that a test needs beside Node.js and a POSIX system. If one is missing, the test is
 * skipped under its own name, and missing-needs.ts lists it at the end of the run: test('the manual
 * page shows all commands', needs('man'), () => …)
 */
import { spawnSync } from 'node:child_process'
import fs from 'node:fs'
import { createRequire } from 'node:module'
import os from 'node:os'
import path from 'node:path'
import type { TestOptions } from 'vitest'
import { hasCommand } from '../../src/lib/process/run-command.ts'
import { loginEnvironment } from './environment.mjs'
import { makeMemoryGroup } from './memory-group.ts'
import { SmallDisk } from './small-disk.ts'

declare module 'vitest' {
  interface TaskMeta {
    /** The needs that this machine does not meet. */
    missing?: readonly string[]
  }
}

/** Debian's, whatever other Python is first on the PATH: the one that has Debian's packages. */
export const DEBIAN_PYTHON = '/usr/bin/python3'
export const SSHD = '/usr/sbin/sshd'
export const CHROMIUM = ['/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome'].find((file) =>
  fs.existsSync(file),
)

const PROBES = {
  bash: () => hasCommand('bash'),
  zsh: () => hasCommand('zsh'),
  fish: () => hasCommand('fish'),
  man: () => succeeds('man', '--version'),
  ps: () => hasCommand('ps'),
  rsync: () => hasCommand('rsync'),
  // util-linux's, which makes a terminal.
  script: () => hasCommand('script'),
  scp: () => hasCommand('scp'),
  sshd: () => [SSHD, 'ssh', 'ssh-keygen'].every((command) => hasCommand(command) || fs.existsSync(command)),
  'python3 from 3.6 on': () => succeeds('python3', '-c', 'import sys; assert sys.version_info >= (3, 6)'),
  "Debian's Optuna and scikit-learn": () => succeeds(DEBIAN_PYTHON, '-c', 'import optuna, sklearn'),
  chromium: () => CHROMIUM !== undefined,
  koffi: () => canResolve('koffi'),
  Debian: () => fs.existsSync('/etc/debian_version'),
  root: () => process.getuid?.() === 0,
  'setpriv, for root': () => process.getuid?.() === 0 && hasCommand('setpriv'),
  'chattr, for root': mayMakeImmutable,
  'the right to mount': mayMount,
  'the right to make control groups': mayLimitMemory,
  '/dev/fuse': () => fs.existsSync('/dev/fuse'),
  '/proc': () => fs.existsSync('/proc/self/environ'),
} satisfies Record<string, () => boolean>

export type Need = keyof typeof PROBES

const answers = new Map<Need, boolean>()

/** The options of a test, or of a `describe` for each of its tests. */
export function needs(...wanted: readonly Need[]): TestOptions {
  const missing = wanted.filter((need) => !isMet(need))
  return missing.length === 0 ? {} : { skip: true, meta: { missing } }
}

/** Probes once in a process: Python alone takes a tenth of a second to answer. */
export function isMet(need: Need): boolean {
  const answer = answers.get(need) ?? PROBES[need]()
  answers.set(need, answer)
  return answer
}

function succeeds(command: string, ...args: readonly string[]): boolean {
  return spawnSync(command, args, { env: loginEnvironment(), stdio: 'ignore' }).status === 0
}

function canResolve(name: string): boolean {
  try {
    createRequire(import.meta.url).resolve(name)
    return true
  } catch {
    return false
  }
}

function mayMakeImmutable(): boolean {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bjob-chattr-'))
  try {
    return succeeds('chattr', '+i', folder) && succeeds('chattr', '-i', folder)
  } finally {
    fs.rmdirSync(folder)
  }
}

function mayMount(): boolean {
  try {
    new SmallDisk('64k')[Symbol.dispose]()
    return true
  } catch {
    return false
  }
}

function mayLimitMemory(): boolean {
  const folder = makeMemoryGroup(1 << 30)
  if (folder !== undefined) fs.rmdirSync(folder)
  return folder !== undefined
}

/**
 * Starts processes through posix_spawn(3) of the C library, called by koffi: the kernel lends this
 * process's memory to the child until it runs its own program, whereas fork(2), which Node.js uses,
 * copies all page tables first. One posix_spawn and one wait4(2), which returns the usage, are the
 * whole cost.
 */
import fs from 'node:fs'
import { constants } from 'node:os'
import { getSystemErrorName } from 'node:util'
import { type AddressOf, CEnvironment, CStrings } from './c-strings.ts'
import { RLIMIT_RTTIME } from './process-mark.ts'
import type { ProcessExit, ProcessStarter, ProcessUse, StartCommand, StartedProcess } from './process-starter.ts'
import { findCommand } from './run-command.ts'

/** The functions of libc used here, as in their manual pages. */
interface Libc {
  posix_spawn(pid: Memory, path: string, actions: Memory, attributes: Memory, argv: Memory, envp: Memory): number
  posix_spawn_file_actions_init(actions: Memory): number
  posix_spawn_file_actions_adddup2(actions: Memory, from: number, to: number): number
  posix_spawnattr_init(attributes: Memory): number
  posix_spawnattr_setflags(attributes: Memory, flags: number): number
  posix_spawnattr_setsigdefault(attributes: Memory, signals: Memory): number
  posix_spawnattr_setsigmask(attributes: Memory, signals: Memory): number
  kill(pid: number, signal: number): number
  wait4(pid: number, status: Memory, options: number, usage: Memory): number
  getrlimit(resource: number, limits: Memory): number
  setrlimit(resource: number, limits: Memory): number
  prctl(option: number, argument: number, third: number, fourth: number, fifth: number): number
}

type Memory = Buffer | Int32Array | BigInt64Array | BigUint64Array

/** Larger than any structure of a Linux C library used here. */
const STRUCT_BYTES = 1024
/** From spawn.h: POSIX_SPAWN_SETSIGDEF, POSIX_SPAWN_SETSIGMASK, POSIX_SPAWN_SETSID. */
const SPAWN_FLAGS = 0x04 | 0x08 | 0x80
const WNOHANG = 1
/** From linux/prctl.h: orphaned descendants become children of this process. */
const PR_SET_CHILD_SUBREAPER = 36
/** Default of execvp(3). */
const DEFAULT_PATH = '/bin:/usr/bin'

/** @returns undefined if the C library cannot be called: without koffi, or not on 64-bit Linux */
export async function loadNativeStarter(): Promise<ProcessStarter | undefined> {
  if (process.platform !== 'linux') return undefined
  try {
    const { default: koffi } = await import('koffi')
    const library = koffi.load(null)
    if (koffi.sizeof('void *') !== 8) return undefined
    const libc: Libc = {
      posix_spawn: library.func('int posix_spawn(void *, const char *, void *, void *, void *, void *)'),
      posix_spawn_file_actions_init: library.func('int posix_spawn_file_actions_init(void *)'),
      posix_spawn_file_actions_adddup2: library.func('int posix_spawn_file_actions_adddup2(void *, int, int)'),
      posix_spawnattr_init: library.func('int posix_spawnattr_init(void *)'),
      posix_spawnattr_setflags: library.func('int posix_spawnattr_setflags(void *, short)'),
      posix_spawnattr_setsigdefault: library.func('int posix_spawnattr_setsigdefault(void *, void *)'),
      posix_spawnattr_setsigmask: library.func('int posix_spawnattr_setsigmask(void *, void *)'),
      kill: library.func('int kill(int, int)'),
      wait4: library.func('int wait4(int, void *, int, void *)'),
      getrlimit: library.func('int getrlimit(int, void *)'),
      setrlimit: library.func('int setrlimit(int, void *)'),
      prctl: library.func('int prctl(int, unsigned long, unsigned long, unsigned long, unsigned long)'),
    }
    return new NativeStarter(libc, (memory) => koffi.address(memory))
  } catch {
    return undefined
  }
}

class NativeStarter implements ProcessStarter {
  readonly keepsAll: boolean
  readonly #libc: Libc
  readonly #addressOf: AddressOf
  readonly #attributes = Buffer.alloc(STRUCT_BYTES)
  readonly #environments = new WeakMap<NodeJS.ProcessEnv, CEnvironment>()
  readonly #programs = new Map<string, string>()
  readonly #nothing = fs.openSync('/dev/null', 'r')
  /** By output descriptor: the kernel reuses the same few. */
  readonly #actions = new Map<number, Buffer>()
  readonly #running = new Map<number, (end: ProcessExit) => void>()
  /** Written by the calls: a pid or a status, and a struct rusage. */
  readonly #answer = new Int32Array(1)
  readonly #usage = new BigInt64Array(STRUCT_BYTES / 8)
  /** A struct rlimit: the soft limit, which is the mark, and the hard limit. */
  readonly #limits = new BigUint64Array(2).fill(2n ** 64n - 1n)
  readonly #argv: CStrings
  readonly #envp: CStrings
  /** As of the last reading; it only grows. */
  #ownPeakKiB = 0

  constructor(libc: Libc, addressOf: AddressOf) {
    this.#libc = libc
    this.#addressOf = addressOf
    this.#argv = new CStrings(addressOf)
    this.#envp = new CStrings(addressOf)
    libc.posix_spawnattr_init(this.#attributes)
    libc.posix_spawnattr_setflags(this.#attributes, SPAWN_FLAGS)
    // Signals ignored by this process (such as SIGPIPE) would stay ignored in the child.
    libc.posix_spawnattr_setsigdefault(this.#attributes, Buffer.alloc(STRUCT_BYTES, 0xff))
    libc.posix_spawnattr_setsigmask(this.#attributes, Buffer.alloc(STRUCT_BYTES))
    libc.getrlimit(RLIMIT_RTTIME, this.#limits)
    this.keepsAll = libc.prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0) === 0
    process.on('SIGCHLD', () => this.#reap())
  }

  start({ words, cwd, inherited, environment, output, mark }: StartCommand): StartedProcess {
    const variables: string[] = []
    for (const [name, value] of Object.entries(environment)) if (value !== null) variables.push(`${name}=${value}`)
    const envp = this.#envp.write(variables, this.#environmentOf(inherited).without(environment))
    const searchPath = 'PATH' in environment ? environment['PATH'] : inherited['PATH']
    if (mark !== undefined) this.#mark(mark)
    // The child inherits the folder, in which a relative program path is resolved.
    process.chdir(cwd)
    try {
      this.#spawn(words, searchPath ?? DEFAULT_PATH, envp, output)
    } finally {
      // A process's working folder cannot be removed completely, nor its file system unmounted.
      process.chdir('/')
    }
    const [pid = 0] = this.#answer
    return { pid, ended: new Promise((resolve) => this.#running.set(pid, resolve)) }
  }

  async markSelf(mark: bigint): Promise<void> {
    this.#mark(mark)
  }

  /**
   * Uses the C library: Node.js creates an error with a stack for the usual result, a missing
   * group.
   */
  killGroup(group: number): void {
    this.#libc.kill(-group, constants.signals.SIGKILL)
  }

  #mark(mark: bigint): void {
    this.#limits[0] = mark
    this.#libc.setrlimit(RLIMIT_RTTIME, this.#limits)
  }

  #environmentOf(variables: NodeJS.ProcessEnv): CEnvironment {
    let known = this.#environments.get(variables)
    if (known === undefined) this.#environments.set(variables, (known = new CEnvironment(variables, this.#addressOf)))
    return known
  }

  /** @throws Error */
  #spawn(words: readonly string[], searchPath: string, envp: Memory, output: number): void {
    const [name = '', ...args] = words
    const { ENOENT, ENOEXEC } = constants.errno
    const run = (file: string, argv: readonly string[]): number => {
      const actions = this.#actionsFor(output)
      const strings = this.#argv.write(argv)
      return this.#libc.posix_spawn(this.#answer, file, actions, this.#attributes, strings, envp)
    }
    let file = this.#find(name, searchPath)
    let error = run(file, words)
    // A cached path may be outdated.
    if (error === ENOENT && this.#programs.delete(`${name}\0${searchPath}`))
      error = run((file = this.#find(name, searchPath)), words)
    // A file without a recognised format runs as a shell script (execvp(3)).
    if (error === ENOEXEC) error = run('/bin/sh', ['/bin/sh', file, ...args])
    if (error === 0) return
    const code = getSystemErrorName(-error)
    throw Object.assign(new Error(`spawn ${name} ${code}`), { code })
  }

  /** The path of a program; the name itself if it is a path or not found. */
  #find(name: string, searchPath: string): string {
    if (name.includes('/')) return name
    const key = `${name}\0${searchPath}`
    const file = this.#programs.get(key) ?? findCommand(name, searchPath) ?? name
    // A relative path refers to another file in the next job's folder.
    if (file.startsWith('/')) this.#programs.set(key, file)
    return file
  }

  #actionsFor(output: number): Buffer {
    let actions = this.#actions.get(output)
    if (actions === undefined) {
      actions = Buffer.alloc(STRUCT_BYTES)
      this.#libc.posix_spawn_file_actions_init(actions)
      for (const [to, from] of [this.#nothing, output, output].entries())
        this.#libc.posix_spawn_file_actions_adddup2(actions, from, to)
      this.#actions.set(output, actions)
    }
    return actions
  }

  #reap(): void {
    for (;;) {
      const pid = this.#libc.wait4(-1, this.#answer, WNOHANG, this.#usage)
      if (pid <= 0) return
      const [status = 0] = this.#answer
      const signal = status & 0x7f
      const tell = this.#running.get(pid)
      this.#running.delete(pid)
      tell?.({
        code: (status >> 8) & 0xff,
        signal: signal === 0 ? undefined : SIGNALS.get(signal),
        used: this.#readUsage(),
      })
    }
  }

  /**
   * A struct rusage: user and system time in seconds and microseconds, then the peak memory in KiB.
   */
  #readUsage(): ProcessUse {
    const number = (at: number): number => Number(this.#usage[at])
    const cpuSeconds = number(0) + number(2) + (number(1) + number(3)) / 1e6
    const peakKiB = number(4)
    // Until exec, the child's peak includes this process's memory.
    if (peakKiB > this.#ownPeakKiB) this.#ownPeakKiB = process.resourceUsage().maxRSS
    return { cpuSeconds, cpuIs: 'exact', ...(peakKiB > this.#ownPeakKiB ? { peakMiB: peakKiB / 1024 } : {}) }
  }
}

const SIGNALS = new Map(Object.entries(constants.signals).map(([name, number]) => [number, name as NodeJS.Signals]))

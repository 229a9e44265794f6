/**
 * Waiting for changes of files that people and jobs write: settings, applications, logs, progress. On a local file system the kernel tells
 * (chokidar); on a network one, where it is blind to other nodes, chokidar polls every `poll_seconds`.
 */
import type { FSWatcher } from 'chokidar'
import path from 'node:path'
import { Bell } from '../../lib/bell.ts'
import { monotonicMs } from '../../lib/sleep.ts'
import type { Site } from '../site.ts'

/** News seldom comes alone: what follows within this long is read together. */
const GATHER_MS = 10
/** chokidar says nothing of changes within 50 ms of one that it told: they are read after that. */
const SILENCE_MS = 60
/** Files that are not there yet, or cannot be watched, are looked at this often. */
const UNSEEN_MS = 2000
/** The kernel's word can be missed: this often all are looked at. */
const LOCAL_LOOK_MS = 10_000
/** A network file system may show an old size to a poll for a minute, but never to a reader that opens the file. */
const NETWORK_LOOK_MS = 5000

export interface FileWatchOptions {
  readonly signal?: AbortSignal
  /** Resolves with no file after this long. */
  readonly patienceMs?: number
}

export class FileWatch implements AsyncDisposable {
  readonly #site: Site
  readonly #pollMs: number
  readonly #bell = new Bell()
  #watcher: Promise<FSWatcher> | undefined
  /** Of each file, whether chokidar has seen it. */
  readonly #files = new Map<string, boolean>()
  #changed = new Set<string>()
  /** The system has no more watches to give. */
  #isBlind = false
  #isClosed = false
  #failure: unknown
  /** By file, the look after chokidar's silence. */
  readonly #later = new Map<string, NodeJS.Timeout>()
  #lookedMs = monotonicMs()
  #allLookedMs = monotonicMs()

  /** @param pollMs how often a network file system is asked */
  constructor(site: Site, pollMs = site.settings.poll_seconds * 1000) {
    this.#site = site
    this.#pollMs = pollMs
  }

  /** Watches a file, or the files of a folder, from now on; the next `next` tells of it. What it has now may be read at once. */
  add(file: string): void {
    if (this.#files.has(file)) return
    this.#files.set(file, false)
    this.#tell(file)
    void this.#use((watcher) => watcher.add(file))
  }

  drop(file: string): void {
    if (!this.#files.delete(file)) return
    this.#changed.delete(file)
    const folder = path.dirname(file)
    const isShared = [...this.#files.keys()].some((other) => path.dirname(other) === folder)
    // For a file that was not there yet chokidar watches the folder.
    void this.#use((watcher) => watcher.unwatch(isShared ? file : [file, folder]))
  }

  has(file: string): boolean {
    return this.#files.has(file)
  }

  /** Ends the waiting: what is to be followed has changed. */
  wake(): void {
    this.#bell.ring()
  }

  /** Resolves with the files that may have changed since the last call. */
  async next({ signal, patienceMs = Infinity }: FileWatchOptions = {}): Promise<ReadonlySet<string>> {
    await this.#bell.wait(Math.min(patienceMs, UNSEEN_MS), signal)
    if (this.#bell.hasRung) await this.#bell.gather(GATHER_MS, signal)
    this.#bell.answer()
    if (this.#failure !== undefined) throw this.#failure
    this.#lookAnyway()
    const changed = this.#changed
    this.#changed = new Set()
    return changed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#isClosed = true
    for (const timer of this.#later.values()) clearTimeout(timer)
    const watcher = await this.#watcher?.catch(() => undefined)
    await watcher?.close()
  }

  #lookAnyway(): void {
    const nowMs = monotonicMs()
    if (nowMs - this.#lookedMs < UNSEEN_MS) return
    this.#lookedMs = nowMs
    const allMs = this.#site.disk.isNetwork ? Math.max(NETWORK_LOOK_MS, this.#pollMs) : LOCAL_LOOK_MS
    const isAll = this.#isBlind || nowMs - this.#allLookedMs >= allMs
    if (isAll) this.#allLookedMs = nowMs
    for (const [file, isSeen] of this.#files) {
      if (isAll || !isSeen) this.#changed.add(file)
      if (!isSeen) void this.#use(async (watcher) => this.#watchIfThere(watcher, file))
    }
  }

  /** A file that came just before chokidar began to watch its folder is unknown to it until that folder changes. */
  async #watchIfThere(watcher: FSWatcher, file: string): Promise<void> {
    if ((await this.#site.disk.stat(file)) === undefined) return
    if (!this.#isClosed && this.#files.get(file) === false) watcher.add(file)
  }

  #tell(file: string): void {
    this.#changed.add(file)
    this.#bell.ring()
  }

  #tellLater(file: string): void {
    clearTimeout(this.#later.get(file))
    const look = (): void => {
      this.#later.delete(file)
      if (this.#files.has(file)) this.#tell(file)
    }
    this.#later.set(file, setTimeout(look, SILENCE_MS).unref())
  }

  /** chokidar is loaded when the first file is watched: a short command has none. */
  async #use(act: (watcher: FSWatcher) => unknown): Promise<void> {
    this.#watcher ??= this.#open()
    try {
      const watcher = await this.#watcher
      // chokidar would open again.
      if (!this.#isClosed) await act(watcher)
    } catch (error) {
      this.#failure = error
      this.#bell.ring()
    }
  }

  async #open(): Promise<FSWatcher> {
    const { watch } = await import('chokidar')
    const { isNetwork } = this.#site.disk
    const watcher = watch([], {
      depth: 0,
      followSymlinks: false,
      usePolling: isNetwork,
      interval: this.#pollMs,
      // `.dat` counts as binary there.
      binaryInterval: this.#pollMs,
    })
    watcher.on('all', (event, file) => {
      const followed = this.#files.has(file) ? file : path.dirname(file)
      if (!this.#files.has(followed)) return
      // It tells of a file only once it watches it: what was written before has to be looked for.
      this.#files.set(followed, !event.startsWith('unlink') || followed !== file)
      this.#tell(followed)
      this.#tellLater(followed)
    })
    watcher.on('error', () => (this.#isBlind = true))
    return watcher
  }
}

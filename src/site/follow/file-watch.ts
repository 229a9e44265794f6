/**
 * Waits for changes of files that users and jobs write: settings, applications, logs, progress.
 * chokidar watches them: by kernel notification on a local file system, by polling every
 * `poll_seconds` on a network one.
 */
import type { FSWatcher } from 'chokidar'
import path from 'node:path'
import { Bell } from '../../lib/bell.ts'
import { monotonicMs } from '../../lib/sleep.ts'
import type { Site } from '../site.ts'

/** Changes often come in bursts, which are read together. */
const GATHER_MS = 10
/** chokidar suppresses changes within 50 ms of a reported one: they are read after that. */
const SILENCE_MS = 60
/** Polling interval for files that are missing or cannot be watched. */
const UNSEEN_MS = 2000
/** Polling interval for all files, because notifications can be lost. */
const LOCAL_LOOK_MS = 10_000
/**
 * On a network file system, a poll may see an old size for a minute; a reader that opens the file
 * does not.
 */
const NETWORK_LOOK_MS = 5000

export interface FileWatchOptions {
  readonly signal?: AbortSignal
  /** Resolves without a file after this time. */
  readonly patienceMs?: number
}

export class FileWatch implements AsyncDisposable {
  readonly #site: Site
  readonly #pollMs: number
  readonly #bell = new Bell()
  #watcher: Promise<FSWatcher> | undefined
  /** By file, true if chokidar has reported it. */
  readonly #files = new Map<string, boolean>()
  #changed = new Set<string>()
  /** True if the system has no watches left. */
  #isBlind = false
  #isClosed = false
  #failure: unknown
  /** Pending reads after chokidar's silence, by file. */
  readonly #later = new Map<string, NodeJS.Timeout>()
  #lookedMs = monotonicMs()
  #allLookedMs = monotonicMs()

  /** @param pollMs polling interval on a network file system */
  constructor(site: Site, pollMs = site.settings.poll_seconds * 1000) {
    this.#site = site
    this.#pollMs = pollMs
  }

  /**
   * Watches a file, or the files of a folder, from now on; the next `next` reports it. Its content
   * may be read at once.
   */
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
    // For a missing file, chokidar watches the folder.
    void this.#use((watcher) => watcher.unwatch(isShared ? file : [file, folder]))
  }

  has(file: string): boolean {
    return this.#files.has(file)
  }

  /** Ends the waiting, because the followed files have changed. */
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

  /** chokidar misses a file created just before it watches the folder, until the folder changes. */
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

  /** Loaded for the first watched file; short commands have none. */
  async #use(act: (watcher: FSWatcher) => unknown): Promise<void> {
    this.#watcher ??= this.#open()
    try {
      const watcher = await this.#watcher
      // chokidar would open it again.
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
      // chokidar treats `.dat` as binary.
      binaryInterval: this.#pollMs,
    })
    watcher.on('all', (event, file) => {
      const followed = this.#files.has(file) ? file : path.dirname(file)
      if (!this.#files.has(followed)) return
      // chokidar reports changes only after it watches a file, so earlier ones are checked here.
      this.#files.set(followed, !event.startsWith('unlink') || followed !== file)
      this.#tell(followed)
      this.#tellLater(followed)
    })
    watcher.on('error', () => (this.#isBlind = true))
    return watcher
  }
}

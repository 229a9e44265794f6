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

/**
 * A file has a watcher of its own, because chokidar's `unwatch` ignores a path, and all below it,
 * for good.
 */
interface Watched {
  readonly watcher: Promise<FSWatcher>
  /** True if chokidar has reported the file. */
  isSeen: boolean
}

export class FileWatch implements AsyncDisposable {
  readonly #site: Site
  readonly #pollMs: number
  readonly #bell = new Bell()
  readonly #files = new Map<string, Watched>()
  #changed = new Set<string>()
  /** True if notifications fail, as when the system has no watches left. */
  #isBlind = false
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
    const watched: Watched = { watcher: this.#open(file), isSeen: false }
    this.#files.set(file, watched)
    this.#tell(file)
    void this.#watch(file, watched)
  }

  drop(file: string): void {
    const watched = this.#files.get(file)
    if (watched === undefined) return
    this.#files.delete(file)
    this.#changed.delete(file)
    void close(watched)
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
    this.#lookAnyway()
    const changed = this.#changed
    this.#changed = new Set()
    return changed
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const timer of this.#later.values()) clearTimeout(timer)
    const all = [...this.#files.values()]
    this.#files.clear()
    await Promise.all(all.map(close))
  }

  #lookAnyway(): void {
    const nowMs = monotonicMs()
    if (nowMs - this.#lookedMs < UNSEEN_MS) return
    this.#lookedMs = nowMs
    const allMs = this.#site.disk.isNetwork ? Math.max(NETWORK_LOOK_MS, this.#pollMs) : LOCAL_LOOK_MS
    const isAll = this.#isBlind || nowMs - this.#allLookedMs >= allMs
    if (isAll) this.#allLookedMs = nowMs
    for (const [file, watched] of this.#files) {
      if (isAll || !watched.isSeen) this.#changed.add(file)
      if (!watched.isSeen) void this.#watchIfThere(file, watched)
    }
  }

  /** chokidar misses a file created just before it watches the folder, until the folder changes. */
  async #watchIfThere(file: string, watched: Watched): Promise<void> {
    // A file that cannot be asked for now is polled like a missing one.
    const stat = await this.#site.disk.stat(file).catch(() => undefined)
    if (stat !== undefined && !watched.isSeen) await this.#watch(file, watched)
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

  /** Without chokidar, all files are polled. */
  async #watch(file: string, watched: Watched): Promise<void> {
    try {
      const watcher = await watched.watcher
      // chokidar would open a closed watcher again.
      if (this.#files.get(file) === watched) watcher.add(file)
    } catch {
      this.#isBlind = true
    }
  }

  /** Loads chokidar for the first watched file; short commands have none. */
  async #open(file: string): Promise<FSWatcher> {
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
    watcher.on('all', (event, changed) => {
      const watched = this.#files.get(file)
      // For a missing file, chokidar watches the folder.
      if (watched === undefined || (changed !== file && path.dirname(changed) !== file)) return
      // chokidar reports changes only after it watches a file, so earlier ones are checked here.
      watched.isSeen = !event.startsWith('unlink') || changed !== file
      this.#tell(file)
      this.#tellLater(file)
    })
    watcher.on('error', () => (this.#isBlind = true))
    return watcher
  }
}

async function close({ watcher }: Watched): Promise<void> {
  await watcher.then((opened) => opened.close()).catch(() => {})
}

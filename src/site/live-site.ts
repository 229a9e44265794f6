/**
 * Takes up edits of bjob.yaml and apps/ in a process that stays. A file that is invalid, as one
 * that is half saved may be, changes nothing: the process keeps what it had, says so once, and
 * reads the file again when it changes.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { BjobError } from '../core/text/errors.ts'
import { monotonicMs } from '../lib/sleep.ts'
import { type Application, listApplications, readApplication } from './applications.ts'
import { codeOf, isGone } from './disk/disk.ts'
import { readPersonsText } from './disk/files.ts'
import { SITE_FILE } from './disk/layout.ts'
import { FileWatch } from './follow/file-watch.ts'
import { type Settings, checkDefaults, parseSettings } from './settings.ts'
import type { Site } from './site.ts'

/** Processes that end sooner need not watch anything. */
const START_MS = 500
/** A file that did not change for this long is saved. */
const SETTLE_MS = 300
/** A network file system is asked this often at most. */
const NETWORK_POLL_MS = 5000
/** After this and a poll, the journal has shown a job that was set aside. */
const ARRIVAL_MS = 5000

export interface LiveSiteEvents {
  /** Settings that apply immediately, or later. */
  readonly onEdit?: (message: string) => void
  readonly onProblem: (message: string) => void
  /** Some application has changed. */
  readonly onApplications?: () => void
}

export class LiveSite implements AsyncDisposable {
  readonly #site: Site
  readonly #events: LiveSiteEvents
  readonly #applications = new Map<string, Promise<Application>>()
  /** Applications that could not be read, with the time of the last attempt. */
  readonly #failed = new Map<string, number>()
  readonly #over = new AbortController()
  readonly #running: Promise<void>
  /** Faults that have been told and still hold, by the name of the file. */
  readonly #told = new Set<string>()
  /** bjob.yaml as it was last valid. */
  #edited: Settings
  /** True if a file could not be read, so that the next look reads again. */
  #isOwed = false

  constructor(site: Site, events: LiveSiteEvents) {
    this.#site = site
    this.#events = events
    this.#edited = site.settings
    this.#running = this.#follow(this.#over.signal).catch((error: unknown) => {
      events.onProblem(`${EDITS} are not taken up any more: ${messageOf(error)}`)
    })
  }

  /**
   * An application as its file was when it was last valid. @throws BjobError `unknown-application`,
   * `bad-application`
   */
  async applicationOf(name: string): Promise<Application> {
    const known = this.#applications.get(name)
    if (known !== undefined) return known
    const read = readApplication(this.#site.disk, this.#site.layout, name)
    this.#applications.set(name, read)
    try {
      return await read
    } catch (error) {
      this.#applications.delete(name)
      this.#failed.set(name, monotonicMs())
      throw error
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#over.abort()
    await this.#running
  }

  async #follow(signal: AbortSignal): Promise<void> {
    const { settings, apps } = this.#site.layout
    await pause(START_MS, signal)
    if (signal.aborted) return
    await using watch = new FileWatch(this.#site, Math.max(this.#site.settings.poll_seconds * 1000, NETWORK_POLL_MS))
    watch.add(settings)
    watch.add(apps)
    let before: unknown
    while (!signal.aborted) {
      const changed = await watch.next({ signal })
      if (signal.aborted || changed.size === 0) continue
      try {
        const now = await this.#look()
        const isEdited = !isDeepStrictEqual(before, now)
        if (isEdited) before = await this.#settled(now, signal)
        if (isEdited || this.#isOwed) await this.#readAll()
        if ((await this.#retryFailed()) || isEdited) this.#events.onApplications?.()
        this.#told.delete(EDITS)
      } catch (error) {
        // A file system that fails is asked again by the next look.
        before = undefined
        this.#tellOnce(EDITS, `${EDITS} cannot be read now: ${messageOf(error)}`)
      }
    }
  }

  /** Waits until nobody writes. @returns what tells one state of the files from another */
  async #settled(seen: unknown, signal: AbortSignal): Promise<unknown> {
    for (let before = seen; ;) {
      await pause(SETTLE_MS, signal)
      const now = await this.#look()
      if (isDeepStrictEqual(before, now) || signal.aborted) return now
      before = now
    }
  }

  async #look(): Promise<unknown> {
    const { disk, layout } = this.#site
    const names = await listApplications(disk, layout)
    const files = [layout.settings, ...names.map((name) => `${layout.apps}/${name}.yaml`)]
    return Promise.all(files.map((file) => this.#stateOf(file)))
  }

  /** The state of a link's target, which is the file that people edit. */
  async #stateOf(file: string): Promise<unknown> {
    const { disk } = this.#site
    try {
      const real = await disk.realpath(file)
      const stat = await disk.stat(real)
      return [file, real, stat?.ino, stat?.size, stat?.mtimeMs]
    } catch (error) {
      return [file, codeOf(error)]
    }
  }

  async #readAll(): Promise<void> {
    this.#isOwed = false
    await this.#readSettings()
    await this.#readApplications()
  }

  async #readSettings(): Promise<void> {
    const { disk, layout } = this.#site
    try {
      const text = await readPersonsText(disk, layout.settings)
      // As an editor leaves it on a full disk.
      if (text.trim() === '') return
      this.#takeUp(parseSettings(text, layout.settings))
      this.#told.delete(SITE_FILE)
    } catch (error) {
      // An editor may move it away for a moment.
      if (!isGone(error)) this.#refuse(SITE_FILE, error)
    }
  }

  /** @throws BjobError `bad-setting` */
  #takeUp(edited: Settings): void {
    if (isDeepStrictEqual(edited, this.#edited)) return
    checkDefaults(edited, this.#site.layout.settings)
    this.#edited = edited
    const { taken, later } = this.#site.adopt(edited)
    const words = [
      ...(taken.length === 0 ? [] : [`${taken.join(', ')} from now on`]),
      ...(later.length === 0 ? [] : [`${later.join(', ')} from the next start`]),
    ]
    if (words.length > 0) this.#events.onEdit?.(`${SITE_FILE} was edited: ${words.join('; ')}`)
  }

  /** Those that this process has used: others are read when they are asked for. */
  async #readApplications(): Promise<void> {
    const { disk, layout } = this.#site
    for (const [name, known] of this.#applications) {
      const file = `apps/${name}.yaml`
      try {
        const edited = await readApplication(disk, layout, name)
        this.#told.delete(file)
        if (isDeepStrictEqual(edited, await known)) continue
        this.#applications.set(name, Promise.resolve(edited))
        this.#events.onEdit?.(`${file} was edited: it holds for jobs that start from now on`)
      } catch (error) {
        if (error instanceof BjobError && error.code === 'unknown-application') this.#applications.delete(name)
        else this.#refuse(file, error)
      }
    }
  }

  /**
   * Reads again the applications that jobs were set aside for.
   * @returns true if one is valid now, for as long as such a job may still reach the index
   */
  async #retryFailed(): Promise<boolean> {
    const arrivalMs = this.#site.settings.poll_seconds * 1000 + ARRIVAL_MS
    let isMended = false
    for (const [name, failedMs] of this.#failed) {
      try {
        await this.applicationOf(name)
      } catch {
        continue
      }
      isMended = true
      if (monotonicMs() - failedMs > arrivalMs) this.#failed.delete(name)
    }
    return isMended
  }

  /** Once for a file that stays invalid, whatever else is wrong with it meanwhile. */
  #refuse(file: string, error: unknown): void {
    const isInvalid = error instanceof BjobError
    if (!isInvalid) this.#isOwed = true
    const fault = isInvalid ? 'is invalid' : 'cannot be read'
    this.#tellOnce(file, `${file} ${fault}, and what it said before still holds: ${messageOf(error)}`)
  }

  #tellOnce(key: string, message: string): void {
    if (this.#told.has(key)) return
    this.#told.add(key)
    this.#events.onProblem(message)
  }
}

const EDITS = 'edits of bjob.yaml and apps/'

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { line } = error instanceof BjobError ? error.detail : {}
  return `${error.message}${line === undefined ? '' : ` (line ${line})`}`
}

/** Keeps no process alive. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal, ref: false }).catch(() => {})
}

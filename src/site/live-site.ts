/**
 * Takes up edits of bjob.yaml and apps/ in a process that stays. A file that is invalid, as one
 * that is half saved may be, changes nothing: the process keeps what it had, says so once, and
 * reads the file again when it changes.
 */
import { setTimeout as delay } from 'node:timers/promises'
import { isDeepStrictEqual } from 'node:util'
import { BjobError } from '../core/text/errors.ts'
import { type Application, listApplications, readApplication } from './applications.ts'
import { isGone } from './disk/disk.ts'
import { readPersonsText } from './disk/files.ts'
import { FileWatch } from './follow/file-watch.ts'
import { parseSettings } from './settings.ts'
import type { Site } from './site.ts'

/** Processes that end sooner need not watch anything. */
const START_MS = 500
/** A file that did not change for this long is saved. */
const SETTLE_MS = 300
/** A network file system is asked this often at most. */
const NETWORK_POLL_MS = 5000

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
  readonly #over = new AbortController()
  readonly #running: Promise<void>
  /** By file, the last message about it. */
  readonly #said = new Map<string, string>()

  constructor(site: Site, events: LiveSiteEvents) {
    this.#site = site
    this.#events = events
    this.#running = this.#follow(this.#over.signal).catch((error: unknown) => {
      events.onProblem(`edits of bjob.yaml and apps/ are not taken up any more: ${messageOf(error)}`)
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
        if (isDeepStrictEqual(before, now)) continue
        before = await this.#settled(now, signal)
        await this.#readSettings()
        await this.#readApplications()
      } catch (error) {
        // A file system that fails is asked again by the next look.
        before = undefined
        this.#say('', `edits of bjob.yaml and apps/ cannot be read now: ${messageOf(error)}`, this.#events.onProblem)
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
    const stats = await Promise.all(files.map((file) => disk.stat(file)))
    return stats.map((stat, at) => [files[at], stat?.ino, stat?.size, stat?.mtimeMs])
  }

  async #readSettings(): Promise<void> {
    const { disk, layout } = this.#site
    try {
      const edited = parseSettings(await readPersonsText(disk, layout.settings), layout.settings)
      const { taken, later } = this.#site.adopt(edited)
      const words = [
        ...(taken.length === 0 ? [] : [`${taken.join(', ')} from now on`]),
        ...(later.length === 0 ? [] : [`${later.join(', ')} from the next start`]),
      ]
      if (words.length === 0) this.#said.delete(layout.settings)
      else this.#say(layout.settings, `bjob.yaml was edited: ${words.join('; ')}`, this.#events.onEdit)
    } catch (error) {
      // An editor may move it away for a moment.
      if (!isGone(error)) this.#refuse(layout.settings, 'bjob.yaml', error)
    }
  }

  /** Those that this process has used: others are read when they are asked for. */
  async #readApplications(): Promise<void> {
    const { disk, layout } = this.#site
    for (const [name, known] of this.#applications) {
      const file = `apps/${name}.yaml`
      try {
        const edited = await readApplication(disk, layout, name)
        this.#said.delete(file)
        if (isDeepStrictEqual(edited, await known)) continue
        this.#applications.set(name, Promise.resolve(edited))
        this.#events.onEdit?.(`${file} was edited: it holds for jobs that start from now on`)
      } catch (error) {
        if (error instanceof BjobError && error.code === 'unknown-application') this.#applications.delete(name)
        else this.#refuse(file, file, error)
      }
    }
    this.#events.onApplications?.()
  }

  /** Once for a file that stays invalid, whatever else is wrong with it meanwhile. */
  #refuse(key: string, name: string, error: unknown): void {
    if (this.#said.get(key) === INVALID) return
    this.#said.set(key, INVALID)
    this.#events.onProblem(`${name} is invalid, and what it said before still holds: ${messageOf(error)}`)
  }

  #say(key: string, message: string, tell: ((message: string) => void) | undefined): void {
    if (this.#said.get(key) === message) return
    this.#said.set(key, message)
    tell?.(message)
  }
}

const INVALID = 'invalid'

function messageOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  const { line } = error instanceof BjobError ? error.detail : {}
  return `${error.message}${line === undefined ? '' : ` (line ${line})`}`
}

/** Keeps no process alive. */
async function pause(ms: number, signal: AbortSignal): Promise<void> {
  await delay(ms, undefined, { signal, ref: false }).catch(() => {})
}

/**
 * The jobs that were set aside. Their files are compared by stat every few seconds, a few jobs at a
 * time, and read again when they change: an edit of job.yaml needs no command to take effect.
 */
import type { JobEntry } from '../core/index/job-entry.ts'
import { isEnded } from '../core/life/states.ts'
import { BjobError } from '../core/text/errors.ts'
import { monotonicMs } from '../lib/sleep.ts'
import type { Application } from '../site/applications.ts'
import { isBehindLink } from '../site/disk/job-folder.ts'
import type { Site } from '../site/site.ts'
import { tellMended } from '../site/view/retell.ts'
import { readEntry } from '../site/view/scan.ts'
import type { Reporter } from './launch-events.ts'

const LOOK_MS = 5000
/** Jobs compared in one look, so that many cost no more than a few. */
const AT_MOST = 10

export interface SetAsideCallbacks {
  /** @throws BjobError if the application cannot be used */
  readonly applicationOf: (name: string) => Promise<Application>
  readonly onMended: (entry: JobEntry) => void
  readonly report: Reporter
}

export class SetAsideJobs {
  readonly #site: Site
  readonly #callbacks: SetAsideCallbacks
  /** The next in turn is first. */
  readonly #ids = new Set<string>()
  /** By job, its files when they were last read; kept for jobs with a fault elsewhere. */
  readonly #files = new Map<string, string>()
  #lookAtMs = 0
  #readCount = 0

  constructor(site: Site, callbacks: SetAsideCallbacks) {
    this.#site = site
    this.#callbacks = callbacks
  }

  /** Records a change of a job, which may set it aside or release it. */
  note(id: string, entry: JobEntry | undefined): void {
    if (entry?.broken !== undefined && !isEnded(entry.state)) this.#ids.add(id)
    else this.#ids.delete(id)
    if (entry === undefined || isEnded(entry.state)) this.#files.delete(id)
  }

  get isReading(): boolean {
    return this.#readCount > 0
  }

  /** Compares the files of the next few jobs, if it is time. */
  async look(): Promise<void> {
    const now = monotonicMs()
    if (this.#ids.size === 0 || now < this.#lookAtMs) return
    this.#lookAtMs = now + LOOK_MS
    for (const id of [...this.#ids].slice(0, AT_MOST)) {
      const files = await this.#stateOf(id)
      if (!this.#ids.delete(id)) continue
      this.#ids.add(id)
      if (files === this.#files.get(id)) continue
      this.#files.set(id, files)
      await this.#read(id)
    }
  }

  /** Reads all of them again: an application has changed. */
  async readAll(): Promise<void> {
    this.#readCount += 1
    try {
      const ids = [...this.#ids]
      for (const id of ids) await this.#read(id)
    } finally {
      this.#readCount -= 1
    }
  }

  /** Releases the job if its files and its application are valid. */
  async #read(id: string): Promise<void> {
    const entry = await readEntry(this.#site, id)
    if (entry === undefined || !(await this.#hasApplication(entry)) || !this.#ids.delete(id)) return
    this.#callbacks.report({ kind: 'edited', id, message: `${id} is valid again and no longer set aside` })
    await tellMended(this.#site, entry)
    this.#callbacks.onMended(entry)
  }

  async #hasApplication({ spec }: JobEntry): Promise<boolean> {
    try {
      await this.#callbacks.applicationOf(spec?.application ?? '')
      return true
    } catch (error) {
      if (error instanceof BjobError) return false
      throw error
    }
  }

  async #stateOf(id: string): Promise<string> {
    // Behind a link the same files are not the job's.
    if (await isBehindLink(this.#site, id)) return 'linked'
    const { job, state } = this.#site.layout.job(id)
    const stats = await Promise.all([job, state].map((file) => this.#site.disk.stat(file)))
    return stats.map((stat) => `${stat?.ino} ${stat?.size} ${stat?.mtimeMs}`).join(' ')
  }
}

/** The progress of a launcher's jobs on its terminal. */
import type { Filter } from '../../core/index/filter.ts'
import type { Site } from '../../site/site.ts'
import { type ProgressLine, formatProgress } from '../terminal/progress-line.ts'
import type { SiteWatcher } from './site-watcher.ts'

const LOOK_MS = 1000

export class LaunchProgress {
  readonly #line: ProgressLine
  readonly #timer: NodeJS.Timeout | undefined
  #watcher: SiteWatcher | undefined
  #isLooking = false

  /** Reads the journal itself, at no cost to the launcher. */
  constructor(site: Site, filter: Filter, line: ProgressLine) {
    this.#line = line
    if (line.isDrawn) this.#timer = setInterval(() => void this.#look(site, filter), LOOK_MS).unref()
  }

  stop(): void {
    clearInterval(this.#timer)
    this.#line.end()
  }

  /** On an error, only the displayed number is missing until the next look. */
  async #look(site: Site, filter: Filter): Promise<void> {
    if (this.#isLooking) return
    this.#isLooking = true
    try {
      if (this.#watcher === undefined) {
        const { SiteWatcher } = await import('./site-watcher.ts')
        this.#watcher = await SiteWatcher.open(site, filter)
      } else await this.#watcher.readNews()
      this.#show(this.#watcher)
    } catch {
      this.#watcher = undefined
    } finally {
      this.#isLooking = false
    }
  }

  #show({ tally }: SiteWatcher): void {
    const failed = tally.countOf('FAILED')
    const words = [`${tally.countOf('RUNNING')} running`, failed === 0 ? '' : `${failed} failed`]
    const { endedCount, total } = tally
    const perSecond = tally.ratePerSecond(Date.now())
    this.#line.show((width) => formatProgress(endedCount, total, words, perSecond, width))
  }
}

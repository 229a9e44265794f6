/** `bjob report --watch`: rewrites the page as jobs end, until interrupted. */
import { isEnded } from '../../core/life/states.ts'
import { monotonicMs, sleep } from '../../lib/sleep.ts'
import { watchJournal } from '../../site/follow/journal-watch.ts'
import type { Site } from '../../site/site.ts'
import { JobView } from '../../site/view/job-view.ts'
import { stopSignal } from '../terminal/stop-signal.ts'
import type { Terminal } from '../terminal/terminal.ts'
import { countOf } from '../../lib/text/count-of.ts'

/** Minimum interval between reloads in a browser. */
const LEAST_SECONDS = 2
/** Maximum share of time for making and loading the page. */
const SHARE = 0.05

/** @param make writes the page, with its reload interval in seconds; returns the number of jobs */
export async function watchReport(
  site: Site,
  terminal: Terminal,
  file: string,
  make: (refreshSeconds: number) => Promise<number>,
): Promise<void> {
  const signal = stopSignal()
  await using journal = await watchJournal(site)
  const view = await JobView.open(site, 'all')
  let refreshSeconds = LEAST_SECONDS
  let isFirst = true
  while (!signal.aborted) {
    const begunMs = monotonicMs()
    const count = await make(refreshSeconds)
    const seconds = (monotonicMs() - begunMs) / 1000
    refreshSeconds = Math.max(LEAST_SECONDS, Math.ceil(seconds / SHARE))
    if (isFirst) terminal.note(`${countOf(count, 'job')}: ${file}, made again as jobs end until Ctrl-C`)
    isFirst = false
    await sleep(refreshSeconds * 1000, signal)
    let hasEnd = false
    while (!hasEnd && !signal.aborted) {
      for (const id of await view.refresh()) {
        const entry = view.index.get(id)
        if (entry === undefined || isEnded(entry.state)) hasEnd = true
      }
      if (!hasEnd) await journal.next(signal)
    }
  }
  // The last page does not reload.
  await make(0)
}

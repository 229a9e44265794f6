/** Follows what running evaluations report, and stops those that are not worth going on with. */
import type { SiteClient } from '../../client/site-client.ts'
import { BjobError } from '../../core/text/errors.ts'
import { mapConcurrently, AT_ONCE } from '../../lib/concurrently.ts'
import { sleep } from '../../lib/sleep.ts'
import { readJobLines } from '../../site/view/job-lines.ts'
import { type ProgressReport, type SuccessiveHalving, parseReport } from './early-stopping.ts'
import { nameOfTrial } from './trial-name.ts'

/** In an evaluation's folder; it appends a line to it for each report: `STEP VALUE`. */
export const PROGRESS_FILE = 'progress.dat'

/** Nothing else tells of a line that a job has written. On a network file system the site's `poll_seconds` holds. */
const LOCAL_LOOK_MS = 200

export class ReportWatch {
  readonly #client: SiteClient
  readonly #workflow: string
  readonly #halving: SuccessiveHalving
  readonly #offsets = new Map<number, number>()
  readonly #stopped = new Set<number>()

  constructor(client: SiteClient, workflow: string, halving: SuccessiveHalving) {
    this.#client = client
    this.#workflow = workflow
    this.#halving = halving
  }

  /** Takes in all that these have reported, without judging them: they have ended, or others are to be heard first. */
  async hear(ids: readonly number[]): Promise<void> {
    await mapConcurrently(ids, AT_ONCE, async (id) => this.#read(id))
  }

  /** What an evaluation that has ended had reported on its way. */
  async readReports(id: number): Promise<readonly ProgressReport[]> {
    await this.#read(id)
    return this.#halving.listReports(id)
  }

  /** Until `signal` fires. `listPending` says which evaluations may still report. */
  async follow(listPending: () => readonly number[], signal: AbortSignal): Promise<void> {
    const { isNetwork } = this.#client.site.disk
    const pauseMs = isNetwork ? this.#client.site.settings.poll_seconds * 1000 : LOCAL_LOOK_MS
    let toJudge: readonly number[] = listPending()
    while (!signal.aborted) {
      for (const id of toJudge) await this.#judge(id)
      await sleep(pauseMs, signal)
      const reached = await mapConcurrently(listPending(), AT_ONCE, async (id) => ((await this.#read(id)) ? [id] : []))
      toJudge = reached.flat()
    }
  }

  /** @returns whether a rung was reached */
  async #read(id: number): Promise<boolean> {
    let isReached = false
    for (;;) {
      const before = this.#offsets.get(id) ?? 0
      const { lines, offset } = await readJobLines(this.#client.site, this.#jobOf(id), PROGRESS_FILE, before)
      if (offset === before) return isReached
      this.#offsets.set(id, offset)
      for (const line of lines) {
        const report = parseReport(line)
        if (report !== undefined && this.#halving.add(id, report)) isReached = true
      }
    }
  }

  async #judge(id: number): Promise<void> {
    const judgement = this.#stopped.has(id) ? undefined : this.#halving.judge(id)
    if (judgement === undefined) return
    this.#stopped.add(id)
    try {
      const { step, value, place, count } = judgement
      const early = { step, value: Number.isFinite(value) ? value : null, place, count }
      await this.#client.stopEarly(this.#jobOf(id), early)
    } catch (error) {
      // It was removed, or is broken: whoever waits for its end is told by others.
      if (!(error instanceof BjobError)) throw error
    }
  }

  #jobOf(id: number): string {
    return `${this.#workflow}/${nameOfTrial(id)}`
  }
}

/** Follows the reports of running evaluations and stops poor ones. */
import type { SiteClient } from '../../client/site-client.ts'
import { BjobError } from '../../core/text/errors.ts'
import { mapConcurrently, AT_ONCE } from '../../lib/concurrently.ts'
import { FileWatch } from '../../site/follow/file-watch.ts'
import { readJobLines } from '../../site/view/job-lines.ts'
import { type ProgressReport, type SuccessiveHalving, parseReport } from './early-stopping.ts'
import { nameOfTrial } from './trial-name.ts'

/** File in the folder of an evaluation, with one line `STEP VALUE` per report. */
export const PROGRESS_FILE = 'progress.dat'

export class ReportWatch {
  readonly #client: SiteClient
  readonly #workflow: string
  readonly #halving: SuccessiveHalving
  readonly #offsets = new Map<number, number>()
  readonly #stopped = new Set<number>()
  #watch: FileWatch | undefined
  /** By file, whose it is. */
  readonly #watched = new Map<string, number>()

  constructor(client: SiteClient, workflow: string, halving: SuccessiveHalving) {
    this.#client = client
    this.#workflow = workflow
    this.#halving = halving
  }

  /** Reads the reports of these evaluations without judging them. */
  async hear(ids: readonly number[]): Promise<void> {
    await mapConcurrently(ids, AT_ONCE, async (id) => this.#read(id))
  }

  /** The reports of an ended evaluation. */
  async readReports(id: number): Promise<readonly ProgressReport[]> {
    await this.#read(id)
    return this.#halving.listReports(id)
  }

  /** These may report from now on. */
  expect(ids: readonly number[]): void {
    for (const id of ids) {
      const file = this.#fileOf(id)
      this.#watched.set(file, id)
      this.#watch?.add(file)
    }
  }

  /** It reports no more. */
  dismiss(id: number): void {
    const file = this.#fileOf(id)
    this.#watched.delete(file)
    this.#watch?.drop(file)
  }

  /** Reads and judges what is expected, until `signal` fires. */
  async follow(signal: AbortSignal): Promise<void> {
    await using watch = new FileWatch(this.#client.site)
    this.#watch = watch
    for (const file of this.#watched.keys()) watch.add(file)
    let toJudge: readonly number[] = [...this.#watched.values()]
    while (!signal.aborted) {
      for (const id of toJudge) await this.#judge(id)
      const ids = [...(await watch.next({ signal }))].flatMap((file) => this.#watched.get(file) ?? [])
      const reached = await mapConcurrently(ids, AT_ONCE, async (id) => ((await this.#read(id)) ? [id] : []))
      toJudge = reached.flat()
    }
    this.#watch = undefined
  }

  /** @returns true if a rung was reached */
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
      // The job was removed or is broken; its end is reported elsewhere.
      if (!(error instanceof BjobError)) throw error
    }
  }

  #fileOf(id: number): string {
    return `${this.#client.site.layout.job(this.#jobOf(id)).dir}/${PROGRESS_FILE}`
  }

  #jobOf(id: number): string {
    return `${this.#workflow}/${nameOfTrial(id)}`
  }
}

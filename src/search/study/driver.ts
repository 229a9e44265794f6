/**
 * Runs a search to its end: makes a job for each point and reads the results. A restarted driver,
 * anywhere, continues from the existing jobs.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import type { SiteClient } from '../../client/site-client.ts'
import type { Spawned } from '../../client/spawn/spawn-jobs.ts'
import type { SpawnRecord } from '../../client/spawn/spawn-plan.ts'
import { SpawnProblems } from '../../client/spawn/spawn-problems.ts'
import { requestError } from '../../core/text/errors.ts'
import { isEnded } from '../../core/life/states.ts'
import { mapConcurrently, AT_ONCE } from '../../lib/concurrently.ts'
import { monotonicMs } from '../../lib/sleep.ts'
import { SuccessiveHalving } from './early-stopping.ts'
import { inputOf, listEvaluationJobs, readEvaluation, readTask, toResult } from './evaluation-jobs.ts'
import type { Result } from './objective.ts'
import { ReportWatch } from './report-watch.ts'
import type { Evaluation, Study } from './study.ts'
import { trialOfName } from './trial-name.ts'

export interface SearchOptions {
  readonly workflow: string
  /**
   * Fields of the jobs, as in job.yaml, including `application`. `args` follow the name of the
   * point's file.
   */
  readonly job: Readonly<Record<string, unknown>>
  /** Number of evaluations, including earlier runs and failures. */
  readonly evaluations: number
  /** Maximum number of points that run or wait at a time. */
  readonly parallel: number
  /** File with the result of an evaluation. */
  readonly file: string
  /** Stops the search at a value at least this good. */
  readonly target?: number
  readonly timeLimitMinutes?: number
  /** Stops after this many consecutive evaluations, including failures, without improvement. */
  readonly patience?: number
  /** First step at which poor evaluations are stopped (see `SuccessiveHalving`). */
  readonly earlyStopping?: number
  readonly signal?: AbortSignal
  readonly onEvent?: (event: SearchEvent) => void
}

/** `resumed`: earlier results were read. `told`: an evaluation has an outcome. */
export type SearchEvent =
  | { readonly kind: 'resumed' }
  | { readonly kind: 'told'; readonly evaluation: Evaluation; readonly isBest: boolean }

/** Reason for the end of a search; `exhausted`: every point of a finite space was evaluated. */
export type SearchEnd = 'evaluations' | 'target' | 'patience' | 'exhausted' | 'time' | 'interrupted'

/** Longest delay of a timer in milliseconds. */
const LONGEST_MS = 2 ** 31 - 1
/** A model may be slow; points that it has already proposed are spawned after this time. */
const SPAWN_AFTER_MS = 200

/**
 * Runs a new study.
 * @throws BjobError `other-space`, `no-evaluation`, `unknown-application`, and the errors of
 *   `spawn`
 */
export async function runSearch(client: SiteClient, study: Study, options: SearchOptions): Promise<SearchEnd> {
  return new SearchDriver(client, study, options).run()
}

class SearchDriver {
  readonly #client: SiteClient
  readonly #study: Study
  readonly #options: SearchOptions
  readonly #stop = new AbortController()
  readonly #reports: ReportWatch | undefined
  /**
   * Results of points that this driver has not asked for yet, from another driver of the same
   * search.
   */
  readonly #unasked = new Map<number, Result>()
  #isExhausted = false

  constructor(client: SiteClient, study: Study, options: SearchOptions) {
    this.#client = client
    this.#study = study
    this.#options = options
    const { workflow, earlyStopping } = options
    if (earlyStopping !== undefined) {
      const halving = new SuccessiveHalving(study.search.space.direction, earlyStopping)
      this.#reports = new ReportWatch(client, workflow, halving)
    }
  }

  async run(): Promise<SearchEnd> {
    const { signal, timeLimitMinutes } = this.#options
    const interrupt = (): void => this.#stop.abort('interrupted')
    signal?.addEventListener('abort', interrupt, { once: true })
    if (signal?.aborted === true) interrupt()
    const limitMs = Math.min((timeLimitMinutes ?? Infinity) * 60_000, LONGEST_MS)
    const timer = timeLimitMinutes === undefined ? undefined : setTimeout(() => this.#stop.abort('time'), limitMs)
    try {
      await this.#resume()
      return await this.#follow()
    } finally {
      clearTimeout(timer)
      signal?.removeEventListener('abort', interrupt)
      this.#stop.abort('over')
    }
  }

  /** Reads the existing jobs in the order of their points. */
  async #resume(): Promise<void> {
    const study = this.#study
    const { workflow, file } = this.#options
    const found = await listEvaluationJobs(this.#client, workflow)
    const jobs = await mapConcurrently(found, AT_ONCE, async ({ entry, id }) => ({
      trial: study.parseTask(await readTask(this.#client, entry.id, id), id),
      result: isEnded(entry.state) ? await readEvaluation(this.#client, entry.id, study.search.space, file) : undefined,
    }))
    for (const { trial } of jobs) study.adopt(trial)
    await this.#reports?.hear(study.evaluations.map(({ id }) => id))
    for (const { trial, result } of jobs)
      if (result !== undefined) study.tell(trial.id, result, await this.#reports?.readReports(trial.id))
    await this.#spawn(study.askMissing())
    this.#options.onEvent?.({ kind: 'resumed' })
  }

  async #follow(): Promise<SearchEnd> {
    const ends: { readonly id: number; readonly result: Result }[] = []
    let wake = (): void => {}
    let failure: unknown
    let isOver = false
    this.#reports?.expect(this.#listPending())
    const reading = Promise.all([
      this.#readEnds((id, result) => {
        ends.push({ id, result })
        wake()
      }),
      this.#reports?.follow(this.#stop.signal),
    ])
      .catch((error: unknown) => (failure = error))
      .finally(() => {
        isOver = true
        wake()
      })
    try {
      for (;;) {
        if (this.#hasReachedTarget()) return 'target'
        const { patience } = this.#options
        if (patience !== undefined && this.#study.countSinceBest >= patience) return 'patience'
        const { aborted, reason } = this.#stop.signal
        if (failure !== undefined) throw failure
        if (aborted) return reason === 'time' ? 'time' : 'interrupted'
        await this.#fill(() => ends.length > 0)
        if (ends.length === 0 && this.#study.pendingCount === 0) return this.#isExhausted ? 'exhausted' : 'evaluations'
        // Ends that arrived while the sampler was computing are already here.
        if (ends.length === 0 && !isOver) await new Promise<void>((resolve) => (wake = resolve))
        for (const { id, result } of ends.splice(0)) await this.#tell(id, result)
      }
    } finally {
      this.#stop.abort('over')
      await reading
    }
  }

  /** Reads every end of an evaluation, including earlier runs. */
  async #readEnds(take: (id: number, result: Result) => void): Promise<void> {
    const { workflow, file } = this.#options
    const filter = { workflow: [workflow] }
    for await (const end of this.#client.results({ filter, file, follow: true, signal: this.#stop.signal })) {
      const id = trialOfName(end.id.slice(end.id.indexOf('/') + 1))
      if (id !== undefined) take(id, toResult(end, this.#study.search.space, file))
    }
  }

  async #tell(id: number, result: Result): Promise<void> {
    // A retried job ends more than once; the sampler keeps the first end.
    if (!this.#study.has(id) && !this.#unasked.has(id)) this.#unasked.set(id, result)
    if (!this.#study.isPending(id)) return
    const told = this.#study.tell(id, result, await this.#reports?.readReports(id))
    this.#reports?.dismiss(id)
    this.#options.onEvent?.({ kind: 'told', ...told })
  }

  /**
   * Asks for points while there is room; `isNews` stops early, as new results may improve the next
   * point.
   */
  async #fill(isNews: () => boolean): Promise<void> {
    const { evaluations, parallel } = this.#options
    const study = this.#study
    let asked: Evaluation[] = []
    let since = monotonicMs()
    while (study.pendingCount < parallel && study.count < evaluations && !this.#stop.signal.aborted) {
      const next = study.ask(1)
      asked.push(...next)
      this.#isExhausted = next.length === 0
      if (this.#isExhausted) break
      if (monotonicMs() - since < SPAWN_AFTER_MS) continue
      await this.#spawn(asked)
      asked = []
      if (isNews()) return
      since = monotonicMs()
    }
    await this.#spawn(asked)
  }

  async #spawn(evaluations: readonly Evaluation[]): Promise<void> {
    if (evaluations.length === 0) return
    const { job, workflow } = this.#options
    const args = Array.isArray(job['args']) ? (job['args'] as unknown[]) : []
    // Temporary folder for the points' files until they are copied.
    const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bjob-tune-'))
    let spawned: Spawned[]
    try {
      const records = evaluations.map((evaluation) => {
        const input = inputOf(evaluation)
        fs.writeFileSync(path.join(folder, input), this.#study.formatTask(evaluation))
        const { name } = evaluation
        const own = { workflow, name, args: [input, ...args], input_files: [input], wait_for_parents: false }
        return { record: { ...job, ...own } }
      })
      spawned = await this.#spawnRecords(records, folder)
    } finally {
      fs.rmSync(folder, { recursive: true, force: true })
    }
    this.#reports?.expect(evaluations.map(({ id }) => id))
    // An existing job may come from a run of this search that was killed a moment ago.
    for (const [index, evaluation] of evaluations.entries()) {
      if (spawned[index]?.isNew !== false) continue
      await this.#requireSame(evaluation)
      const result = this.#unasked.get(evaluation.id)
      if (result !== undefined) await this.#tell(evaluation.id, result)
    }
  }

  /**
   * Records differ in their points only, so an error in one is an error in all and reported once.
   */
  async #spawnRecords(records: readonly SpawnRecord[], folder: string): Promise<Spawned[]> {
    try {
      return await this.#client.spawnRecords(records, { ifExists: 'reuse', folder })
    } catch (error) {
      throw error instanceof SpawnProblems ? (error.problems[0] ?? error) : error
    }
  }

  async #requireSame(evaluation: Evaluation): Promise<void> {
    const id = `${this.#options.workflow}/${evaluation.name}`
    if ((await readTask(this.#client, id, evaluation.id)) === this.#study.formatTask(evaluation)) return
    throw requestError('search-busy', `${id} was just created for another point: another search is running there`)
  }

  #listPending(): number[] {
    return this.#study.evaluations.filter(({ result }) => result === undefined).map(({ id }) => id)
  }

  #hasReachedTarget(): boolean {
    const { target } = this.#options
    const { best } = this.#study
    return target !== undefined && best !== undefined && this.#study.reaches(best.result.value, target)
  }
}

/**
 * One search: its points, their encoding as job inputs, and their outcomes. Everything can be read
 * back from the jobs, so there is no other checkpoint. No I/O; the driver does that.
 */
import { BjobError, requestError } from '../../core/text/errors.ts'
import { defined } from '../../lib/defined.ts'
import { type SamplerName, createSampler } from '../samplers/create-sampler.ts'
import type { Trial, Valued } from '../samplers/trial-history.ts'
import type { ProgressReport } from './early-stopping.ts'
import type { Result } from './objective.ts'
import { type Point, pointKey } from '../space/point.ts'
import type { Sampler } from '../samplers/sampler.ts'
import type { Search } from './search.ts'
import { describeDifference } from '../space/space-difference.ts'
import { type Space, parseSpace } from '../space/space.ts'
import { nameOfTrial } from './trial-name.ts'

export const RESULT_FILE = 'result.dat'

export interface StudyOptions {
  readonly sampler: SamplerName
  readonly seed: number
  /** Number of evaluations planned; it sets the resolution of a grid. */
  readonly evaluations: number
  /** Name of the result file, default result.dat. */
  readonly file?: string
}

/** A point and its result; `undefined` while unknown. */
export interface Evaluation extends Trial {
  /** Name of its job. */
  readonly name: string
  readonly result: Result | undefined
}

/** An evaluation with a value. */
export interface ValuedEvaluation extends Evaluation {
  readonly result: Extract<Result, { kind: 'value' }>
}

export class Study {
  readonly search: Search
  readonly #options: StudyOptions
  readonly #sampler: Sampler
  readonly #evaluations = new Map<number, Evaluation>()
  readonly #reports = new Map<number, readonly ProgressReport[]>()
  /** In the order in which they joined the front. */
  #front: readonly ValuedEvaluation[] = []
  #endCount = 0
  #failureCount = 0
  #stoppedCount = 0

  /** @throws BjobError `grid-too-large` */
  constructor(search: Search, options: StudyOptions) {
    this.search = search
    this.#options = options
    this.#sampler = createSampler(search.space, options.sampler, options)
  }

  /** All evaluations, including pending ones, by id. */
  get evaluations(): Evaluation[] {
    return [...this.#evaluations.values()].sort((one, other) => one.id - other.id)
  }

  get count(): number {
    return this.#evaluations.size
  }

  get endCount(): number {
    return this.#endCount
  }

  get failureCount(): number {
    return this.#failureCount
  }

  /** Number of evaluations stopped early. */
  get stoppedCount(): number {
    return this.#stoppedCount
  }

  /**
   * Number of ended evaluations asked for after the best one (with several objectives: after the
   * last one on the front); all ended ones if none gave a value.
   */
  get countSinceBest(): number {
    const bestId = Math.max(-1, ...this.#front.map(({ id }) => id))
    return this.evaluations.filter(({ id, result }) => id > bestId && result !== undefined).length
  }

  get pendingCount(): number {
    return this.count - this.#endCount
  }

  /** With several objectives, the evaluation that joined the front last. */
  get best(): ValuedEvaluation | undefined {
    return this.#front.at(-1)
  }

  /**
   * The Pareto front: evaluations that no other matches in every objective and beats in one. With
   * one objective, the best alone.
   */
  listFront(): ValuedEvaluation[] {
    return [...this.#front].sort((one, other) => this.#compare(one, other))
  }

  has(id: number): boolean {
    return this.#evaluations.has(id)
  }

  /** True if trial `id` exists and has no result. */
  isPending(id: number): boolean {
    const evaluation = this.#evaluations.get(id)
    return evaluation !== undefined && evaluation.result === undefined
  }

  /**
   * Evaluations with a value, best first; with several objectives, the front first, then by the
   * first one.
   */
  listBest(): ValuedEvaluation[] {
    const front = new Set(this.#front.map(({ id }) => id))
    return this.evaluations
      .filter(hasValue)
      .sort((one, other) => Number(front.has(other.id)) - Number(front.has(one.id)) || this.#compare(one, other))
  }

  /** True if a value is at least as good as `target`. */
  reaches(value: number, target: number): boolean {
    return this.search.space.direction === 'minimise' ? value <= target : value >= target
  }

  /** The next points; fewer if a finite space is exhausted. */
  ask(count: number): Evaluation[] {
    return this.#sampler.ask(count).map((trial) => this.#add(trial))
  }

  /**
   * Points that were asked for but have no job, because the driver was killed before making it or
   * the job was removed. They are recomputed from the earlier results; without them a grid would
   * have holes.
   */
  askMissing(): Evaluation[] {
    const ids = [...this.#evaluations.keys()]
    const last = Math.max(-1, ...ids)
    const missing: Evaluation[] = []
    const { space } = this.search
    const keys = new Set(this.evaluations.map(({ point }) => pointKey(space, point)))
    for (let id = 0; id < last; id++) {
      if (this.has(id)) continue
      const again = createSampler(space, this.#options.sampler, this.#options)
      for (const before of this.evaluations) {
        if (before.id > id) break
        again.adopt(before)
        if (before.result !== undefined)
          tellSampler(again, before.id, before.result, this.#reports.get(before.id) ?? [])
      }
      // Without its predecessor, the sampler would number the next point differently: that one is
      // skipped.
      const [trial] = again.ask(1)
      if (trial === undefined || trial.id !== id || keys.has(pointKey(space, trial.point))) continue
      keys.add(pointKey(space, trial.point))
      this.#sampler.adopt(trial)
      missing.push(this.#add(trial))
    }
    return missing
  }

  /** Adds a point that has a job. @throws BjobError `bad-point` */
  adopt(trial: Trial): Evaluation {
    this.#sampler.adopt(trial)
    return this.#add(trial)
  }

  /**
   * @param reports its intermediate reports
   * @returns the evaluation with its result, and true if it is the best so far (or on the front)
   */
  tell(
    id: number,
    result: Result,
    reports: readonly ProgressReport[] = [],
  ): { readonly evaluation: Evaluation; readonly isBest: boolean } {
    const pending = this.#evaluations.get(id)
    if (pending === undefined || pending.result !== undefined)
      throw new RangeError(`trial ${id} has no result to report`)
    tellSampler(this.#sampler, id, result, reports)
    this.#reports.set(id, reports)
    const evaluation = { ...pending, result }
    this.#evaluations.set(id, evaluation)
    this.#endCount += 1
    if (result.kind === 'failed') this.#failureCount += 1
    if (result.kind === 'stopped') this.#stoppedCount += 1
    if (!hasValue(evaluation)) return { evaluation, isBest: false }
    const isBest = !this.#front.some((known) => this.#isAsGood(known, evaluation))
    if (isBest) this.#front = [...this.#front.filter((known) => !this.#isAsGood(evaluation, known)), evaluation]
    return { evaluation, isBest }
  }

  /** The input file of the job that evaluates a point. */
  formatTask({ id, point }: Trial): string {
    const { document: space, params } = this.search
    const { file = RESULT_FILE } = this.#options
    return `${JSON.stringify({
      x: point,
      ...defined({ params }),
      trial: id,
      space,
      ...(file === RESULT_FILE ? {} : { file }),
    })}\n`
  }

  /**
   * Parses a job's input file.
   * @throws BjobError `other-space` with the difference; `no-evaluation` if it is not an input of a
   *   search
   */
  parseTask(text: string, id: number): Trial {
    const task = parseObject(text)
    const before = parseFormer(task?.get('space'))
    const point = task?.get('x')
    if (
      task === undefined ||
      before === undefined ||
      typeof point !== 'object' ||
      point === null ||
      task.get('trial') !== id
    )
      throw requestError('no-evaluation', `${nameOfTrial(id)} was not made by a search`)
    const difference =
      describeDifference(before, this.search.space) ?? describeParams(task.get('params'), this.search.params)
    if (difference !== undefined) {
      throw requestError('other-space', `the existing evaluations belong to another space: ${difference}`)
    }
    return { id, point: point as Point }
  }

  #add({ id, point }: Trial): Evaluation {
    const evaluation = { id, point, name: nameOfTrial(id), result: undefined }
    this.#evaluations.set(id, evaluation)
    return evaluation
  }

  /** True if `one` is at least as good as `other` in every objective. */
  #isAsGood(one: ValuedEvaluation, other: ValuedEvaluation): boolean {
    const losses = lossesOf(this.search.space, other.result)
    return lossesOf(this.search.space, one.result).every((loss, at) => loss <= (losses[at] ?? 0))
  }

  #compare(one: ValuedEvaluation, other: ValuedEvaluation): number {
    const { space } = this.search
    return (lossesOf(space, one.result)[0] ?? 0) - (lossesOf(space, other.result)[0] ?? 0)
  }
}

/** One loss per objective, smaller is better. */
function lossesOf({ direction, further }: Space, result: Valued): number[] {
  const directions = [direction, ...further.map((objective) => objective.direction)]
  return [result.value, ...(result.further ?? [])].map((value, at) => (directions[at] === 'maximise' ? -value : value))
}

function tellSampler(sampler: Sampler, id: number, result: Result, reports: readonly ProgressReport[]): void {
  // A stopped job may have reported more before it died; the recorded report counts.
  if (result.kind === 'value')
    for (const { step, value } of reports)
      if (Number.isFinite(value)) sampler.tell(id, { kind: 'intermediate', step, value })
  if (result.kind === 'stopped') sampler.tell(id, { ...result, kind: 'intermediate' })
  sampler.tell(id, result.kind === 'value' ? result : { kind: result.kind })
}

function hasValue(evaluation: Evaluation): evaluation is ValuedEvaluation {
  return evaluation.result?.kind === 'value'
}

function parseObject(text: string): Map<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? new Map<string, unknown>(Object.entries(value)) : undefined
  } catch {
    return undefined
  }
}

function parseFormer(document: unknown): Space | undefined {
  try {
    return parseSpace(document)
  } catch (error) {
    if (error instanceof BjobError) return undefined
    throw error
  }
}

function describeParams(before: unknown, after: unknown): string | undefined {
  const [from, to] = [before, after].map((params) => JSON.stringify(params) ?? 'none')
  return from === to ? undefined : `params: ${from} → ${to}`
}

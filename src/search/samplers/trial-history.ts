/**
 * The state of a search: its trials and their outcomes. Samplers depend on nothing else, so the
 * same trials and outcomes, in any order, give the same next point. A search resumes after a crash
 * in this way.
 */
import type { Point } from '../space/point.ts'
import type { Direction } from '../space/space.ts'

/** A requested point. Ids count from 0 and are never reused. */
export interface Trial {
  readonly id: number
  readonly point: Point
}

/** `further`: values of the further objectives, in the order of the space. */
export interface Valued {
  readonly kind: 'value'
  readonly value: number
  readonly further?: readonly number[]
}

/**
 * The outcome of a trial. Any number of `intermediate` reports may precede the end. `stopped`:
 * ended early because of poor intermediate values. `failed`: gave no value.
 */
export type Outcome =
  | Valued
  | { readonly kind: 'failed' }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'intermediate'; readonly step: number; readonly value: number }

/** A point with its loss, smaller is better. The loss is an estimate unless the kind is `value`. */
export interface Observation {
  readonly id: number
  readonly point: Point
  readonly loss: number
  readonly kind: 'value' | 'failed' | 'stopped'
}

interface StepValue {
  readonly step: number
  readonly value: number
}

/**
 * Rungs of early stopping are further apart than this (see `REDUCTION`), reports of one rung are
 * closer.
 */
const SAME_RUNG = Math.log(2)

interface Progress {
  readonly trial: Trial
  end: Exclude<Outcome, { kind: 'intermediate' }> | undefined
  latest: StepValue | undefined
  readonly reports: StepValue[]
}

export class History {
  readonly #direction: Direction
  readonly #progress = new Map<number, Progress>()
  #endCount = 0
  #nextId = 0
  #observations: { readonly endCount: number; readonly list: readonly Observation[] } | undefined

  constructor(direction: Direction) {
    this.#direction = direction
  }

  /** The id after the highest one in use. */
  get nextId(): number {
    return this.#nextId
  }

  /** Number of ended trials. It grows with each end and identifies the state of the history. */
  get endCount(): number {
    return this.#endCount
  }

  /** Number of trials, including pending ones. */
  get trialCount(): number {
    return this.#progress.size
  }

  /** @throws RangeError if the id is taken or not a whole number from 0 */
  add(trial: Trial): void {
    if (!Number.isSafeInteger(trial.id) || trial.id < 0) throw new RangeError(`${trial.id} is not a trial id`)
    if (this.#progress.has(trial.id)) throw new RangeError(`trial ${trial.id} already exists`)
    this.#progress.set(trial.id, { trial, end: undefined, latest: undefined, reports: [] })
    this.#nextId = Math.max(this.#nextId, trial.id + 1)
  }

  /** @throws RangeError if the trial does not exist or has ended, or its value is not finite */
  tell(id: number, outcome: Outcome): void {
    const progress = this.#progress.get(id)
    if (!progress) throw new RangeError(`unknown trial ${id}`)
    if (progress.end) throw new RangeError(`trial ${id} has already ended`)
    const values =
      'value' in outcome ? [outcome.value, ...(outcome.kind === 'value' ? (outcome.further ?? []) : [])] : []
    const bad = values.find((value) => !Number.isFinite(value))
    if (bad !== undefined) throw new RangeError(`the value of trial ${id} is ${bad}: report a failure instead`)
    if (outcome.kind !== 'intermediate') {
      progress.end = outcome
      this.#endCount++
    } else {
      progress.reports.push(outcome)
      if (!progress.latest || outcome.step >= progress.latest.step) progress.latest = outcome
    }
  }

  /** All trials, including pending ones, by id. */
  listTrials(): Trial[] {
    return this.#list().map(({ trial }) => trial)
  }

  /** Trials that have not ended, by id. */
  listPending(): Trial[] {
    return this.#list()
      .filter(({ end }) => !end)
      .map(({ trial }) => trial)
  }

  /**
   * The ended trials by id, with losses. A failed trial has the worst loss of all, because a model
   * needs a number there and must avoid the point. A stopped trial has its last loss, shifted by
   * the median change of the finished trials since that step, but no less than the best of them.
   * Where no finished trial reported at such a step, stopped trials rank above the median of the
   * finished (the further the better, then by value, as in Optuna). Empty until a trial has given a
   * value.
   */
  listObservations(): readonly Observation[] {
    if (this.#observations?.endCount !== this.#endCount)
      this.#observations = { endCount: this.#endCount, list: this.#observe() }
    return this.#observations.list
  }

  /** The same trials with a single loss, computed by `lossOf` from their values. */
  withLosses(lossOf: (ended: Valued) => number): History {
    const history = new History('minimise')
    for (const { trial, end, latest } of this.#list()) {
      history.add(trial)
      if (latest !== undefined)
        history.tell(trial.id, { kind: 'intermediate', step: latest.step, value: this.#toLoss(latest.value) })
      if (end !== undefined) history.tell(trial.id, end.kind === 'value' ? { kind: 'value', value: lossOf(end) } : end)
    }
    return history
  }

  /** The values of the trials that gave any, by id. */
  listValued(): Valued[] {
    return this.#list().flatMap(({ end }) => (end?.kind === 'value' ? [end] : []))
  }

  #observe(): Observation[] {
    const ended = this.#list()
    const values = ended.flatMap(({ end }) => (end?.kind === 'value' ? [this.#toLoss(end.value)] : []))
    if (values.length === 0) return []
    const sorted = values.sort((one, other) => one - other)
    const median = sorted[sorted.length >> 1] ?? 0
    const best = sorted[0] ?? 0
    const worst = sorted.at(-1) ?? 0
    const stopped = ended.filter(({ end }) => end?.kind === 'stopped')
    const guesses = new Map<number, number>()
    const unsure: Progress[] = []
    for (const progress of stopped) {
      const change = this.#changeSince(progress.latest?.step)
      if (progress.latest === undefined || change === undefined) unsure.push(progress)
      else guesses.set(progress.trial.id, Math.max(best, this.#toLoss(progress.latest.value) + change))
    }
    unsure.sort((one, other) => this.#compare(one, other))
    // Twice the spread of the finished trials: most stopped ones would have been worse than all of
    // these.
    const far = worst + (worst - best || Math.abs(worst) || 1)
    for (const [at, { trial }] of unsure.entries())
      guesses.set(trial.id, median + ((at + 1) / unsure.length) * (far - median))
    const most = Math.max(worst, ...guesses.values())
    return ended.flatMap(({ trial, end }): Observation[] => {
      if (!end) return []
      const { id, point } = trial
      const { kind } = end
      if (kind === 'value') return [{ id, point, loss: this.#toLoss(end.value), kind }]
      return [{ id, point, loss: guesses.get(id) ?? most, kind }]
    })
  }

  /** The median change in loss of the finished trials since about this step. */
  #changeSince(step: number | undefined): number | undefined {
    if (step === undefined) return undefined
    const changes = this.#list().flatMap(({ end, reports }) => {
      const then = reports.find((report) => Math.abs(Math.log(report.step / step)) < SAME_RUNG)
      return end?.kind !== 'value' || then === undefined ? [] : [this.#toLoss(end.value) - this.#toLoss(then.value)]
    })
    return changes.sort((one, other) => one - other)[changes.length >> 1]
  }

  /**
   * Orders stopped trials by their expected result, best first; trials without reports come last.
   */
  #compare({ latest: one }: Progress, { latest: other }: Progress): number {
    if (one === undefined || other === undefined) return Number(one === undefined) - Number(other === undefined)
    return other.step - one.step || this.#toLoss(one.value) - this.#toLoss(other.value)
  }

  #toLoss(value: number): number {
    return this.#direction === 'minimise' ? value : -value
  }

  #list(): Progress[] {
    return [...this.#progress.values()].sort((one, other) => one.trial.id - other.trial.id)
  }
}

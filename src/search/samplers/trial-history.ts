/**
 * What a search knows: its trials and how they ended. A sampler proposes from this alone, so whoever fills in the same
 * trials and ends, in any order, gets the same next point; that is how a search goes on after a crash.
 */
import type { Point } from '../space/point.ts'
import type { Direction } from '../space/space.ts'

/** One point asked for. Ids count from 0 and are never used again. */
export interface Trial {
  readonly id: number
  readonly point: Point
}

/** `further`: the values of the space's further objectives, in their order. */
export interface Valued {
  readonly kind: 'value'
  readonly value: number
  readonly further?: readonly number[]
}

/**
 * What became of a trial. `intermediate` reports may come any number of times before the end; `stopped` is a trial ended
 * early because its intermediate values promised nothing; `failed` is one that gave no value at all.
 */
export type Outcome =
  | Valued
  | { readonly kind: 'failed' }
  | { readonly kind: 'stopped' }
  | { readonly kind: 'intermediate'; readonly step: number; readonly value: number }

/** A point with what it cost, smaller is better; unless its kind is `value`, the loss is a guess. */
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

/** Rungs of early stopping are further apart (see `REDUCTION`), and reports of one rung are not. */
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

  /** The id after the highest one known. */
  get nextId(): number {
    return this.#nextId
  }

  /** How many trials have ended; it grows with each end, and so names a state of knowledge. */
  get endCount(): number {
    return this.#endCount
  }

  /** How many trials there are, pending ones included. */
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

  /** @throws RangeError if there is no such trial, it has ended, or its value is not a finite number */
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

  /** All trials, pending ones included, by id. */
  listTrials(): Trial[] {
    return this.#list().map(({ trial }) => trial)
  }

  /** The trials that have not ended, by id. */
  listPending(): Trial[] {
    return this.#list()
      .filter(({ end }) => !end)
      .map(({ trial }) => trial)
  }

  /**
   * The ended trials, by id. A failed one costs as much as the worst of all: a model needs a number there, and has to keep away. A stopped one
   * costs what it had come to, moved by what the finished ones have changed since that step, but no less than the best of them. Where none of
   * them had reported at such a step, the stopped ones cost more in their order (the further the better, then by value, as in Optuna), from
   * the median of the finished upwards. Empty until a trial gave a value.
   */
  listObservations(): readonly Observation[] {
    if (this.#observations?.endCount !== this.#endCount)
      this.#observations = { endCount: this.#endCount, list: this.#observe() }
    return this.#observations.list
  }

  /** The same trials with one loss for each that gave values, made of those values by `lossOf`. */
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

  /** What the trials gave that gave values, by id. */
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
    // As far again as the finished ones are apart: most of these would have been worse than any of them.
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

  /** By how much the loss of those that finished has changed since they were about as far: the median. */
  #changeSince(step: number | undefined): number | undefined {
    if (step === undefined) return undefined
    const changes = this.#list().flatMap(({ end, reports }) => {
      const then = reports.find((report) => Math.abs(Math.log(report.step / step)) < SAME_RUNG)
      return end?.kind !== 'value' || then === undefined ? [] : [this.#toLoss(end.value) - this.#toLoss(then.value)]
    })
    return changes.sort((one, other) => one - other)[changes.length >> 1]
  }

  /** Of two that were stopped: the one that would have become the better first. One that had reported nothing comes last. */
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

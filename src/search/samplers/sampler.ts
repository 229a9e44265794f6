/**
 * Ask and tell: the interface between a driver and the search algorithms, and their shared
 * bookkeeping. An algorithm is a `Strategy`, which proposes one point from the history.
 */
import type { RandomStream } from '../../lib/random-stream.ts'
import { History, type Outcome, type Trial } from './trial-history.ts'
import { checkPoint, decodePoint, listAllPoints, pointKey, type Point } from '../space/point.ts'
import type { Space } from '../space/space.ts'

export interface Sampler {
  readonly space: Space
  /**
   * New trials, pending until told. Fewer than `count`, or none, once a finite space is exhausted.
   */
  ask(count: number): Trial[]
  /**
   * Adds a trial that was asked before a restart, or chosen elsewhere.
   * @throws BjobError `bad-point` if it is not in the space; RangeError if the id is taken
   */
  adopt(trial: Trial): void
  /** Records the outcome of a trial. @throws RangeError like `History.tell` */
  tell(id: number, outcome: Outcome): void
}

/**
 * Proposes a point from its arguments and its configuration alone: no clock, and no state that a
 * replay would lack.
 */
export interface Strategy {
  /**
   * @param random a stream for this trial alone @returns undefined if the strategy has no more
   *   points
   */
  propose(history: History, id: number, random: RandomStream): Point | undefined
}

// A finite space with up to this many points is enumerated to find points not yet asked.
const LISTED_POINTS_LIMIT = 20_000
// Attempts at a new point before enumeration; a continuous space never needs a second one.
const NEW_POINT_TRIES = 20

/**
 * Runs a strategy and never asks a point twice. The next trial depends only on the seed, the known
 * trials and their outcomes.
 */
export class StrategySampler implements Sampler {
  readonly space: Space
  readonly #strategy: Strategy
  readonly #random: RandomStream
  readonly #history: History
  readonly #keys = new Set<string>()
  readonly #allPoints: readonly Point[] | undefined

  constructor(space: Space, strategy: Strategy, random: RandomStream) {
    this.space = space
    this.#strategy = strategy
    this.#random = random
    this.#history = new History(space.direction)
    this.#allPoints = listAllPoints(space, LISTED_POINTS_LIMIT)
  }

  ask(count: number): Trial[] {
    const trials: Trial[] = []
    while (trials.length < count) {
      const id = this.#history.nextId
      const point = this.#choosePoint(id)
      if (!point) break
      trials.push({ id, point })
      this.#add({ id, point })
    }
    return trials
  }

  adopt(trial: Trial): void {
    checkPoint(this.space, trial.point)
    this.#add(trial)
  }

  tell(id: number, outcome: Outcome): void {
    if (outcome.kind === 'value' && (outcome.further ?? []).length !== this.space.further.length)
      throw new RangeError(`trial ${id} needs ${1 + this.space.further.length} values, one per objective`)
    this.#history.tell(id, outcome)
  }

  #add(trial: Trial): void {
    this.#history.add(trial)
    this.#keys.add(pointKey(this.space, trial.point))
  }

  #choosePoint(id: number): Point | undefined {
    if (this.#allPoints && this.#keys.size >= this.#allPoints.length) return undefined
    const random = this.#random.substream(`trial ${id}`)
    const proposed = this.#strategy.propose(this.#history, id, random)
    if (!proposed || this.#isNew(proposed)) return proposed
    const spare = random.substream('instead of a repeated point')
    for (let attempt = 0; attempt < NEW_POINT_TRIES; attempt++) {
      const point = decodePoint(
        this.space,
        this.space.parameters.map(() => spare.uniform()),
      )
      if (this.#isNew(point)) return point
    }
    const remaining = this.#allPoints?.filter((point) => this.#isNew(point)) ?? []
    return remaining[spare.integer(remaining.length)]
  }

  #isNew(point: Point): boolean {
    return !this.#keys.has(pointKey(this.space, point))
  }
}

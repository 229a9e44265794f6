/**
 * Ask and tell: what a driver needs of every search algorithm, and the bookkeeping that all of them share. An algorithm
 * itself is a `Strategy`, which proposes one point from the history.
 */
import type { RandomStream } from '../../lib/random-stream.ts'
import { History, type Outcome, type Trial } from './trial-history.ts'
import { checkPoint, decodePoint, listAllPoints, pointKey, type Point } from '../space/point.ts'
import type { Space } from '../space/space.ts'

export interface Sampler {
  readonly space: Space
  /** New trials, pending until told. Fewer than `count` (or none) if every point of a finite space was asked for. */
  ask(count: number): Trial[]
  /**
   * Takes in a trial that was asked before a restart, or that somebody else chose.
   *
   * @throws BjobError `bad-point` if it is none of this space; RangeError if the id is taken
   */
  adopt(trial: Trial): void
  /** What became of a trial. @throws RangeError as `History.tell` does */
  tell(id: number, outcome: Outcome): void
}

/** Chooses a point. It depends on its arguments and its own construction only: no clock, no state that a replay would lack. */
export interface Strategy {
  /** @param random a stream that belongs to this trial alone; undefined if the strategy has no more points */
  propose(history: History, id: number, random: RandomStream): Point | undefined
}

// A finite space up to this many points is listed, to find those that were not asked for yet.
const LISTED_POINTS_LIMIT = 20_000
// Tries for a new point before a finite space is listed; a continuous one never needs a second.
const NEW_POINT_TRIES = 20

/**
 * Runs a strategy. No point is asked for twice, whatever the strategy proposes. The next trial depends only on the seed,
 * the trials known and what was told of them.
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

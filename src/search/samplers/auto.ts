/** The default sampler: the best model while it is affordable, then a fast one. */
import type { RandomStream } from '../../lib/random-stream.ts'
import { ExpectedImprovementStrategy } from './expected-improvement.ts'
import type { History } from './trial-history.ts'
import type { Point } from '../space/point.ts'
import type { Strategy } from './sampler.ts'
import type { Space } from '../space/space.ts'
import { TpeStrategy } from './tpe.ts'

// A point from a Gaussian process takes about 0.3 s, growing with the square of the number of
// trials.
const PROCESS_TRIALS_LIMIT = 300

/**
 * A Gaussian process for the first trials, including pending ones; then the tree-structured Parzen
 * estimator.
 */
export class AutoStrategy implements Strategy {
  readonly #process: Strategy
  readonly #estimator: Strategy

  constructor(space: Space, random: RandomStream) {
    this.#process = new ExpectedImprovementStrategy(space, random)
    this.#estimator = new TpeStrategy(space, random)
  }

  propose(history: History, id: number, random: RandomStream): Point | undefined {
    const strategy = history.trialCount < PROCESS_TRIALS_LIMIT ? this.#process : this.#estimator
    return strategy.propose(history, id, random)
  }
}

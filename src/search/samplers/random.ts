/** Random search: independent points, the baseline for every other sampler. */
import type { RandomStream } from '../../lib/random-stream.ts'
import type { History } from './trial-history.ts'
import { decodePoint, type Point } from '../space/point.ts'
import type { Strategy } from './sampler.ts'
import type { Space } from '../space/space.ts'

/**
 * Uniform in the unit cube (Bergstra and Bengio 2012, "Random search for hyper-parameter
 * optimization").
 */
export class RandomStrategy implements Strategy {
  readonly #space: Space

  constructor(space: Space) {
    this.#space = space
  }

  propose(_history: History, _id: number, random: RandomStream): Point {
    return decodePoint(
      this.#space,
      this.#space.parameters.map(() => random.uniform()),
    )
  }
}

/**
 * The tree-structured Parzen estimator: fast at any number of evaluations, for mixed and
 * conditional spaces.
 */
import type { RandomStream } from '../../lib/random-stream.ts'
import type { History } from './trial-history.ts'
import { ParzenMixture } from '../model/parzen-mixture.ts'
import { decodePoint, encodePoint, type Point } from '../space/point.ts'
import { HaltonSequence } from './quasi-random.ts'
import type { Strategy } from './sampler.ts'
import type { Space } from '../space/space.ts'

const START_COUNT = 10
const CANDIDATES = 24
const GOOD_SHARE = 0.1
const MOST_GOOD = 25
// Tuned, like the weights, on the functions of test/bench/samplers.ts: narrow around good points,
// wide around the rest.
const GOOD_SPREAD = 0.1
const OTHER_SPREAD = 0.2
const GOOD_PRIOR_WEIGHT = 0.2

/**
 * Draws candidates from the density of good points and proposes the one with the highest ratio to
 * the density of the others (Bergstra et al. 2011, section 4; multivariate form of Falkner et al.
 * 2018). Pending points count among the others, as if they had ended badly (the constant liar of
 * Ginsbourger et al. 2010).
 */
export class TpeStrategy implements Strategy {
  readonly #space: Space
  readonly #sequence: HaltonSequence

  constructor(space: Space, random: RandomStream) {
    this.#space = space
    this.#sequence = new HaltonSequence(space.parameters.length, random.substream('halton'))
  }

  propose(history: History, id: number, random: RandomStream): Point {
    const observations = history.listObservations()
    if (observations.length < START_COUNT) return decodePoint(this.#space, this.#sequence.point(id))

    const sorted = [...observations].sort((one, other) => one.loss - other.loss || one.id - other.id)
    const goodCount = Math.min(MOST_GOOD, Math.ceil(GOOD_SHARE * sorted.length))
    const { parameters } = this.#space
    const encode = ({ point }: { point: Point }): Float64Array => encodePoint(this.#space, point, NaN)
    const good = new ParzenMixture(
      parameters,
      sorted.slice(0, goodCount).map(encode),
      weighByRank(goodCount),
      GOOD_SPREAD,
    )
    const others = [...sorted.slice(goodCount), ...history.listPending()].map(encode)
    const other = new ParzenMixture(parameters, others, weighEvenly(others.length), OTHER_SPREAD)

    let best: Point = {}
    let highest = -Infinity
    for (let count = 0; count < CANDIDATES; count++) {
      const point = decodePoint(this.#space, good.sample(random))
      const units = encode({ point })
      const ratio = good.logDensity(units) - other.logDensity(units)
      if (ratio > highest) {
        best = point
        highest = ratio
      }
    }
    return best
  }
}

/**
 * Logarithmic weights, highest for the best (Hansen 2016, "The CMA evolution strategy: a tutorial",
 * equation 49).
 */
function weighByRank(centres: number): number[] {
  const ranked = Array.from({ length: centres }, (_, rank) => Math.log(centres + 1) - Math.log(rank + 1))
  const sum = ranked.reduce((total, weight) => total + weight, 0)
  return [...ranked.map((weight) => ((1 - GOOD_PRIOR_WEIGHT) * weight) / sum), GOOD_PRIOR_WEIGHT]
}

/** The prior weighs as much as one centre. */
function weighEvenly(centres: number): number[] {
  return Array.from({ length: centres + 1 }, () => 1 / (centres + 1))
}

/**
 * Bayesian optimisation for small budgets: a Gaussian process predicts the objective, and the next
 * point has the highest expected improvement.
 */
import type { RandomStream } from '../../lib/random-stream.ts'
import { fitLogs, GaussianProcess, type DimensionKind } from '../model/gaussian-process.ts'
import type { History, Observation } from './trial-history.ts'
import { logNormalDensity, normalProbability, scaledErfc } from '../model/normal-distribution.ts'
import { decodePoint, encodePoint, type Point } from '../space/point.ts'
import { warpToNormal } from '../model/power-transform.ts'
import { HaltonSequence } from './quasi-random.ts'
import type { Strategy } from './sampler.ts'
import type { Space } from '../space/space.ts'

const FITTED_LIMIT = 100
const WIDE_CANDIDATES = 300
const NEAR_CANDIDATES = 200
const SEARCH_STARTS = 4
const SEARCH_STEPS = 60
/** A failure is never certain. */
const LEAST_CHANCE = 0.01

interface Candidate {
  readonly units: Float64Array
  readonly point: Point
  readonly gain: number
}

/**
 * The expected improvement is multiplied by the probability that an evaluation gives a value at all
 * (Gelbart, Snoek and Adams 2014, "Bayesian optimization with unknown constraints", equation 7),
 * estimated by a second process from successes and failures. Random failures make it constant,
 * without effect. Pending points are assumed to end at the model's prediction (the kriging believer
 * of Ginsbourger, Le Riche and Carraro 2010, "Kriging is well-suited to parallelize optimization"),
 * so no improvement is expected near them.
 */
export class ExpectedImprovementStrategy implements Strategy {
  readonly #space: Space
  readonly #sequence: HaltonSequence
  readonly #kinds: readonly DimensionKind[]
  readonly #startCount: number
  #fit:
    | {
        readonly endCount: number
        readonly logs: Float64Array
        readonly logChance: (input: Float64Array) => number
      }
    | undefined

  constructor(space: Space, random: RandomStream) {
    this.#space = space
    this.#sequence = new HaltonSequence(space.parameters.length, random.substream('halton'))
    this.#kinds = space.parameters.map(({ kind }) => (kind === 'categorical' ? 'nominal' : 'numeric'))
    this.#startCount = Math.min(20, Math.max(5, space.parameters.length + 2))
  }

  propose(history: History, id: number, random: RandomStream): Point {
    const ended = history.listObservations()
    const observations = ended.filter(({ kind }) => kind !== 'failed')
    if (id < this.#startCount || observations.length < this.#startCount / 2)
      return decodePoint(this.#space, this.#sequence.point(id))

    const pending = history.listPending()
    const inputs = observations.map(({ point }) => this.#encode(point))
    const outputs = warpToNormal(observations.map(({ loss }) => loss))
    // Several points are often requested between two ends, and share one fit.
    if (this.#fit?.endCount !== history.endCount)
      this.#fit = {
        endCount: history.endCount,
        logs: this.#fitSome(inputs, outputs),
        logChance: this.#fitChance(ended),
      }
    const { logChance } = this.#fit
    const model = new GaussianProcess(this.#kinds, inputs, outputs, this.#fit.logs, pending.length)
    for (const { point } of pending) {
      const input = this.#encode(point)
      model.extend(input, model.predict(input).mean)
    }
    const means = inputs.map((input) => model.predict(input).mean)
    const incumbent = Math.min(...means)
    const byMean = [...inputs.keys()].sort((one, other) => (means[one] ?? 0) - (means[other] ?? 0))
    const centres = byMean.slice(0, SEARCH_STARTS).flatMap((index) => inputs[index] ?? [])
    return this.#maximise(random, centres, (input) => {
      const { mean, variance } = model.predict(input)
      const deviation = Math.sqrt(variance)
      return logExpectedImprovement((incumbent - mean) / deviation) + Math.log(deviation) + logChance(input)
    })
  }

  /**
   * The logarithm of the probability of a value, by least-squares classification (Rasmussen and
   * Williams 2006, section 6.5).
   */
  #fitChance(ended: readonly Observation[]): (input: Float64Array) => number {
    const share = ended.filter(({ kind }) => kind !== 'failed').length / ended.length
    if (share === 1) return () => 0
    const deviation = Math.sqrt(share * (1 - share))
    const inputs = ended.map(({ point }) => this.#encode(point))
    const outputs = ended.map(({ kind }) => ((kind === 'failed' ? 0 : 1) - share) / deviation)
    const model = new GaussianProcess(this.#kinds, inputs, outputs, this.#fitSome(inputs, outputs), 0)
    return (input) => Math.log(Math.min(1, Math.max(LEAST_CHANCE, share + deviation * model.predict(input).mean)))
  }

  /**
   * Fits to all observations, or to a sample from lowest to highest if there are many: the cost is
   * cubic.
   */
  #fitSome(inputs: readonly Float64Array[], outputs: readonly number[]): Float64Array {
    const ranked = [...inputs.keys()].sort((one, other) => (outputs[one] ?? 0) - (outputs[other] ?? 0))
    const count = Math.min(ranked.length, FITTED_LIMIT)
    const some = Array.from({ length: count }, (_, rank) => ranked[Math.floor((rank * ranked.length) / count)] ?? 0)
    some.sort((one, other) => one - other)
    return fitLogs(
      this.#kinds,
      some.flatMap((index) => inputs[index] ?? []),
      some.map((index) => outputs[index] ?? 0),
    )
  }

  /** Searches everywhere, then around the best known points, then climbs from the best of both. */
  #maximise(random: RandomStream, centres: readonly Float64Array[], gainOf: (input: Float64Array) => number): Point {
    const consider = (units: Float64Array): Candidate => {
      const point = decodePoint(this.#space, units)
      return { units, point, gain: gainOf(this.#encode(point)) }
    }
    const candidates: Candidate[] = []
    for (let count = 0; count < WIDE_CANDIDATES; count++)
      candidates.push(consider(Float64Array.from(this.#kinds, () => random.uniform())))
    for (let count = 0; count < NEAR_CANDIDATES; count++) {
      const centre = centres[count % centres.length]
      if (centre) candidates.push(consider(this.#perturb(centre, 10 ** (-3 * random.uniform()), random)))
    }
    candidates.sort((one, other) => other.gain - one.gain)
    let best = candidates[0]
    for (let climbed of candidates.slice(0, SEARCH_STARTS)) {
      // A (1+1) evolution strategy with the one-fifth rule (Rechenberg 1973; constants of Kern et
      // al. 2004).
      let size = 0.1
      for (let step = 0; step < SEARCH_STEPS; step++) {
        const next = consider(this.#perturb(climbed.units, size, random))
        const isBetter = next.gain > climbed.gain
        if (isBetter) climbed = next
        size = Math.max(1e-5, size * (isBetter ? 1.5 : 1.5 ** -0.25))
      }
      if (!best || climbed.gain > best.gain) best = climbed
    }
    return best?.point ?? decodePoint(this.#space, [])
  }

  /**
   * Moves each numeric coordinate by about `size` or not at all, and occasionally changes a choice.
   */
  #perturb(units: Float64Array, size: number, random: RandomStream): Float64Array {
    const dimensions = units.length
    const certain = random.integer(dimensions)
    return units.map((unit, dimension) => {
      if (dimension !== certain && random.uniform() < 0.5) return unit
      if (this.#kinds[dimension] === 'nominal') return random.uniform() < 0.3 ? random.uniform() : unit
      return Math.min(1, Math.max(0, unit + size * random.normal()))
    })
  }

  /** Encodes an inactive choice as a value of its own and an inactive number as the middle. */
  #encode(point: Point): Float64Array {
    const input = encodePoint(this.#space, point)
    for (const [index, { name, kind }] of this.#space.parameters.entries())
      if (kind === 'categorical' && point[name] === undefined) input[index] = -1
    return input
  }
}

/**
 * log(φ(z) + z Φ(z)): the logarithm of the expected improvement of a standard normal, where the
 * improvement itself would underflow (Ament et al. 2023, "Unexpected improvements to expected
 * improvement for Bayesian optimization", section 4.1).
 */
export function logExpectedImprovement(z: number): number {
  if (z > -1) return Math.log(Math.exp(logNormalDensity(z)) + z * normalProbability(z))
  // Below -25 the bracket loses its digits; its series is 1/z² - 3/z⁴ + …
  const bracket = z < -25 ? 1 / (z * z) - 3 / z ** 4 : 1 + z * Math.sqrt(Math.PI / 2) * scaledErfc(-z * Math.SQRT1_2)
  return logNormalDensity(z) + Math.log(bracket)
}

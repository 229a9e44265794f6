/**
 * Several objectives: a single-objective strategy that is asked about a different mixture for each
 * trial.
 */
import type { RandomStream } from '../../lib/random-stream.ts'
import type { History, Valued } from './trial-history.ts'
import type { Point } from '../space/point.ts'
import type { Strategy } from './sampler.ts'
import type { Direction } from '../space/space.ts'

/**
 * Weight of the sum beside the worst objective, which decides between points with equal worst ones.
 */
const SUM_SHARE = 0.05

/**
 * ParEGO (Knowles 2006, "ParEGO: a hybrid algorithm with on-line landscape approximation for
 * expensive multiobjective optimization problems"): draws weights for each trial and combines the
 * objectives by the augmented Tchebycheff function, whose minima over all weights are the Pareto
 * front. Objectives are scaled by rank instead of range, so that a diverged one does not compress
 * the others.
 */
export class ScalarisedStrategy implements Strategy {
  readonly #directions: readonly Direction[]
  readonly #make: () => Strategy

  /** @param make creates a strategy: a model of one mixture is useless for another */
  constructor(directions: readonly Direction[], make: () => Strategy) {
    this.#directions = directions
    this.#make = make
  }

  propose(history: History, id: number, random: RandomStream): Point | undefined {
    const weights = drawWeights(this.#directions.length, random.substream('weights'))
    const scales = this.#directions.map((direction, at) => {
      const sign = direction === 'minimise' ? 1 : -1
      const losses = history.listValued().map((ended) => sign * valueAt(ended, at))
      const ranks = rankShares(losses)
      return (ended: Valued): number => ranks.get(sign * valueAt(ended, at)) ?? 1
    })
    const mixed = history.withLosses((ended) => {
      const parts = scales.map((scale, at) => (weights[at] ?? 0) * scale(ended))
      return Math.max(...parts) + SUM_SHARE * parts.reduce((sum, part) => sum + part, 0)
    })
    return this.#make().propose(mixed, id, random)
  }
}

function valueAt({ value, further = [] }: Valued, at: number): number {
  return at === 0 ? value : (further[at - 1] ?? NaN)
}

/** For each loss, the fraction of losses that are lower: 0 for the lowest, 1 for the highest. */
function rankShares(losses: readonly number[]): Map<number, number> {
  const sorted = [...new Set(losses)].sort((one, other) => one - other)
  return new Map(sorted.map((loss, rank) => [loss, sorted.length > 1 ? rank / (sorted.length - 1) : 0]))
}

/**
 * Uniform among the weights with sum 1 (spacings of exponential variates; Devroye 1986, section
 * V.2).
 */
function drawWeights(count: number, random: RandomStream): number[] {
  const spacings = Array.from({ length: count }, () => -Math.log(1 - random.uniform()))
  const sum = spacings.reduce((total, spacing) => total + spacing, 0)
  return spacings.map((spacing) => spacing / sum)
}

/**
 * The importance of each parameter for the objective: functional analysis of variance over a random
 * forest (Hutter, Hoos and Leyton-Brown 2014, "An efficient approach for assessing hyperparameter
 * importance"), Optuna's default.
 */
import { RandomStream } from '../../lib/random-stream.ts'
import { type Drawable, listValued } from './study-figures.ts'
import { encodePoint } from '../space/point.ts'
import type { ValuedEvaluation } from './study.ts'
import type { Space } from '../space/space.ts'

export interface Importance {
  readonly name: string
  /**
   * Share of the variance explained by single parameters, 0 to 1; the shares sum to 1, or 0 if none
   * explains any.
   */
  readonly share: number
}

interface Sample {
  /** In [0, 1], one per parameter. */
  readonly units: Float64Array
  readonly value: number
}

/** A part of the unit cube in which the tree is constant. */
interface Leaf {
  readonly low: Float64Array
  readonly high: Float64Array
  readonly value: number
}

const TREES = 64
/** Maximum sample per tree: larger ones take minutes and give the same result. */
const DRAWN_LIMIT = 1000

/**
 * The parameters by decreasing importance, on their own scale (logarithmic or linear) over their
 * whole range; empty for fewer than two evaluations with a value. Deterministic.
 */
export function importances(study: Drawable): Importance[] {
  const { space } = study.search
  const samples = encodeSamples(space, listValued(study))
  if (samples.length < 2) return []
  const random = new RandomStream('importance')
  const sums = new Float64Array(space.parameters.length)
  for (let tree = 0; tree < TREES; tree++) {
    const stream = random.substream(`tree ${tree}`)
    const count = Math.min(samples.length, DRAWN_LIMIT)
    // A bootstrap sample per tree (Breiman 2001, "Random forests"); trees grow until their leaves
    // are pure.
    const drawn = Array.from({ length: count }, () => samples[stream.integer(samples.length)]).filter(
      (sample) => sample !== undefined,
    )
    for (const [index, share] of explainedShares(growTree(drawn, sums.length), sums.length).entries())
      sums[index] = (sums[index] ?? 0) + share
  }
  const total = sums.reduce((sum, share) => sum + share, 0)
  return space.parameters
    .map(({ name }, index) => ({ name, share: total > 0 ? (sums[index] ?? 0) / total : 0 }))
    .sort((one, other) => other.share - one.share)
}

/**
 * Encodes choices in the order of their mean values, in which the best split is one between
 * neighbours (Breiman et al. 1984, "Classification and regression trees", theorem 9.6). An inactive
 * parameter lies in the middle, where no tree can split.
 */
function encodeSamples(space: Space, evaluations: readonly ValuedEvaluation[]): Sample[] {
  const samples = evaluations.map(({ point, result }) => ({ units: encodePoint(space, point), value: result.value }))
  for (const [index, parameter] of space.parameters.entries()) {
    if (parameter.kind !== 'categorical') continue
    const means = parameter.choices.map((choice) => {
      const values = evaluations
        .filter(({ point }) => point[parameter.name] === choice)
        .map(({ result }) => result.value)
      return values.reduce((sum, value) => sum + value, 0) / values.length
    })
    const ranked = [...means.keys()].sort((one, other) => (means[one] ?? 0) - (means[other] ?? 0) || one - other)
    for (const [at, { point }] of evaluations.entries()) {
      const choice = point[parameter.name]
      const sample = samples[at]
      if (choice === undefined || sample === undefined) continue
      sample.units[index] = (ranked.indexOf(parameter.choices.indexOf(choice)) + 0.5) / ranked.length
    }
  }
  return samples
}

/**
 * A regression tree over the unit cube: splits where the squared error falls most, down to constant
 * leaves.
 */
function growTree(samples: readonly Sample[], dimensions: number): Leaf[] {
  const leaves: Leaf[] = []
  const open = [{ samples, low: new Float64Array(dimensions), high: new Float64Array(dimensions).fill(1) }]
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const split = findSplit(node.samples, dimensions)
    if (split === undefined) {
      const sum = node.samples.reduce((total, { value }) => total + value, 0)
      leaves.push({ low: node.low, high: node.high, value: sum / node.samples.length })
      continue
    }
    const { dimension, at } = split
    const isBelow = ({ units }: Sample): boolean => (units[dimension] ?? 0) < at
    open.push(
      { samples: node.samples.filter(isBelow), low: node.low, high: node.high.with(dimension, at) },
      {
        samples: node.samples.filter((sample) => !isBelow(sample)),
        low: node.low.with(dimension, at),
        high: node.high,
      },
    )
  }
  return leaves
}

function findSplit(samples: readonly Sample[], dimensions: number): { dimension: number; at: number } | undefined {
  const total = samples.reduce((sum, { value }) => sum + value, 0)
  if (samples.every(({ value }) => value === samples[0]?.value)) return undefined
  let best: { dimension: number; at: number } | undefined
  let highest = -Infinity
  for (let dimension = 0; dimension < dimensions; dimension++) {
    const sorted = [...samples].sort((one, other) => (one.units[dimension] ?? 0) - (other.units[dimension] ?? 0))
    let below = 0
    for (let count = 1; count < sorted.length; count++) {
      const previous = sorted[count - 1]
      below += previous?.value ?? 0
      const [from, to] = [previous?.units[dimension] ?? 0, sorted[count]?.units[dimension] ?? 0]
      // No split fits between neighbouring floating-point numbers.
      const at = (from + to) / 2
      if (!(at > from)) continue
      // The decrease of the squared error, up to a constant.
      const gain = below ** 2 / count + (total - below) ** 2 / (sorted.length - count)
      if (gain > highest) {
        highest = gain
        best = { dimension, at }
      }
    }
  }
  return best
}

/**
 * The variance of the tree's mean over all other dimensions, for each dimension, as a share of the
 * total (Hutter et al. 2014, equations 4 to 7).
 */
function explainedShares(leaves: readonly Leaf[], dimensions: number): number[] {
  const width = ({ low, high }: Leaf, dimension: number): number => (high[dimension] ?? 1) - (low[dimension] ?? 0)
  const weighted = leaves.map((leaf) => {
    let volume = 1
    for (let dimension = 0; dimension < dimensions; dimension++) volume *= width(leaf, dimension)
    return { leaf, volume }
  })
  const mean = weighted.reduce((sum, { leaf, volume }) => sum + volume * leaf.value, 0)
  const variance = weighted.reduce((sum, { leaf, volume }) => sum + volume * (leaf.value - mean) ** 2, 0)
  return Array.from({ length: dimensions }, (_, dimension) => {
    if (!(variance > 0)) return 0
    // The marginal is a step function: each leaf raises it between its ends by its weight in the
    // other dimensions.
    const steps = weighted.flatMap(({ leaf, volume }) => {
      const lift = ((leaf.value - mean) * volume) / width(leaf, dimension)
      return [
        { at: leaf.low[dimension] ?? 0, lift },
        { at: leaf.high[dimension] ?? 1, lift: -lift },
      ]
    })
    steps.sort((one, other) => one.at - other.at)
    let [height, from, explained] = [0, 0, 0]
    for (const { at, lift } of steps) {
      explained += height ** 2 * (at - from)
      height += lift
      from = at
    }
    return explained / variance
  })
}

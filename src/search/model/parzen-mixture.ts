/**
 * A density over points, estimated from a sample. The tree-structured Parzen estimator compares two
 * of them.
 */
import type { RandomStream } from '../../lib/random-stream.ts'
import { logNormalDensity, normalProbability } from './normal-distribution.ts'
import { countLevels, levelValue, unitOfValue, type Parameter } from '../space/parameter.ts'

// Up to this many values, a parameter's kernel is a table of probabilities; beyond, the density at
// the middle is accurate enough.
const TABLE_LEVELS_LIMIT = 64
const LEAST_WIDTH = 0.02

/** The kernels of one parameter, one per centre. */
interface Kernels {
  /** @param component index of the centre @param unit in [0, 1] */
  logDensity(component: number, unit: number): number
  sample(component: number, random: RandomStream): number
  /** The uniform density, which applies without any centre. */
  readonly logPrior: number
}

/**
 * A mixture of product kernels, one around each centre, with a uniform prior: the multivariate
 * estimator of Falkner, Klein and Hutter (2018, "BOHB", section 3) with the prior and truncation of
 * Bergstra et al. (2011, "Algorithms for hyper-parameter optimization", section 4). A centre
 * without a parameter that a point has uses a uniform kernel for it.
 */
export class ParzenMixture {
  readonly #kernels: readonly Kernels[]
  readonly #centres: readonly Float64Array[]
  readonly #weights: readonly number[]

  /**
   * @param centres encoded points, NaN where a parameter is inactive
   * @param weights one per centre, and one for the prior; they sum to 1
   * @param spread kernel width of a single centre, as a fraction of the unit interval
   */
  constructor(
    parameters: readonly Parameter[],
    centres: readonly Float64Array[],
    weights: readonly number[],
    spread: number,
  ) {
    this.#centres = centres
    this.#weights = weights
    this.#kernels = parameters.map((parameter, dimension) => {
      const column = centres.map((centre) => centre[dimension] ?? NaN)
      return makeKernels(parameter, column, chooseWidth(column, parameters.length, spread))
    })
  }

  /** Draws coordinates from the density, one per parameter. */
  sample(random: RandomStream): Float64Array {
    let component = 0
    for (let left = random.uniform(); component < this.#centres.length; component++) {
      left -= this.#weights[component] ?? 0
      if (left < 0) break
    }
    const centre = this.#centres[component]
    return Float64Array.from(this.#kernels, (kernels, dimension) =>
      Number.isNaN(centre?.[dimension] ?? NaN) ? random.uniform() : kernels.sample(component, random),
    )
  }

  /** @param units encoded, NaN where a parameter is inactive */
  logDensity(units: Float64Array): number {
    const logs = this.#weights.map((weight, component) => {
      const centre = this.#centres[component]
      let log = Math.log(weight)
      for (const [dimension, kernels] of this.#kernels.entries()) {
        const unit = units[dimension] ?? NaN
        if (Number.isNaN(unit)) continue
        log += Number.isNaN(centre?.[dimension] ?? NaN) ? kernels.logPrior : kernels.logDensity(component, unit)
      }
      return log
    })
    const highest = logs.reduce((one, other) => Math.max(one, other), -Infinity)
    return highest + Math.log(logs.reduce((sum, log) => sum + Math.exp(log - highest), 0))
  }
}

/**
 * Scott's rule (1992, "Multivariate density estimation", equation 6.42), count^(-1 / (dimensions +
 * 4)), with a fixed spread: the deviation of a few good points is too random to be the scale.
 */
function chooseWidth(column: readonly number[], dimensions: number, spread: number): number {
  const count = column.filter((unit) => !Number.isNaN(unit)).length
  return Math.max(LEAST_WIDTH, spread * Math.max(1, count) ** (-1 / (dimensions + 4)))
}

function makeKernels(parameter: Parameter, column: readonly number[], width: number): Kernels {
  const levels = countLevels(parameter)
  if (levels > TABLE_LEVELS_LIMIT) return makeNormalKernels(column, width)
  const units = Array.from({ length: levels }, (_, index) => unitOfValue(parameter, levelValue(parameter, index)))
  if (parameter.kind !== 'categorical') {
    // A kernel narrower than half a level would never leave its centre.
    const leastWidth = Math.max(0.5 / levels, width)
    return makeTableKernels(units, column, (from, to) => Math.exp(-0.5 * ((from - to) / leastWidth) ** 2))
  }
  // The kernel of Aitchison and Aitken (1976); all choices share the weight of one additional
  // centre.
  const shared = 1 / (column.length + 1) / levels
  return makeTableKernels(units, column, (from, to) => (from === to ? 1 : 0) + shared)
}

function makeNormalKernels(column: readonly number[], width: number): Kernels {
  const logNorms = column.map((centre) =>
    Math.log(width * (normalProbability((1 - centre) / width) - normalProbability(-centre / width))),
  )
  return {
    logPrior: 0,
    logDensity: (component, unit) =>
      logNormalDensity((unit - (column[component] ?? 0)) / width) - (logNorms[component] ?? 0),
    sample: (component, random) => {
      // Centres lie in the interval and widths are at most 1, so at least a third of the draws are
      // accepted.
      for (;;) {
        const unit = (column[component] ?? 0) + width * random.normal()
        if (unit >= 0 && unit <= 1) return unit
      }
    },
  }
}

function makeTableKernels(
  units: readonly number[],
  column: readonly number[],
  closeness: (from: number, to: number) => number,
): Kernels {
  const tables = units.map((from) => {
    const row = units.map((to) => closeness(from, to))
    const sum = row.reduce((total, value) => total + value, 0)
    return row.map((value) => value / sum)
  })
  const levelOf = (unit: number): number => {
    let nearest = 0
    for (const [level, other] of units.entries())
      if (Math.abs(other - unit) < Math.abs((units[nearest] ?? 0) - unit)) nearest = level
    return nearest
  }
  const logs = tables.map((row) => row.map((probability) => Math.log(Math.max(probability, 1e-300))))
  const centreLevels = column.map((unit) => (Number.isNaN(unit) ? 0 : levelOf(unit)))
  let latest = { unit: NaN, level: 0 }
  return {
    logPrior: -Math.log(units.length),
    logDensity: (component, unit) => {
      // Components are evaluated in a row for the same point, so the level is looked up once.
      if (latest.unit !== unit) latest = { unit, level: levelOf(unit) }
      return logs[centreLevels[component] ?? 0]?.[latest.level] ?? 0
    },
    sample: (component, random) => {
      const row = tables[centreLevels[component] ?? 0] ?? []
      let left = random.uniform()
      const level = row.findIndex((probability) => (left -= probability) < 0)
      return units.at(level) ?? 0.5
    },
  }
}

/**
 * A Gaussian process over encoded points: predicts mean and deviation of the value at any point
 * from a few dozen evaluations (Rasmussen and Williams 2006, "Gaussian Processes for Machine
 * Learning", chapters 2, 4 and 5).
 */
import { CholeskyFactor } from './cholesky.ts'
import { minimiseByRprop, type ValueAndGradient } from './rprop.ts'

/** How coordinates of a dimension are compared: by distance, or only for equality. */
export type DimensionKind = 'numeric' | 'nominal'

export interface Prediction {
  readonly mean: number
  /** Variance of the function itself, without observation noise. */
  readonly variance: number
}

// Priors of the logarithms of the fitted values. Length scales: Hvarfner, Hellsten and Nardi 2024,
// "Vanilla Bayesian optimization performs great in high dimensions", which keeps them long in many
// dimensions.
const LENGTH_PRIOR = { mean: Math.SQRT2, deviation: Math.sqrt(3) }
// Outputs are standardised, so the signal's variance is near 1.
const SIGNAL_PRIOR = { mean: 0, deviation: 1 }
// Objectives of jobs are often exact, and their noise rarely exceeds a tenth of the spread.
const NOISE_PRIOR = { mean: Math.log(1e-4), deviation: 2 }
const LEAST_NOISE = 1e-6
const FIT_ITERATIONS = 30

export class GaussianProcess {
  readonly #kinds: readonly DimensionKind[]
  readonly #inputs: Float64Array[]
  readonly #outputs: number[]
  /** 1 / length scale², one per dimension. */
  readonly #weights: Float64Array
  readonly #signal: number
  readonly #noise: number
  readonly #factor: CholeskyFactor
  #solved: Float64Array

  /**
   * @param inputs encoded points, one coordinate per kind
   * @param outputs standardised to mean 0 and variance 1
   * @param logs the result of `fitLogs`
   * @param spare number of observations that `extend` can add
   */
  constructor(
    kinds: readonly DimensionKind[],
    inputs: readonly Float64Array[],
    outputs: readonly number[],
    logs: Float64Array,
    spare: number,
  ) {
    const dimensions = kinds.length
    this.#kinds = kinds
    this.#inputs = []
    this.#outputs = []
    this.#weights = logs.subarray(0, dimensions).map((log) => Math.exp(-2 * log))
    this.#signal = Math.exp(logs[dimensions] ?? 0)
    this.#noise = LEAST_NOISE + Math.exp(logs[dimensions + 1] ?? 0)
    this.#factor = new CholeskyFactor(inputs.length + spare)
    for (const [index, input] of inputs.entries()) this.#append(input, outputs[index] ?? 0)
    this.#solved = this.#factor.solve(this.#outputs)
  }

  /** Adds an observation without a new fit. */
  extend(input: Float64Array, output: number): void {
    this.#append(input, output)
    this.#solved = this.#factor.solve(this.#outputs)
  }

  predict(input: Float64Array): Prediction {
    const covariances = this.#covariances(input)
    let mean = 0
    for (const [index, covariance] of covariances.entries()) mean += covariance * (this.#solved[index] ?? 0)
    let explained = 0
    for (const part of this.#factor.solveLower(covariances)) explained += part * part
    return { mean, variance: Math.max(1e-12, this.#signal - explained) }
  }

  /** Skips an observation that duplicates another to working accuracy. */
  #append(input: Float64Array, output: number): void {
    const row = new Float64Array(this.#inputs.length + 1)
    row.set(this.#covariances(input))
    row[this.#inputs.length] = this.#signal + this.#noise
    if (!this.#factor.append(row)) return
    this.#inputs.push(input)
    this.#outputs.push(output)
  }

  #covariances(input: Float64Array): Float64Array {
    const covariances = new Float64Array(this.#inputs.length)
    for (const [index, other] of this.#inputs.entries()) {
      let square = 0
      for (let dimension = 0; dimension < other.length; dimension++) {
        const difference = (input[dimension] ?? 0) - (other[dimension] ?? 0)
        const distance = this.#kinds[dimension] === 'numeric' ? difference * difference : difference === 0 ? 0 : 1
        square += distance * (this.#weights[dimension] ?? 0)
      }
      covariances[index] = this.#signal * matern(square)
    }
    return covariances
  }
}

/**
 * The most probable length scales, signal variance and noise variance under the priors.
 * @returns their logarithms: length scales, signal, noise
 */
export function fitLogs(
  kinds: readonly DimensionKind[],
  inputs: readonly Float64Array[],
  outputs: readonly number[],
): Float64Array {
  const distances = squareDistances(kinds, inputs)
  const meanLog = LENGTH_PRIOR.mean + 0.5 * Math.log(kinds.length)
  const evaluate = (logs: Float64Array): ValueAndGradient => evaluatePosterior(logs, distances, outputs, meanLog)
  const start = [...kinds.map(() => meanLog), SIGNAL_PRIOR.mean, NOISE_PRIOR.mean]
  return minimiseByRprop(evaluate, start, FIT_ITERATIONS)
}

/**
 * The Matérn covariance of smoothness 5/2 at a squared scaled distance (Rasmussen and Williams,
 * equation 4.17).
 */
function matern(square: number): number {
  const root = Math.sqrt(5 * square)
  return (1 + root + (5 / 3) * square) * Math.exp(-root)
}

/** Squared distances in each dimension for each pair of inputs: row i, column j < i. */
function squareDistances(kinds: readonly DimensionKind[], inputs: readonly Float64Array[]): Float64Array {
  const distances = new Float64Array(((inputs.length * (inputs.length - 1)) / 2) * kinds.length)
  let next = 0
  for (const [row, input] of inputs.entries())
    for (const other of inputs.slice(0, row))
      for (const [dimension, kind] of kinds.entries()) {
        const difference = (input[dimension] ?? 0) - (other[dimension] ?? 0)
        distances[next++] = kind === 'numeric' ? difference * difference : difference === 0 ? 0 : 1
      }
  return distances
}

/**
 * The negative log of marginal likelihood × prior (equations 5.8 and 5.9), up to a constant, and
 * its gradient.
 */
function evaluatePosterior(
  logs: Float64Array,
  distances: Float64Array,
  outputs: readonly number[],
  meanLog: number,
): ValueAndGradient {
  const size = outputs.length
  const dimensions = logs.length - 2
  const weights = logs.subarray(0, dimensions).map((log) => Math.exp(-2 * log))
  const signal = Math.exp(logs[dimensions] ?? 0)
  const noise = Math.exp(logs[dimensions + 1] ?? 0)
  const gradient = new Float64Array(logs.length)

  const slopes = new Float64Array((size * (size - 1)) / 2)
  const factor = new CholeskyFactor(size)
  const correlations = new Float64Array(slopes.length)
  for (let row = 0, pair = 0; row < size; row++) {
    const covariances = new Float64Array(row + 1)
    for (let column = 0; column < row; column++, pair++) {
      let square = 0
      for (let dimension = 0; dimension < dimensions; dimension++)
        square += (distances[pair * dimensions + dimension] ?? 0) * (weights[dimension] ?? 0)
      const root = Math.sqrt(5 * square)
      const decay = Math.exp(-root)
      const correlation = (1 + root + (5 / 3) * square) * decay
      correlations[pair] = correlation
      covariances[column] = signal * correlation
      slopes[pair] = signal * (5 / 3) * (1 + root) * decay
    }
    covariances[row] = signal + noise + LEAST_NOISE
    if (!factor.append(covariances)) return { value: Infinity, gradient }
  }

  const solved = factor.solve(outputs)
  const inverse = factor.invert()
  let fit = 0
  let signalSlope = 0
  let noiseSlope = 0
  for (let row = 0, pair = 0; row < size; row++) {
    const rowSolved = solved[row] ?? 0
    fit += rowSolved * (outputs[row] ?? 0)
    for (let column = 0; column < row; column++, pair++) {
      const pull = (inverse[row * size + column] ?? 0) - rowSolved * (solved[column] ?? 0)
      signalSlope += pull * signal * (correlations[pair] ?? 0)
      const slope = pull * (slopes[pair] ?? 0)
      for (let dimension = 0; dimension < dimensions; dimension++)
        gradient[dimension] =
          (gradient[dimension] ?? 0) +
          slope * (distances[pair * dimensions + dimension] ?? 0) * (weights[dimension] ?? 0)
    }
    const pull = (inverse[row * size + row] ?? 0) - rowSolved * rowSolved
    signalSlope += 0.5 * pull * signal
    noiseSlope += 0.5 * pull * noise
  }
  gradient[dimensions] = signalSlope
  gradient[dimensions + 1] = noiseSlope

  let value = 0.5 * (fit + factor.logDeterminant())
  for (const [index, log] of logs.entries()) {
    const prior =
      index < dimensions ? { ...LENGTH_PRIOR, mean: meanLog } : index === dimensions ? SIGNAL_PRIOR : NOISE_PRIOR
    const z = (log - prior.mean) / prior.deviation
    value += 0.5 * z * z
    gradient[index] = (gradient[index] ?? 0) + z / prior.deviation
  }
  return { value, gradient }
}

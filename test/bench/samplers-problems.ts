/**
 * The test functions of the sampler comparison, all minimised: four classics and two spaces like
 * those of real searches.
 */
import { formatValue } from '../../src/search/space/parameter.ts'
import type { Point } from '../../src/search/space/point.ts'

export interface Problem {
  readonly name: string
  /** As an author would write it, for `parseSpace` and for Optuna alike. */
  readonly space: { readonly parameters: Readonly<Record<string, object>> }
  /**
   * Undefined where the evaluation fails. `chance` is uniform in [0, 1), the same for the same
   * trial of the same seed.
   */
  readonly evaluate: (point: Point, chance: number) => number | undefined
}

/** `x1` to `xN`, in the order of their numbers. */
function readVector(point: Point): number[] {
  return Object.keys(point).map((_, index) => readNumber(point, `x${index + 1}`))
}

function readNumber(point: Point, name: string): number {
  const value = point[name]
  if (typeof value !== 'number') throw new TypeError(`${name} is ${JSON.stringify(value)}`)
  return value
}

function makeBox(dimensions: number, low: number, high: number): Problem['space'] {
  const names = Array.from({ length: dimensions }, (_, index) => `x${index + 1}`)
  return { parameters: Object.fromEntries(names.map((name) => [name, { type: 'float', low, high }])) }
}

// Dixon and Szegö 1978, "The global optimization problem: an introduction".
const HARTMANN_HEIGHTS = [1, 1.2, 3, 3.2]
const HARTMANN_WIDTHS = [
  [10, 3, 17, 3.5, 1.7, 8],
  [0.05, 10, 17, 0.1, 8, 14],
  [3, 3.5, 1.7, 10, 17, 8],
  [17, 8, 0.05, 10, 0.1, 14],
]
const HARTMANN_CENTRES = [
  [0.1312, 0.1696, 0.5569, 0.0124, 0.8283, 0.5886],
  [0.2329, 0.4135, 0.8307, 0.3736, 0.1004, 0.9991],
  [0.2348, 0.1451, 0.3522, 0.2883, 0.3047, 0.665],
  [0.4047, 0.8828, 0.8732, 0.5743, 0.1091, 0.0381],
]

const branin: Problem = {
  name: 'Branin',
  space: { parameters: { x1: { type: 'float', low: -5, high: 10 }, x2: { type: 'float', low: 0, high: 15 } } },
  evaluate: (point) => {
    const [x = 0, y = 0] = readVector(point)
    const bent = y - (5.1 / (4 * Math.PI ** 2)) * x ** 2 + (5 / Math.PI) * x - 6
    return bent ** 2 + 10 * (1 - 1 / (8 * Math.PI)) * Math.cos(x) + 10 - 0.397887
  },
}

const hartmann: Problem = {
  name: 'Hartmann 6',
  space: makeBox(6, 0, 1),
  evaluate: (point) => {
    const x = readVector(point)
    let sum = 0
    for (const [row, height] of HARTMANN_HEIGHTS.entries()) {
      let square = 0
      for (const [column, value] of x.entries())
        square += (HARTMANN_WIDTHS[row]?.[column] ?? 0) * (value - (HARTMANN_CENTRES[row]?.[column] ?? 0)) ** 2
      sum += height * Math.exp(-square)
    }
    return 3.32237 - sum
  },
}

const ackley: Problem = {
  // The box of -15 to 30 keeps the minimum out of its middle, where some samplers look first.
  name: 'Ackley 5',
  space: makeBox(5, -15, 30),
  evaluate: (point) => {
    const x = readVector(point)
    const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
    const far = Math.sqrt(mean(x.map((value) => value ** 2)))
    const waves = mean(x.map((value) => Math.cos(2 * Math.PI * value)))
    return 20 - 20 * Math.exp(-0.2 * far) + Math.E - Math.exp(waves)
  },
}

const rosenbrock: Problem = {
  name: 'Rosenbrock 4',
  space: makeBox(4, -5, 10),
  evaluate: (point) => {
    const x = readVector(point)
    return x.slice(1).reduce((sum, next, index) => {
      const value = x[index] ?? 0
      return sum + 100 * (next - value ** 2) ** 2 + (1 - value) ** 2
    }, 0)
  },
}

/**
 * Like training a network: the rate's best depends on the optimizer and the batch, and one
 * activation is worse everywhere.
 */
const mixed: Problem = {
  name: 'mixed',
  space: {
    parameters: {
      rate: { type: 'float', low: 1e-6, high: 1, log: true },
      batch: { type: 'integer', low: 8, high: 1024, log: true },
      layers: { type: 'integer', low: 1, high: 12 },
      dropout: { type: 'float', low: 0, high: 0.9, step: 0.05 },
      optimizer: { type: 'categorical', choices: ['sgd', 'adam', 'rmsprop', 'lamb'] },
      activation: { type: 'categorical', choices: ['relu', 'gelu', 'tanh'] },
      bias: { type: 'categorical', choices: [true, false] },
    },
  },
  evaluate: (point) => {
    const rates: Readonly<Record<string, number>> = { sgd: -1.2, adam: -3.1, rmsprop: -3.6, lamb: -2.4 }
    const offsets: Readonly<Record<string, number>> = { sgd: 0.35, adam: 0.05, rmsprop: 0.2, lamb: 0 }
    const penalties: Readonly<Record<string, number>> = { relu: 0.1, gelu: 0, tanh: 0.6 }
    const optimizer = formatValue(point['optimizer'] ?? null)
    const batch = Math.log2(readNumber(point, 'batch')) - 6.3
    const rate = Math.log10(readNumber(point, 'rate')) - (rates[optimizer] ?? 0) - 0.25 * batch
    const layers = readNumber(point, 'layers') - 7
    const dropout = readNumber(point, 'dropout') - 0.25 - 0.02 * layers
    return (
      (offsets[optimizer] ?? 0) +
      (penalties[formatValue(point['activation'] ?? null)] ?? 0) +
      (point['bias'] === true ? 0 : 0.08) +
      0.5 * rate ** 2 +
      0.04 * batch ** 2 +
      0.03 * layers ** 2 +
      2 * dropout ** 2
    )
  },
}

/**
 * Like choosing a model and its own parameters: three branches with a minimum each, the deepest in
 * the one hardest to tune.
 */
const conditional: Problem = {
  name: 'conditional',
  space: {
    parameters: {
      model: { type: 'categorical', choices: ['forest', 'svm', 'network'] },
      trees: { type: 'integer', low: 10, high: 1000, log: true, when: { model: ['forest'] } },
      depth: { type: 'integer', low: 2, high: 20, when: { model: ['forest'] } },
      kernel: { type: 'categorical', choices: ['linear', 'rbf'], when: { model: ['svm'] } },
      cost: { type: 'float', low: 1e-3, high: 1e3, log: true, when: { model: ['svm'] } },
      gamma: { type: 'float', low: 1e-4, high: 10, log: true, when: { kernel: ['rbf'] } },
      rate: { type: 'float', low: 1e-6, high: 1, log: true, when: { model: ['network'] } },
      width: { type: 'integer', low: 16, high: 1024, log: true, when: { model: ['network'] } },
      momentum: { type: 'float', low: 0, high: 0.99, when: { model: ['network'] } },
    },
  },
  evaluate: (point) => {
    switch (formatValue(point['model'] ?? null)) {
      case 'forest':
        return (
          0.3 +
          0.05 * (Math.log10(readNumber(point, 'trees')) - 2.6) ** 2 +
          0.004 * (readNumber(point, 'depth') - 11) ** 2
        )
      case 'svm': {
        const cost = Math.log10(readNumber(point, 'cost')) - 0.8
        if (point['kernel'] === 'linear') return 0.45 + 0.06 * cost ** 2
        return 0.12 + 0.08 * cost ** 2 + 0.15 * (Math.log10(readNumber(point, 'gamma')) + 1.7 + 0.3 * cost) ** 2
      }
      default: {
        const rate = Math.log10(readNumber(point, 'rate')) + 2.7
        const width = Math.log2(readNumber(point, 'width')) - 8
        const momentum = readNumber(point, 'momentum') - 0.85 + 0.1 * rate
        return 0.35 * Math.abs(rate) ** 1.5 + 0.03 * width ** 2 + 1.5 * momentum ** 2
      }
    }
  },
}

/** Nodes die, whatever the point. */
const failingByChance: Problem = {
  ...hartmann,
  name: 'Hartmann 6 (30 % fail)',
  evaluate: (point, chance) => (chance < 0.3 ? undefined : hartmann.evaluate(point, chance)),
}

/** Out of memory, or divergence: a third of the space fails, and reaches to its best point. */
const failingByPlace: Problem = {
  ...hartmann,
  name: 'Hartmann 6 (a third fails)',
  evaluate: (point, chance) =>
    readNumber(point, 'x1') > 0.67 || (readNumber(point, 'x3') < 0.4 && readNumber(point, 'x6') > 0.6)
      ? undefined
      : hartmann.evaluate(point, chance),
}

export const PROBLEMS: readonly Problem[] = [
  branin,
  hartmann,
  ackley,
  rosenbrock,
  mixed,
  conditional,
  failingByChance,
  failingByPlace,
]

/**
 * A scenario and its result for the runner: figures, each beside its reference, measured in turn.
 */
import { median } from './statistics.ts'

export interface Scenario {
  readonly name: string
  /** One line for `--help`. */
  readonly about: string
  run(bench: Bench): Promise<void>
}

/** A checkout of bjob, built. */
export interface Build {
  readonly name: string
  /** The path of its bin/bjob.js. */
  readonly program: string
  /** Additional variables for its commands. */
  readonly environment?: Readonly<Record<string, string>>
}

/** A folder on a file system of some kind. */
export interface Place {
  /** `tmpfs`, `ext4`, … */
  readonly name: string
  readonly folder: string
}

export interface Bench {
  /**
   * Sizes and rounds for a continuous integration: nothing is learnt from the figures, but nothing
   * rots.
   */
  readonly isSmall: boolean
  /** This checkout first; another one beside it with `--against`. */
  readonly builds: readonly Build[]
  /** The fastest first. */
  readonly places: readonly Place[]
  report(figure: Figure): void
  /** For what cannot be measured here, and why. */
  note(text: string): void
  /** For what Debian has and this machine lacks: with BJOB_TEST_REQUIRE_ALL=1 the run fails. */
  lacks(tool: string): void
}

export interface Figure {
  readonly what: string
  readonly unit: string
  /** The median of `samples`. */
  readonly value: number
  readonly samples: readonly number[]
  readonly against?: Comparison
  /** The limit of the design: a figure that has one is a row of README's table. */
  readonly budget?: Budget
}

export interface Comparison {
  readonly what: string
  readonly value: number
  /** The median of the ratios within each round, which the load of a shared machine moves least. */
  readonly ratio: number
}

export interface Budget {
  /** A bound of the ratio to what stands beside it, or of the value itself. */
  readonly of: 'ratio' | 'value'
  readonly bound: 'most' | 'least'
  readonly limit: number
}

export const atMost = (limit: number): Budget => ({ of: 'value', bound: 'most', limit })
export const atLeast = (limit: number): Budget => ({ of: 'value', bound: 'least', limit })
export const atMostTimes = (limit: number): Budget => ({ of: 'ratio', bound: 'most', limit })
export const atLeastTimes = (limit: number): Budget => ({ of: 'ratio', bound: 'least', limit })

/** Samples of one contestant, a round each. */
export interface Series {
  readonly what: string
  readonly samples: readonly number[]
}

/** @param other measured in the same rounds */
export function makeFigure(own: Series, unit: string, other?: Series, budget?: Budget): Figure {
  return {
    what: own.what,
    unit,
    value: median(own.samples),
    samples: own.samples,
    ...(other === undefined ? {} : { against: compareSeries(own, other) }),
    ...(budget === undefined ? {} : { budget }),
  }
}

function compareSeries(own: Series, other: Series): Comparison {
  const ratios = own.samples.map((sample, round) => sample / (other.samples[round] ?? NaN))
  return { what: other.what, value: median(other.samples), ratio: median(ratios) }
}

/**
 * How much of its budget a figure uses: 1 is just what is allowed, more is too much. `undefined`
 * without a budget.
 */
export function useOfBudget({ value, against, budget }: Figure): number | undefined {
  if (budget === undefined) return undefined
  const measured = budget.of === 'ratio' ? (against?.ratio ?? NaN) : value
  return budget.bound === 'most' ? measured / budget.limit : budget.limit / measured
}

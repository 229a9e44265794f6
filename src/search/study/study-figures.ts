/**
 * The data of the figures shown after a search. Only evaluations with a value are included, as in
 * Optuna's figures of the same names (optuna.visualization).
 */
import { formatValue, type Parameter, levelIndex } from '../space/parameter.ts'
import type { Evaluation, Study, ValuedEvaluation } from './study.ts'

/** The part of a study that figures need. */
export type Drawable = Pick<Study, 'search' | 'evaluations'>

export interface Axis {
  readonly name: string
  /** `choices`: positions are indexes into `choices`. */
  readonly scale: 'linear' | 'log' | 'choices'
  /** The ends of the axis, as positions. */
  readonly low: number
  readonly high: number
  /** Labels of a categorical parameter's positions; otherwise empty. */
  readonly choices: readonly string[]
}

/** A value and the best value so far. */
export interface HistoryPoint {
  readonly id: number
  readonly value: number
  readonly best: number
}

export interface ParallelCoordinates {
  /**
   * One axis per parameter of the space, then one per further objective; the first objective is an
   * extra axis.
   */
  readonly axes: readonly Axis[]
  readonly objective: Axis
  /** `positions`: one per axis, null for an inactive parameter. */
  readonly lines: readonly {
    readonly id: number
    readonly value: number
    readonly positions: readonly (number | null)[]
  }[]
}

/** The value of each evaluation and the best so far, in the order of the points. */
export function historyOfBest(study: Drawable): HistoryPoint[] {
  const pick = study.search.space.direction === 'minimise' ? Math.min : Math.max
  let best: number | undefined
  return listValued(study).map(({ id, result: { value } }) => {
    best = best === undefined ? value : pick(best, value)
    return { id, value, best }
  })
}

/**
 * One line per evaluation across one axis per parameter (Inselberg 1985, "The plane with parallel
 * coordinates").
 */
export function parallelCoordinates(study: Drawable): ParallelCoordinates {
  const { parameters, objective, further } = study.search.space
  const valued = listValued(study)
  return {
    axes: [
      ...parameters.map(axisOf),
      ...further.map(({ field }, at) =>
        axisOfValues(
          field,
          valued.map(({ result }) => result.further?.[at] ?? 0),
        ),
      ),
    ],
    objective: axisOfValues(
      objective ?? 'value',
      valued.map(({ result }) => result.value),
    ),
    lines: valued.map(({ id, point, result: { value, further: others = [] } }) => ({
      id,
      value,
      positions: [...parameters.map((parameter) => positionOf(parameter, point)), ...others],
    })),
  }
}

/** The evaluations with a value, in the order of their points. */
export function listValued({ evaluations }: Drawable): ValuedEvaluation[] {
  return evaluations.filter((evaluation): evaluation is ValuedEvaluation => evaluation.result?.kind === 'value')
}

/** An axis from the lowest to the highest value. */
function axisOfValues(name: string, values: readonly number[]): Axis {
  const low = values.reduce((one, other) => Math.min(one, other), Infinity)
  const high = values.reduce((one, other) => Math.max(one, other), -Infinity)
  return { name, scale: 'linear', ...(values.length === 0 ? { low: 0, high: 1 } : { low, high }), choices: [] }
}

function axisOf(parameter: Parameter): Axis {
  const { name } = parameter
  if (parameter.kind === 'categorical') {
    const choices = parameter.choices.map(formatValue)
    return { name, scale: 'choices', low: 0, high: choices.length - 1, choices }
  }
  const { low, high, log } = parameter
  return { name, scale: log ? 'log' : 'linear', low, high, choices: [] }
}

function positionOf(parameter: Parameter, point: Evaluation['point']): number | null {
  const value = point[parameter.name]
  if (value === undefined) return null
  return parameter.kind === 'categorical' ? levelIndex(parameter, value) : Number(value)
}

/**
 * The data of the figures that people look at after a search: what to draw, not how. Only evaluations that gave a value are drawn, as in
 * Optuna's figures of the same names (optuna.visualization).
 */
import { formatValue, type Parameter, levelIndex } from '../space/parameter.ts'
import type { Evaluation, Study, ValuedEvaluation } from './study.ts'

/** What a figure needs of a study. */
export type Drawable = Pick<Study, 'search' | 'evaluations'>

export interface Axis {
  readonly name: string
  /** `choices`: positions are 0, 1, …, the places in `choices`. */
  readonly scale: 'linear' | 'log' | 'choices'
  /** The ends of the axis, as positions. */
  readonly low: number
  readonly high: number
  /** What stands at the positions of a categorical parameter; else empty. */
  readonly choices: readonly string[]
}

/** A value, and the best of all up to it. */
export interface HistoryPoint {
  readonly id: number
  readonly value: number
  readonly best: number
}

export interface ParallelCoordinates {
  /** One for each parameter of the space, in its order, then for each further objective; the first is drawn as one axis more. */
  readonly axes: readonly Axis[]
  readonly objective: Axis
  /** `positions`: one for each axis, null where the parameter takes no part in the point. */
  readonly lines: readonly {
    readonly id: number
    readonly value: number
    readonly positions: readonly (number | null)[]
  }[]
}

/** The value of each evaluation and the best so far, in the order in which the points were asked for. */
export function historyOfBest(study: Drawable): HistoryPoint[] {
  const pick = study.search.space.direction === 'minimise' ? Math.min : Math.max
  let best: number | undefined
  return listValued(study).map(({ id, result: { value } }) => {
    best = best === undefined ? value : pick(best, value)
    return { id, value, best }
  })
}

/** A line for each evaluation across an axis for each parameter (Inselberg 1985, "The plane with parallel coordinates"). */
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

/** The evaluations that gave a value, in the order in which their points were asked for. */
export function listValued({ evaluations }: Drawable): ValuedEvaluation[] {
  return evaluations.filter((evaluation): evaluation is ValuedEvaluation => evaluation.result?.kind === 'value')
}

/** From the lowest to the highest that there was. */
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

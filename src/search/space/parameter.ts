/**
 * One parameter of a search space: its values and their positions on the unit interval, which is
 * all that samplers use.
 */

/** A value of a point, written as JSON into the job's input. */
export type Value = string | number | boolean | null | readonly Value[] | { readonly [key: string]: Value }

/**
 * The values of other parameters that make this one active; all must hold. Empty: always active.
 */
export type ParameterConditions = ReadonlyMap<string, readonly Value[]>

export interface FloatParameter {
  readonly kind: 'float'
  readonly name: string
  readonly low: number
  readonly high: number
  readonly log: boolean
  /** Distance between two values; undefined for a continuous range. */
  readonly step: number | undefined
  readonly when: ParameterConditions
}

export interface IntegerParameter {
  readonly kind: 'integer'
  readonly name: string
  readonly low: number
  readonly high: number
  readonly log: boolean
  readonly step: number
  readonly when: ParameterConditions
}

export interface CategoricalParameter {
  readonly kind: 'categorical'
  readonly name: string
  readonly choices: readonly Value[]
  readonly when: ParameterConditions
}

export type Parameter = FloatParameter | IntegerParameter | CategoricalParameter

// low + index × step is exact to about 15 digits; 12 keep 0.30000000000000004 out of a job's input.
const STEP_DIGITS = 12

/** Number of values of the parameter: Infinity for a float without step. */
export function countLevels(parameter: Parameter): number {
  if (parameter.kind === 'categorical') return parameter.choices.length
  if (parameter.low === parameter.high) return 1
  if (parameter.step === undefined) return Infinity
  // Rounding must not drop the end of a range that is a whole number of steps.
  return Math.floor((parameter.high - parameter.low) / parameter.step + 1e-9) + 1
}

/** Value number `index`, from the low end, of a parameter with finitely many. */
export function levelValue(parameter: Parameter, index: number): Value {
  if (parameter.kind === 'categorical') {
    const choice = parameter.choices[index]
    if (choice === undefined) throw new RangeError(`${parameter.name} has no choice number ${index}`)
    return choice
  }
  const value = parameter.low + index * (parameter.step ?? 0)
  return parameter.kind === 'integer' ? value : Math.min(parameter.high, Number(value.toPrecision(STEP_DIGITS)))
}

/** The index of a value, inverse of `levelValue`: -1 if it is not a value of the parameter. */
export function levelIndex(parameter: Parameter, value: Value): number {
  if (parameter.kind === 'categorical') return indexOfValue(parameter.choices, value)
  if (typeof value !== 'number' || !(value >= parameter.low && value <= parameter.high)) return -1
  const index = Math.round((value - parameter.low) / (parameter.step ?? 1))
  if (index >= countLevels(parameter)) return -1
  const nearest = Number(levelValue(parameter, index))
  const tolerance = parameter.kind === 'integer' ? 0 : 1e-9 * (parameter.step ?? 0)
  return Math.abs(nearest - value) <= tolerance ? index : -1
}

/** The index of `value` in `values`, comparing lists and maps by content; -1 if missing. */
export function indexOfValue(values: readonly Value[], value: Value): number {
  if (typeof value !== 'object' || value === null) return values.indexOf(value)
  const text = valueText(value)
  return values.findIndex((one) => typeof one === 'object' && valueText(one) === text)
}

/** A text that is equal for equal values only. */
function valueText(value: Value): string {
  return JSON.stringify(value, (_, inner: unknown) =>
    typeof inner === 'object' && inner !== null && !Array.isArray(inner)
      ? Object.fromEntries(Object.entries(inner).toSorted(([one], [other]) => (one < other ? -1 : 1)))
      : inner,
  )
}

/** A value as shown in tables. */
export function formatValue(value: Value): string {
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}

/** True if this is a value of the parameter. */
export function isValueOf(parameter: Parameter, value: Value): boolean {
  if (countLevels(parameter) < Infinity) return levelIndex(parameter, value) >= 0
  return (
    typeof value === 'number' && parameter.kind !== 'categorical' && value >= parameter.low && value <= parameter.high
  )
}

/**
 * The ends of the scale on which the parameter is uniform: logarithm or itself, plus half a step
 * for levels.
 */
function findScaleEnds(parameter: FloatParameter | IntegerParameter): { from: number; to: number } {
  if (!parameter.log) return { from: parameter.low, to: parameter.high }
  const margin = parameter.kind === 'integer' ? 0.5 : 0
  return { from: Math.log(parameter.low - margin), to: Math.log(parameter.high + margin) }
}

/** The value at `unit` in [0, 1]. Each of finitely many levels has an interval of its own. */
export function valueAtUnit(parameter: Parameter, unit: number): Value {
  const levels = countLevels(parameter)
  if (parameter.kind !== 'categorical' && parameter.log && levels > 1) {
    const { from, to } = findScaleEnds(parameter)
    const value = Math.exp(from + unit * (to - from))
    return Math.min(parameter.high, Math.max(parameter.low, parameter.kind === 'integer' ? Math.round(value) : value))
  }
  if (levels < Infinity) return levelValue(parameter, Math.min(levels - 1, Math.max(0, Math.floor(unit * levels))))
  const { low, high } = parameter.kind === 'categorical' ? { low: 0, high: 1 } : parameter
  return Math.min(high, Math.max(low, low + unit * (high - low)))
}

/**
 * The position of a value on the unit interval: the middle of its interval for finitely many
 * levels.
 */
export function unitOfValue(parameter: Parameter, value: Value): number {
  const levels = countLevels(parameter)
  if (levels === 1) return 0.5
  if (parameter.kind !== 'categorical' && typeof value === 'number') {
    const { from, to } = findScaleEnds(parameter)
    if (parameter.log) return (Math.log(value) - from) / (to - from)
    if (levels === Infinity) return (value - from) / (to - from)
  }
  return (levelIndex(parameter, value) + 0.5) / levels
}

/**
 * Points of a space: plain JSON objects with the active parameters only, their coordinates in the
 * unit cube, and the enumeration of finite spaces.
 */
import { requestError } from '../../core/text/errors.ts'
import {
  countLevels,
  indexOfValue,
  isValueOf,
  levelValue,
  unitOfValue,
  valueAtUnit,
  type Parameter,
  type Value,
} from './parameter.ts'
import type { Space } from './space.ts'

/** Values by parameter name; parameters whose conditions do not hold are absent. */
export type Point = Readonly<Record<string, Value>>

/** True if a parameter takes part in a point, given the values of the parameters before it. */
export function isActive(parameter: Parameter, point: Point): boolean {
  for (const [name, values] of parameter.when) {
    const value = point[name]
    if (value === undefined || indexOfValue(values, value) < 0) return false
  }
  return true
}

/** A point from coordinates in [0, 1], one per parameter of the space, active or not. */
export function decodePoint(space: Space, units: ArrayLike<number>): Point {
  const point: Record<string, Value> = {}
  for (const [index, parameter] of space.parameters.entries())
    if (isActive(parameter, point)) point[parameter.name] = valueAtUnit(parameter, units[index] ?? 0.5)
  return point
}

/** The coordinates of a point in [0, 1], one per parameter; an inactive one gets `inactive`. */
export function encodePoint(space: Space, point: Point, inactive = 0.5): Float64Array {
  return Float64Array.from(space.parameters, (parameter) => {
    const value = point[parameter.name]
    return value === undefined ? inactive : unitOfValue(parameter, value)
  })
}

/**
 * Checks that a point belongs to the space.
 * @throws BjobError `bad-point` with the parameter in `detail.field`
 */
export function checkPoint(space: Space, point: Point): void {
  for (const parameter of space.parameters) {
    const { name } = parameter
    const value = point[name]
    if (!isActive(parameter, point)) {
      if (value !== undefined)
        throw requestError('bad-point', `${name} is given, but its conditions do not hold`, { field: name })
    } else if (value === undefined) {
      throw requestError('bad-point', `${name} is missing`, { field: name })
    } else if (!isValueOf(parameter, value)) {
      throw requestError('bad-point', `${name} cannot be ${JSON.stringify(value)}`, { field: name })
    }
  }
  const names = new Set(space.parameters.map(({ name }) => name))
  const unknown = Object.keys(point).find((name) => !names.has(name))
  if (unknown !== undefined)
    throw requestError('bad-point', `${unknown} is not a parameter of the space`, { field: unknown })
}

/** A text that is equal for equal points only. */
export function pointKey(space: Space, point: Point): string {
  return JSON.stringify(space.parameters.map(({ name }) => point[name]))
}

/** Lists the values of a parameter to try in an enumeration. */
export type LevelLister = (parameter: Parameter) => readonly Value[]

/** All values of a parameter with finitely many. */
export function listLevels(parameter: Parameter): readonly Value[] {
  return Array.from({ length: countLevels(parameter) }, (_, index) => levelValue(parameter, index))
}

/** Combines the values of `listLevels` into points; undefined if there are more than `limit`. */
export function listPoints(space: Space, listLevels: LevelLister, limit: number): Point[] | undefined {
  let points: Point[] = [{}]
  for (const parameter of space.parameters) {
    const levels = listLevels(parameter)
    const next: Point[] = []
    for (const point of points) {
      if (!isActive(parameter, point)) next.push(point)
      else for (const value of levels) next.push({ ...point, [parameter.name]: value })
      // Combinations only grow with each further parameter, so the first excess decides.
      if (next.length > limit) return undefined
    }
    points = next
  }
  return points
}

/** All points of a space with at most `limit`, else undefined. */
export function listAllPoints(space: Space, limit: number): Point[] | undefined {
  if (space.parameters.some((parameter) => countLevels(parameter) > limit)) return undefined
  return listPoints(space, listLevels, limit)
}

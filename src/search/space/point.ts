/**
 * Points of a space: plain JSON objects that hold the active parameters only, their place in the unit cube, and the list
 * of all of them where they are finitely many.
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

/** Parameter name → value; a parameter whose conditions do not hold is absent. */
export type Point = Readonly<Record<string, Value>>

/** Whether a parameter takes part in a point, given the values of those before it. */
export function isActive(parameter: Parameter, point: Point): boolean {
  for (const [name, values] of parameter.when) {
    const value = point[name]
    if (value === undefined || indexOfValue(values, value) < 0) return false
  }
  return true
}

/** A point from coordinates in [0, 1], one for each parameter of the space, active or not. */
export function decodePoint(space: Space, units: ArrayLike<number>): Point {
  const point: Record<string, Value> = {}
  for (const [index, parameter] of space.parameters.entries())
    if (isActive(parameter, point)) point[parameter.name] = valueAtUnit(parameter, units[index] ?? 0.5)
  return point
}

/** The coordinates of a point in [0, 1], one for each parameter of the space; an inactive one gets `inactive`. */
export function encodePoint(space: Space, point: Point, inactive = 0.5): Float64Array {
  return Float64Array.from(space.parameters, (parameter) => {
    const value = point[parameter.name]
    return value === undefined ? inactive : unitOfValue(parameter, value)
  })
}

/**
 * Refuses what is not a point of the space.
 *
 * @throws BjobError `bad-point`, of which `detail.field` is the parameter
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

/** A text that two points share if and only if they are the same. */
export function pointKey(space: Space, point: Point): string {
  return JSON.stringify(space.parameters.map(({ name }) => point[name]))
}

/** The values to try of each parameter, in a list of all points. */
export type LevelLister = (parameter: Parameter) => readonly Value[]

/** All values of a parameter that has finitely many. */
export function listLevels(parameter: Parameter): readonly Value[] {
  return Array.from({ length: countLevels(parameter) }, (_, index) => levelValue(parameter, index))
}

/** Lists the points that combine the values of `listLevels`, up to `limit` of them; undefined if there are more. */
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

/** All points of a space that has at most `limit`, else undefined. */
export function listAllPoints(space: Space, limit: number): Point[] | undefined {
  if (space.parameters.some((parameter) => countLevels(parameter) > limit)) return undefined
  return listPoints(space, listLevels, limit)
}

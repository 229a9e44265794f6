/** Compares two spaces, so that a search never continues with points of another space. */
import type { Parameter } from './parameter.ts'
import type { Space } from './space.ts'

/**
 * The differences between two spaces in one line, such as `lr.high: 0.1 → 1; depth: new`; undefined
 * if equal.
 */
export function describeDifference(before: Space, after: Space): string | undefined {
  const differences: string[] = []
  const compare = (name: string, from: string | undefined, to: string | undefined): void => {
    if (from !== to) differences.push(`${name}: ${from ?? 'none'} → ${to ?? 'none'}`)
  }
  compare('direction', before.direction, after.direction)
  compare('objective', before.objective, after.objective)
  compare('objectives', describeObjectives(before), describeObjectives(after))
  const old = new Map(before.parameters.map((parameter) => [parameter.name, parameter]))
  for (const parameter of after.parameters) {
    const { name } = parameter
    const former = old.get(name)
    old.delete(name)
    if (!former) {
      differences.push(`${name}: new`)
      continue
    }
    const [from, to] = [describeFields(former), describeFields(parameter)]
    for (const field of new Set([...from.keys(), ...to.keys()]))
      compare(`${name}.${field}`, from.get(field), to.get(field))
  }
  for (const name of old.keys()) differences.push(`${name}: gone`)
  return differences.length > 0 ? differences.join('; ') : undefined
}

/** Undefined for one objective, whose field and direction are compared separately. */
function describeObjectives({ objective, direction, further }: Space): string | undefined {
  if (further.length === 0) return undefined
  return [{ field: objective, direction }, ...further].map(({ field, direction: to }) => `${field} ${to}`).join(', ')
}

/**
 * The fields of a parameter as written by its author, independent of the order of choices and
 * conditions.
 */
function describeFields(parameter: Parameter): Map<string, string> {
  const fields = new Map([['type', parameter.kind]] as [string, string][])
  if (parameter.kind === 'categorical') fields.set('choices', describeSet(parameter.choices))
  else {
    fields.set('low', String(parameter.low)).set('high', String(parameter.high)).set('log', String(parameter.log))
    if (parameter.step !== undefined) fields.set('step', String(parameter.step))
  }
  for (const [name, values] of parameter.when) fields.set(`when.${name}`, describeSet(values))
  return fields
}

function describeSet(values: readonly unknown[]): string {
  return `[${values
    .map((value) => JSON.stringify(value))
    .sort()
    .join(', ')}]`
}

/** Tells one space from another, so that a search is never continued with points of a space that it did not come from. */
import type { Parameter } from './parameter.ts'
import type { Space } from './space.ts'

/** What differs between two spaces, in one line: `lr.high: 0.1 → 1; depth: new`. Undefined if nothing does. */
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

/** Undefined for one objective: its field and its direction are told apart. */
function describeObjectives({ objective, direction, further }: Space): string | undefined {
  if (further.length === 0) return undefined
  return [{ field: objective, direction }, ...further].map(({ field, direction: to }) => `${field} ${to}`).join(', ')
}

/** The fields of a parameter as the author may write them; the order of choices and conditions is kept out. */
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

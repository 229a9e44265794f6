/** Reads the objective from a job's result file, or the reason for its absence. */
import type { Valued } from '../samplers/trial-history.ts'
import type { Space } from '../space/space.ts'

/** The outcome of an evaluation; `stopped`: stopped early at `step` with its reported value. */
export type Result =
  | Valued
  | { readonly kind: 'stopped'; readonly step: number; readonly value: number }
  | { readonly kind: 'failed'; readonly reason: string }

/** Fields tried in order if the space names none. */
const USUAL_FIELDS = ['objective', 'loss', 'value', 'score', 'y']

/**
 * NaN and the infinities as written by Python's json module, in places of values; JSON has none.
 */
const NO_NUMBER = /(^|[[,:]\s*)[+-]?(?:nan|inf|infinity)(?=\s*(?:$|[\],}]))/gi

/**
 * Reads a result: a number, or a JSON object with the field named by the space (else a usual field,
 * or the only numeric one). With several objectives, each is a field.
 * @param content undefined or null if the file is missing
 * @param file its name, for messages
 */
export function readObjective(content: string | null | undefined, space: Space, file: string): Result {
  if (content === null || content === undefined) return failed(`it wrote no ${file}`)
  if (content.trim() === '') return failed(`${file} is empty`)
  let value: unknown
  try {
    value = JSON.parse(content.trim().replaceAll(NO_NUMBER, '$1null'))
  } catch {
    value = readBareNumber(content)
    if (value === undefined) return failed(`${file} is neither JSON nor a number: ${quote(content)}`)
  }
  if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
    const fields = new Map<string, unknown>(Object.entries(value))
    const field = space.objective ?? guessField(fields)
    if (field === undefined) return failed(`${file} has several fields; set \`objective\` in the space to one of them`)
    return readFields(fields, [field, ...space.further.map((objective) => objective.field)], file)
  }
  const isBare = typeof value === 'number' || value === null
  if (space.objective !== undefined && (!isBare || space.further.length > 0))
    return failed(`${file} has no field ${isBare ? (space.further[0]?.field ?? '') : space.objective}`)
  return readNumber(value, file)
}

function readFields(fields: ReadonlyMap<string, unknown>, names: readonly string[], file: string): Result {
  const values: number[] = []
  for (const name of names) {
    if (!fields.has(name)) return failed(`${file} has no field ${name}`)
    const read = readNumber(fields.get(name), `${name} in ${file}`)
    if (read.kind !== 'value') return read
    values.push(read.value)
  }
  const [value = NaN, ...further] = values
  return further.length === 0 ? { kind: 'value', value } : { kind: 'value', value, further }
}

function readNumber(value: unknown, what: string): Result {
  if (value === null) return failed(`${what} is not a number: NaN, infinite or null`)
  if (typeof value !== 'number') return failed(`${what} is not a number: ${quote(JSON.stringify(value))}`)
  return Number.isFinite(value) ? { kind: 'value', value } : failed(`${what} is infinite`)
}

/** Accepts numbers as printed by other languages: `1.`, `.5`, `+2`. */
function readBareNumber(text: string): number | undefined {
  return /^[+-]?(\d+\.?\d*|\.\d+)([ed][+-]?\d+)?$/i.test(text.trim())
    ? Number(text.trim().replace(/d/i, 'e'))
    : undefined
}

function guessField(fields: ReadonlyMap<string, unknown>): string | undefined {
  const usual = USUAL_FIELDS.find((name) => fields.has(name))
  if (usual !== undefined) return usual
  const numbers = [...fields].filter(([, value]) => typeof value === 'number' || value === null)
  return numbers.length === 1 ? numbers[0]?.[0] : undefined
}

function failed(reason: string): Result {
  return { kind: 'failed', reason }
}

function quote(text: string): string {
  return JSON.stringify(text.length > 60 ? `${text.slice(0, 60)}…` : text)
}

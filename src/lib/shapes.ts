/** Words that valibot lacks, or has with another meaning: its numbers may be infinite, its objects lists, and its maps lose the key `constructor`. */
import * as v from 'valibot'

/** Schema of a finite number. */
export function finite(message: string): v.CustomSchema<number, string> {
  return v.custom(Number.isFinite, message)
}

/** Schema of a whole number that is held exactly. */
export function whole(message: string): v.CustomSchema<number, string> {
  return v.custom(Number.isSafeInteger, message)
}

/** Schema of an object with these fields and no others. */
export function fieldsOf<const Entries extends v.ObjectEntries>(entries: Entries, message: string) {
  return v.pipe(v.custom<unknown>(isObject, message), v.strictObject(entries, 'is missing'))
}

/** Schema of a plain object with keys of one kind and values of another. A key `__proto__` is left out. */
export function mapOf<const Key extends v.GenericSchema<string>, const Value extends v.GenericSchema>(
  key: Key,
  value: Value,
  message: string,
) {
  return v.pipe(
    v.custom<Readonly<Record<string, v.InferInput<Value>>>>(isPlainObject, message),
    v.transform((input) => new Map(Object.entries(input).filter(([name]) => name !== '__proto__'))),
    v.map(key, value),
    v.transform((output): Record<string, v.InferOutput<Value>> => Object.fromEntries(output)),
  )
}

/** What is wrong with a value, at one place in it. */
export interface Problem {
  readonly path: readonly PropertyKey[]
  readonly message: string
  /** What stands there; undefined where something is missing. */
  readonly input: unknown
  /** Whether the last of the path is a field that is not known. */
  readonly isUnknown: boolean
}

type Issue = v.BaseIssue<unknown>

export function readIssue(issue: Issue): Problem {
  const path = issue.path?.map(({ key }) => key as PropertyKey) ?? []
  return { path, message: issue.message, input: issue.input, isUnknown: isUnknownField(issue) }
}

/** What to tell first: a field that is misspelt comes before the one that is missing for it. */
export function firstProblem(issues: readonly [Issue, ...Issue[]]): Problem {
  return readIssue(issues.find(isUnknownField) ?? issues[0])
}

function isUnknownField({ type, expected }: Issue): boolean {
  return type === 'strict_object' && expected === 'never'
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Not one of a class, such as a Map or a Date, of which the entries say nothing. */
function isPlainObject(value: unknown): boolean {
  if (!isObject(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

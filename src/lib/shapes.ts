/**
 * Schemas that valibot lacks or defines differently: its numbers may be infinite, its objects
 * lists, and its maps drop the key `constructor`.
 */
import * as v from 'valibot'

/** Schema of a finite number. */
export function finite(message: string): v.CustomSchema<number, string> {
  return v.custom(Number.isFinite, message)
}

/** Schema of a safe integer. */
export function whole(message: string): v.CustomSchema<number, string> {
  return v.custom(Number.isSafeInteger, message)
}

/** Schema of an object with exactly these fields. */
export function fieldsOf<const Entries extends v.ObjectEntries>(entries: Entries, message: string) {
  return v.pipe(v.custom<unknown>(isObject, message), v.strictObject(entries, 'is missing'))
}

/** Schema of a plain object with uniform keys and values. A key `__proto__` is dropped. */
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

/** A validation error at one path. */
export interface Problem {
  readonly path: readonly PropertyKey[]
  readonly message: string
  /** The value there; undefined if missing. */
  readonly input: unknown
  /** True if the last part of the path is an unknown field. */
  readonly isUnknown: boolean
}

type Issue = v.BaseIssue<unknown>

export function readIssue(issue: Issue): Problem {
  const path = issue.path?.map(({ key }) => key as PropertyKey) ?? []
  return { path, message: issue.message, input: issue.input, isUnknown: isUnknownField(issue) }
}

/**
 * The first error to report: a misspelt field precedes the required one that is missing because of
 * it.
 */
export function firstProblem(issues: readonly [Issue, ...Issue[]]): Problem {
  return readIssue(issues.find(isUnknownField) ?? issues[0])
}

function isUnknownField({ type, expected }: Issue): boolean {
  return type === 'strict_object' && expected === 'never'
}

export function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Excludes instances of classes such as Map or Date, whose entries mean nothing. */
function isPlainObject(value: unknown): boolean {
  if (!isObject(value)) return false
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === null || Object.getPrototypeOf(prototype) === null
}

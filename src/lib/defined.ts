/**
 * Objects without keys that hold nothing: a file and a comparison take an absent key and
 * `undefined` for different things.
 */

/** `T` with what may be undefined made optional. */
export type Defined<T> = {
  [Name in keyof T as undefined extends T[Name] ? never : Name]: T[Name]
} & {
  [Name in keyof T as undefined extends T[Name] ? Name : never]?: Exclude<T[Name], undefined>
}

/** The same without the keys whose value is undefined. */
export function defined<T extends object>(fields: T): Defined<T> {
  const values = fields as Readonly<Record<string, unknown>>
  const result: Record<string, unknown> = {}
  for (const name of Object.keys(values)) if (values[name] !== undefined) result[name] = values[name]
  return result as Defined<T>
}

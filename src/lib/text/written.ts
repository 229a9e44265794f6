/**
 * Numbers and constants as somebody wrote them. YAML and JSON make 1.1 of `1.10` and another number of `9007199254740993`; a field that holds
 * text needs the word itself, and data must not change unnoticed.
 */

/** A number or a constant that JavaScript would print otherwise, or cannot hold. */
export class Written {
  readonly source: string
  readonly value: number | boolean

  constructor(source: string, value: number | boolean) {
    this.source = source
    this.value = value
  }

  /** The value says the same: a fraction is rounded by every program that reads it, but a whole number has to stay as it is. */
  get isExact(): boolean {
    const { source, value } = this
    if (typeof value === 'boolean' || Number.isSafeInteger(value)) return value !== 0 || !/^[-+.\d]*[1-9]/.test(source)
    if (/^[-+]?\d+$/.test(source) && Number.isFinite(value)) return String(value) === source
    return !/^0[xo]/i.test(source)
  }

  toString(): string {
    return this.source
  }
}

/** A number as its value, or with its source where the two differ. */
export function writtenNumber(source: string, value: number): number | Written {
  return String(value) === source && !isBlurred(value) ? value : new Written(source, value)
}

/** A whole number beyond those that are held exactly, of which all digits would be printed. */
export function isBlurred(value: number): boolean {
  return Number.isInteger(value) && !Number.isSafeInteger(value) && Math.abs(value) < 1e21
}

/** A number, true or false as the word that was written; anything else, and a number that may have been another one, as it is. */
export function toWord(value: unknown): unknown {
  if (value instanceof Written) return value.source
  if (typeof value === 'boolean' || (typeof value === 'number' && !isBlurred(value))) return String(value)
  return value
}

/** The value with each `Written` in it replaced by what it stands for. */
export function toPlain(value: unknown): unknown {
  if (value instanceof Written) return value.value
  if (Array.isArray(value)) return value.map(toPlain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, toPlain(inner)]))
}

/** A map of fields, of which those called `names` hold no text. */
export function withPlain(fields: unknown, names: readonly string[]): unknown {
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) return toPlain(fields)
  const entries = Object.entries(fields).map(([key, value]) => [key, names.includes(key) ? toPlain(value) : value])
  return Object.fromEntries(entries)
}

/** Where in `value` a number stands that would be another one. */
export function findLoss(value: unknown): PropertyKey[] | undefined {
  if (value instanceof Written) return value.isExact ? undefined : []
  if (typeof value !== 'object' || value === null) return undefined
  const entries: Iterable<readonly [PropertyKey, unknown]> = Array.isArray(value)
    ? value.entries()
    : Object.entries(value)
  for (const [key, inner] of entries) {
    const path = findLoss(inner)
    if (path !== undefined) return [key, ...path]
  }
  return undefined
}

export const LOSS = 'is a number that cannot be stored exactly; put it in quotes'

/**
 * Numbers and constants as written. YAML and JSON change `1.10` to 1.1 and round
 * `9007199254740993`; a text field needs the original word, and data must not change unnoticed.
 */

/** A number or constant that JavaScript would print differently or cannot represent. */
export class Written {
  readonly source: string
  readonly value: number | boolean

  constructor(source: string, value: number | boolean) {
    this.source = source
    this.value = value
  }

  /**
   * True if the value is equivalent: every reader rounds a fraction, but a whole number must be
   * exact.
   */
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

/** True for a whole number beyond the exactly represented ones, which would print all digits. */
export function isBlurred(value: number): boolean {
  return Number.isInteger(value) && !Number.isSafeInteger(value) && Math.abs(value) < 1e21
}

/**
 * A number, true or false as the written word; other values, and possibly rounded numbers,
 * unchanged.
 */
export function toWord(value: unknown): unknown {
  if (value instanceof Written) return value.source
  if (typeof value === 'boolean' || (typeof value === 'number' && !isBlurred(value))) return String(value)
  return value
}

/** The value with each `Written` replaced by its value. */
export function toPlain(value: unknown): unknown {
  if (value instanceof Written) return value.value
  if (Array.isArray(value)) return value.map(toPlain)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, toPlain(inner)]))
}

/** A map of fields, with the values of the non-text fields `names` made plain. */
export function withPlain(fields: unknown, names: readonly string[]): unknown {
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) return toPlain(fields)
  const entries = Object.entries(fields).map(([key, value]) => [key, names.includes(key) ? toPlain(value) : value])
  return Object.fromEntries(entries)
}

/** The path of a number in `value` that cannot be represented exactly. */
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

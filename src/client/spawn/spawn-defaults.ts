/** Default fields of records: from the site's settings, or from the command line. */
import { canonicalField } from '../../core/job/field-names.ts'

/** The record over the defaults, in any spelling. */
export function withDefaults(record: unknown, defaults: Readonly<Record<string, unknown>>): unknown {
  if (typeof record !== 'object' || record === null || Array.isArray(record)) return record
  const fields = Object.entries(defaults)
  if (fields.length === 0) return record
  const given = new Set(
    Object.entries(record).flatMap(([key, value]) => (value === undefined ? [] : [canonicalField(key)])),
  )
  const under = fields.filter(([key]) => !given.has(canonicalField(key)))
  return { ...Object.fromEntries(under), ...record }
}

/** Sorts entries by fields: numbers by value, text in natural order, missing values first. */
import type { JobEntry } from '../../core/index/job-entry.ts'
import { compareNaturally } from '../view/natural-order.ts'
import { readerOf } from './entry-field.ts'

/**
 * Compares entries by these fields in turn; `-changed` = newest first. @throws BjobError
 * `unknown-field`
 */
export function compareByFields(fields: readonly string[]): (one: JobEntry, other: JobEntry) => number {
  const keys = fields.map((field) => ({
    read: readerOf(field.replace(/^-/, '')),
    sign: field.startsWith('-') ? -1 : 1,
  }))
  return (one, other) => {
    for (const { read, sign } of keys) {
      const difference = compareValues(read(one), read(other))
      if (difference !== 0) return sign * difference
    }
    return 0
  }
}

/** The first `count` in order, without sorting the rest. */
export function firstInOrder(
  entries: JobEntry[],
  count: number,
  compare: (one: JobEntry, other: JobEntry) => number,
): JobEntry[] {
  if (count * 10 > entries.length) return entries.sort(compare).slice(0, count)
  const first: JobEntry[] = []
  for (const entry of entries) {
    const last = first.at(-1)
    if (first.length === count && (last === undefined || compare(entry, last) >= 0)) continue
    const at = first.findIndex((other) => compare(entry, other) < 0)
    first.splice(at < 0 ? first.length : at, 0, entry)
    if (first.length > count) first.pop()
  }
  return first
}

function compareValues(one: unknown, other: unknown): number {
  if (typeof one === 'number' && typeof other === 'number') return one - other
  return compareNaturally(textOf(one), textOf(other))
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : value === undefined ? '' : JSON.stringify(value)
}

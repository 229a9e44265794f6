/**
 * Slurm's host lists (`node[01-03,7],gpu[1-2]n[1-4]`), which Flux shares (Flux RFC 29): one line
 * for thousands of names. Expanded when read from the environment, folded for command lines, whose
 * length is limited.
 */
import { requestError } from '../core/text/errors.ts'

/**
 * More names than any machine has nodes. A longer list is a typing error that would fill the
 * memory.
 */
const LONGEST_LIST = 1_000_000

/**
 * The names of a host list in written order, duplicates included. Several brackets in a name
 * multiply, the last one varying fastest. The width of a range's lower end is kept (`[08-10]` is
 * 08, 09, 10). The empty list has no names.
 * @throws BjobError `bad-host-list`
 */
export function expandHostList(text: string): string[] {
  const names: string[] = []
  for (const item of splitItems(text)) {
    for (const name of expandItem(item, text)) names.push(name)
    if (names.length > LONGEST_LIST) throw badList(text, `it has more than ${LONGEST_LIST} names`)
  }
  return names
}

/**
 * The shortest list for a set of names: sorted, without duplicates, the last number of each name in
 * brackets. Expanding it returns the names in the order of compareHostNames.
 * @throws BjobError `bad-host-list` for a name that contains a comma, a bracket or a blank
 */
export function foldHostList(names: Iterable<string>): string {
  const parts = [...new Set(names)].map(splitName).sort(compareParts)
  const items: string[] = []
  for (let at = 0; at < parts.length;) {
    const first = parts[at]
    if (first === undefined) break
    let end = at + 1
    while (end < parts.length && isSameFamily(first, parts[end])) end++
    items.push(foldFamily(first, parts.slice(at, end)))
    at = end
  }
  return items.join(',')
}

/**
 * The order of a folded list: the text around the last number, then that number's length and value.
 */
export function compareHostNames(a: string, b: string): number {
  return compareParts(splitName(a), splitName(b))
}

interface NameParts {
  readonly prefix: string
  readonly digits: string
  readonly suffix: string
}

function splitName(name: string): NameParts {
  if (name === '' || /[\s,[\]]/.test(name)) throw badList(name, 'a host name cannot contain a comma, bracket or blank')
  const match = /^(.*?)(\d+)(\D*)$/s.exec(name)
  if (match === null) return { prefix: name, digits: '', suffix: '' }
  return { prefix: match[1] ?? '', digits: match[2] ?? '', suffix: match[3] ?? '' }
}

function compareParts(a: NameParts, b: NameParts): number {
  return (
    compareText(a.prefix, b.prefix) ||
    compareText(a.suffix, b.suffix) ||
    a.digits.length - b.digits.length ||
    compareText(a.digits, b.digits)
  )
}

function compareText(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

function isSameFamily(a: NameParts, b: NameParts | undefined): boolean {
  return b !== undefined && a.digits !== '' && b.digits !== '' && a.prefix === b.prefix && a.suffix === b.suffix
}

function foldFamily(first: NameParts, members: readonly NameParts[]): string {
  if (members.length === 1) return first.prefix + first.digits + first.suffix
  const ranges: { low: string; high: string }[] = []
  for (const { digits } of members) {
    const last = ranges.at(-1)
    if (last !== undefined && digits === nextNumber(last.high, last.low.length)) last.high = digits
    else ranges.push({ low: digits, high: digits })
  }
  const folded = ranges.map(({ low, high }) => (low === high ? low : `${low}-${high}`))
  return `${first.prefix}[${folded.join(',')}]${first.suffix}`
}

/** The number after `digits`, written with the width of the range's lower end. */
function nextNumber(digits: string, width: number): string {
  return (BigInt(digits) + 1n).toString().padStart(width, '0')
}

/** Splits at the commas outside brackets. */
function splitItems(text: string): string[] {
  const trimmed = text.trim()
  if (trimmed === '') return []
  const items: string[] = []
  let start = 0
  let isInside = false
  for (let at = 0; at <= trimmed.length; at++) {
    const character = trimmed[at]
    if (character === '[' || character === ']') {
      if (isInside === (character === '[')) throw badList(text, `unexpected '${character}' at character ${at + 1}`)
      isInside = !isInside
    } else if (character === undefined || (character === ',' && !isInside)) {
      if (isInside) throw badList(text, "a '[' is not closed")
      if (at === start) throw badList(text, `a name is missing at character ${at + 1}`)
      items.push(trimmed.slice(start, at))
      start = at + 1
    }
  }
  return items
}

function expandItem(item: string, text: string): string[] {
  let names = ['']
  for (const piece of item.split(/(\[[^\]]*\])/)) {
    if (piece === '') continue
    if (/\s/.test(piece)) throw badList(text, `'${item}' contains a blank`)
    const choices = piece.startsWith('[') ? expandRanges(piece.slice(1, -1), text) : [piece]
    if (names.length * choices.length > LONGEST_LIST) throw badList(text, `it has more than ${LONGEST_LIST} names`)
    names = names.flatMap((name) => choices.map((choice) => name + choice))
  }
  return names
}

function expandRanges(ranges: string, text: string): string[] {
  const numbers: string[] = []
  for (const range of ranges.split(',')) {
    const match = /^(\d+)(?:-(\d+))?$/.exec(range)
    if (match === null) throw badList(text, `'${range}' is not a number or a range of numbers`)
    const [, low = '', high] = match
    if (high === undefined) {
      numbers.push(low)
      continue
    }
    const from = Number(low)
    const to = Number(high)
    if (to < from) throw badList(text, `the range '${range}' runs backwards`)
    if (!Number.isSafeInteger(to) || to - from >= LONGEST_LIST) throw badList(text, `the range '${range}' is too long`)
    for (let number = from; number <= to; number++) numbers.push(String(number).padStart(low.length, '0'))
  }
  return numbers
}

function badList(text: string, reason: string): Error {
  const shown = text.length > 60 ? `${text.slice(0, 60)}…` : text
  return requestError('bad-host-list', `'${shown}' is not a host list: ${reason}`)
}

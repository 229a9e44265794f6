/**
 * JSON that keeps numbers as written where JavaScript would change them. (Source text access in
 * revivers needs Node.js 22.)
 */
import { type Written, writtenNumber } from '../../lib/text/written.ts'

const NUMBER = /-?\d+(?:\.\d+)?(?:[eE][-+]?\d+)?/g

/**
 * Like `JSON.parse`, with a `Written` for each number that would print differently.
 * @throws SyntaxError
 */
export function parseJson(text: string): unknown {
  const plain: unknown = JSON.parse(text)
  let isOdd = false
  replaceNumbers(text, (source) => {
    isOdd ||= typeof writtenNumber(source, Number(source)) === 'object'
    return source
  })
  if (!isOdd) return plain
  // Each of these numbers is replaced by a string that occurs nowhere else in the document, then by
  // a number.
  const known = JSON.stringify(plain)
  let mark = '#'
  while (known.includes(mark)) mark += '#'
  const marked = replaceNumbers(text, (source) =>
    typeof writtenNumber(source, Number(source)) === 'object' ? `"${mark}${source}"` : source,
  )
  return JSON.parse(marked, (_key, value: unknown): unknown =>
    typeof value === 'string' && value.startsWith(mark) ? restore(value.slice(mark.length)) : value,
  )
}

function restore(source: string): number | Written {
  return writtenNumber(source, Number(source))
}

/** Skips strings, whose digits are not numbers. */
function replaceNumbers(text: string, replace: (source: string) => string): string {
  const parts: string[] = []
  for (let at = 0; at < text.length;) {
    const quote = text.indexOf('"', at)
    const end = quote < 0 ? text.length : quote
    parts.push(text.slice(at, end).replace(NUMBER, replace))
    at = quote < 0 ? text.length : endOfString(text, quote)
    parts.push(text.slice(end, at))
  }
  return parts.join('')
}

function endOfString(text: string, quote: number): number {
  for (let end = text.indexOf('"', quote + 1); end >= 0; end = text.indexOf('"', end + 1)) {
    let first = end
    while (text[first - 1] === '\\') first -= 1
    if ((end - first) % 2 === 0) return end + 1
  }
  return text.length
}

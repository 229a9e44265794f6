/**
 * The width of text on a terminal: East Asian characters and emoji take two columns, combining ones
 * none.
 */
import { eastAsianWidth } from 'get-east-asian-width'

// eslint-disable-next-line no-control-regex -- what takes one column, one for each character, and is nearly all there is
const PLAIN = /^[\u0000-\u02FF]*$/
/** Text without control characters, the usual case. */
const PRINTABLE = /^[ -~]*$/
const ZERO = /^[\p{Mn}\p{Me}\p{Cf}\p{Cc}]+$/u
/** Sequences drawn as one picture: a family, a flag, a hand with its colour, a digit in its key. */
const PICTURE = /^(?:\p{Emoji_Presentation}|\p{Emoji}\uFE0F|\p{Regional_Indicator}{2}|\p{Emoji}[\u{1F3FB}-\u{1F3FF}])/u

let segmenter: Intl.Segmenter | undefined

export function textWidth(text: string): number {
  if (PLAIN.test(text)) return text.length
  let width = 0
  for (const { segment } of segmentsOf(text)) width += segmentWidth(segment)
  return width
}

/** Pads text with blanks to `width` columns. */
export function padText(text: string, width: number): string {
  return PLAIN.test(text) ? text.padEnd(width) : text + ' '.repeat(Math.max(0, width - textWidth(text)))
}

/** The text, or its beginning and `…`: at most `width` columns. */
export function cutText(text: string, width: number): string {
  if (width === Infinity || textWidth(text) <= width) return text
  if (width < 1) return ''
  let used = 0
  let kept = ''
  for (const { segment } of segmentsOf(text)) {
    used += segmentWidth(segment)
    if (used > width - 1) break
    kept += segment
  }
  return `${kept}…`
}

function segmentsOf(text: string): Intl.Segments {
  segmenter ??= new Intl.Segmenter()
  return segmenter.segment(text)
}

/** One line without control characters, so that a program's output cannot control the terminal. */
export function printable(text: string): string {
  if (PRINTABLE.test(text)) return text
  // eslint-disable-next-line no-control-regex -- control characters are just what has to go
  return text.replaceAll(/\u001B\[[0-9;?]*[A-Za-z]/g, '').replaceAll(/[\u0000-\u001F\u007F-\u009F]+/g, ' ')
}

/** The width of one grapheme, whatever its number of code points. */
function segmentWidth(segment: string): number {
  if (PLAIN.test(segment)) return segment.length
  if (ZERO.test(segment)) return 0
  if (PICTURE.test(segment)) return 2
  const [first = '', ...others] = [...segment].filter((character) => !ZERO.test(character))
  // Half-width kana have voice marks as separate characters.
  return eastAsianWidth(first.codePointAt(0) ?? 0) + others.filter(isHalfWidth).length
}

function isHalfWidth(character: string): boolean {
  return character >= '\uFF61' && character <= '\uFFDC'
}

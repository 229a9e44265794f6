/** How many columns of a terminal text takes: East Asian characters and emoji take two, combining marks none. */

// eslint-disable-next-line no-control-regex -- what takes one column, one for each character, and is nearly all there is
const PLAIN = /^[\u0000-\u02FF]*$/
/** Nearly every word: nothing in it has to go. */
const PRINTABLE = /^[ -~]*$/
const ZERO = /^[\p{Mn}\p{Me}\p{Cf}]$/u
/** Wide and full-width of Unicode Standard Annex 11, as ranges without the gaps that nothing is assigned to. */
const WIDE =
  /^[\u1100-\u115F\u2E80-\u303E\u3041-\u33FF\u3400-\u4DBF\u4E00-\u9FFF\uA000-\uA4CF\uA960-\uA97C\uAC00-\uD7A3\uF900-\uFAFF\uFE30-\uFE6F\uFF01-\uFF60\uFFE0-\uFFE6\u{1F200}-\u{1F2FF}\u{20000}-\u{3FFFD}\p{Emoji_Presentation}]/u

export function textWidth(text: string): number {
  if (PLAIN.test(text)) return text.length
  let width = 0
  for (const character of text) width += characterWidth(character)
  return width
}

/** The text with blanks behind it, so that it takes `width` columns. */
export function padText(text: string, width: number): string {
  return PLAIN.test(text) ? text.padEnd(width) : text + ' '.repeat(Math.max(0, width - textWidth(text)))
}

/** The text itself where it fits, else its beginning and `…`: never more than `width` columns. */
export function cutText(text: string, width: number): string {
  if (width === Infinity || textWidth(text) <= width) return text
  if (width < 1) return ''
  let used = 0
  let kept = ''
  for (const character of text) {
    used += characterWidth(character)
    if (used > width - 1) break
    kept += character
  }
  return `${kept}…`
}

/** One line without control characters: what a program wrote moves no cursor and changes no colour. */
export function printable(text: string): string {
  if (PRINTABLE.test(text)) return text
  // eslint-disable-next-line no-control-regex -- control characters are just what has to go
  return text.replaceAll(/\u001B\[[0-9;?]*[A-Za-z]/g, '').replaceAll(/[\u0000-\u001F\u007F-\u009F]+/g, ' ')
}

function characterWidth(character: string): number {
  if (ZERO.test(character)) return 0
  return WIDE.test(character) ? 2 : 1
}

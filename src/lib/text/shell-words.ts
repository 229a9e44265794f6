/** Splits a line into words as a POSIX shell does, and nothing more: no variable, no glob, no command is looked at. */

/**
 * @returns the words of `line`; quotes and backslashes work as in POSIX 2.2 "Quoting"
 * @throws SyntaxError when a quotation is not closed
 */
export function splitShellWords(line: string): string[] {
  const words: string[] = []
  let word: string | undefined
  let quote: string | undefined
  for (let at = 0; at < line.length; at++) {
    const character = line.charAt(at)
    if (quote === "'") {
      if (character === "'") quote = undefined
      else word += character
    } else if (character === '\\') {
      const next = line.charAt(++at)
      if (next === '') throw new SyntaxError('ends in a backslash')
      word = (word ?? '') + (quote === '"' && !'"\\$`\n'.includes(next) ? `\\${next}` : next)
    } else if (quote === '"') {
      if (character === '"') quote = undefined
      else word += character
    } else if (character === '"' || character === "'") {
      quote = character
      word ??= ''
    } else if (/\s/.test(character)) {
      if (word !== undefined) words.push(word)
      word = undefined
    } else word = (word ?? '') + character
  }
  if (quote !== undefined) throw new SyntaxError(`has a ${quote} that is not closed`)
  if (word !== undefined) words.push(word)
  return words
}

/** `word` so that a POSIX shell reads it as this one word. */
export function quoteShellWord(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}

/** Splits a line into words like a POSIX shell, without variables, globs or commands. */

/**
 * @returns the words of `line`; quotes and backslashes as in POSIX 2.2 "Quoting"
 * @throws SyntaxError if a quotation is not closed
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

/** Quotes `word` so that a POSIX shell reads it as one word. */
export function quoteShellWord(word: string): string {
  return /^[A-Za-z0-9_@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", String.raw`'\''`)}'`
}

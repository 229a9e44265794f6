/** Suggests the known word closest to a mistyped one. */

/** Letters of an abbreviation that are enough to name a longer word. */
const ENOUGH_LETTERS = 4
/** Words this short differ in one letter at most. */
const SHORT_LETTERS = 3

/**
 * @returns the nearest of `known` by edit distance, if it is near enough; otherwise the only one
 *   that begins with the word, apart from separators: `walltime` means `wall_time_minutes`
 */
export function nearestWord(word: string, known: Iterable<string>): string | undefined {
  let best: string | undefined
  const { length } = lettersOf(word)
  let bestDistance = (length <= SHORT_LETTERS ? 1 : Math.max(2, Math.floor(length / 3))) + 1
  for (const candidate of known) {
    const distance = editDistance(word.toLowerCase(), candidate.toLowerCase())
    if (distance < bestDistance) [best, bestDistance] = [candidate, distance]
  }
  return best ?? completed(word, known)
}

function completed(word: string, known: Iterable<string>): string | undefined {
  const letters = lettersOf(word)
  if (letters.length < ENOUGH_LETTERS) return undefined
  const [found, other] = [...known].filter((candidate) => lettersOf(candidate).startsWith(letters))
  return other === undefined ? found : undefined
}

function lettersOf(word: string): string {
  return word.toLowerCase().replaceAll(/[-_]/g, '')
}

/** The end of a message about an unknown word: a suggestion, or nothing. */
export function didYouMean(word: string, known: Iterable<string>): string {
  const near = nearestWord(word, known)
  return near === undefined ? '' : `; did you mean ${near}?`
}

/** Levenshtein distance, one row at a time. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index)
  for (let i = 1; i <= a.length; i++) {
    const next = [i]
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1)
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1))
    }
    row = next
  }
  return row[b.length] ?? 0
}

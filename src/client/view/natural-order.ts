/** Natural order of names: `task2` before `task10`. */

/** Compares words, runs of digits by value. */
export function compareNaturally(one: string, other: string): number {
  let i = endOfCommon(one, other)
  let j = i
  while (i < one.length && j < other.length) {
    if (isDigit(one, i) && isDigit(other, j)) {
      const iEnd = endOfDigits(one, i)
      const jEnd = endOfDigits(other, j)
      const left = stripZeros(one.slice(i, iEnd))
      const right = stripZeros(other.slice(j, jEnd))
      if (left !== right) return left.length - right.length || (left < right ? -1 : 1)
      i = iEnd
      j = jEnd
    } else {
      const difference = one.charCodeAt(i) - other.charCodeAt(j)
      if (difference !== 0) return difference
      i += 1
      j += 1
    }
  }
  const rest = one.length - i - (other.length - j)
  if (rest !== 0) return rest
  // `007` and `7` have the same value but are different names.
  return one === other ? 0 : one < other ? -1 : 1
}

/** Length of the common prefix, without digits that continue beyond it. */
function endOfCommon(one: string, other: string): number {
  const length = Math.min(one.length, other.length)
  let end = 0
  while (end < length && one.charCodeAt(end) === other.charCodeAt(end)) end += 1
  while (end > 0 && isDigit(one, end - 1)) end -= 1
  return end
}

function isDigit(word: string, at: number): boolean {
  const code = word.charCodeAt(at)
  return code >= 48 && code <= 57
}

function endOfDigits(word: string, at: number): number {
  let end = at
  while (end < word.length && isDigit(word, end)) end += 1
  return end
}

function stripZeros(digits: string): string {
  let at = 0
  while (at < digits.length - 1 && digits.charCodeAt(at) === 48) at += 1
  return at === 0 ? digits : digits.slice(at)
}

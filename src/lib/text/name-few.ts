/**
 * The first three of many names and the number of the rest. @param count total, if `names` is only
 * a part
 */
export function nameFew(names: readonly string[], count = names.length): string {
  const shown = names.slice(0, 3).join(', ')
  return count > 3 ? `${shown} and ${count - 3} more` : shown
}

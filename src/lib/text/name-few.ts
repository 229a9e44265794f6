/** The first three of many names, and how many more there are. @param count how many there are, where `names` has only the first */
export function nameFew(names: readonly string[], count = names.length): string {
  const shown = names.slice(0, 3).join(', ')
  return count > 3 ? `${shown} and ${count - 3} more` : shown
}

/** Durations as users and batch schedulers write them. */

const UNITS = { s: 1, m: 60, h: 3600, d: 86_400 } as const
const CLOCK = /^(?:(\d+)-)?(\d+)(?::(\d{1,2}))?(?::(\d{1,2}))?$/
const NUMBER = /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i
const PARTS = /^(\d+(\.\d+)?\s*(s|m|h|d|sec|min)\s*)+$/i

/** Unit of a number without one. */
export type TimeUnit = 'minutes' | 'seconds'

export const DURATION_FORMS = '90s, 30m, 1h30m, 1:00:00 or 1-12:00'

/**
 * Seconds of a clock time in Slurm's forms: `MM`, `MM:SS`, `HH:MM:SS`, `D-HH`, `D-HH:MM`,
 * `D-HH:MM:SS` (sbatch(1), `--time`). @returns undefined if `text` has another form
 */
export function parseClock(text: string): number | undefined {
  const match = CLOCK.exec(text)
  if (match === null) return undefined
  const [, days, ...found] = match
  const fields = found.filter((field) => field !== undefined).map(Number)
  const [a = 0, b = 0, c = 0] = fields
  if (b > 59 || c > 59) return undefined
  if (days !== undefined) return a > 23 ? undefined : Number(days) * UNITS.d + a * UNITS.h + b * UNITS.m + c
  return fields.length === 3 ? a * UNITS.h + b * UNITS.m + c : a * UNITS.m + b
}

/**
 * A duration in `unit`: a number, or any of DURATION_FORMS. @returns undefined if `text` has
 * another form
 */
export function parseDuration(text: string, unit: TimeUnit): number | undefined {
  const word = text.trim()
  if (NUMBER.test(word)) return Number(word)
  const seconds = PARTS.test(word) ? sumOfParts(word) : parseClock(word)
  return seconds === undefined ? undefined : seconds / (unit === 'minutes' ? UNITS.m : UNITS.s)
}

function sumOfParts(text: string): number {
  let sum = 0
  for (const [, amount, letter = ''] of text.matchAll(/([\d.]+)\s*([a-z])[a-z]*/gi))
    sum += Number(amount) * UNITS[letter.toLowerCase() as keyof typeof UNITS]
  return sum
}
/** `0.12 s`, `3.4 s`, `5 min 20 s`, `3 h 5 min`. */
export function formatSeconds(seconds: number): string {
  if (seconds < 1) return `${seconds.toFixed(2)} s`
  if (seconds < 60) return `${seconds.toFixed(1)} s`
  if (seconds < 3600) return `${Math.floor(seconds / 60)} min ${Math.floor(seconds % 60)} s`
  return `${Math.floor(seconds / 3600)} h ${Math.floor((seconds % 3600) / 60)} min`
}

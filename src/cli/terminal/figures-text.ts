/**
 * Durations and rates for a quick look: one number, or two. `core/text/duration.ts` has exact ones.
 */

/** `40 s`, `12 min`, `3 h 5 min`, `2 d 4 h`. @param seconds negative values count as 0 */
export function formatSpan(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  if (whole < 60) return `${whole} s`
  const minutes = Math.round(whole / 60)
  if (minutes < 60) return `${minutes} min`
  const hours = Math.floor(minutes / 60)
  if (hours < 48) return minutes % 60 === 0 ? `${hours} h` : `${hours} h ${minutes % 60} min`
  return `${Math.floor(hours / 24)} d ${hours % 24} h`
}

/** `12.5/s`, `34/min`, `5.2/h`: in the largest unit with a value of at least one. */
export function formatRate(perSecond: number): string {
  if (perSecond >= 1) return `${threeDigits(perSecond)}/s`
  if (perSecond * 60 >= 1) return `${threeDigits(perSecond * 60)}/min`
  return `${threeDigits(perSecond * 3600)}/h`
}

function threeDigits(value: number): string {
  return value >= 100 ? String(Math.round(value)) : String(Number(value.toPrecision(2)))
}

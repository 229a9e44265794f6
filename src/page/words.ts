/** Formats numbers and times for people. */

/** `0.12 s`, `3.4 s`, `5 min 20 s`, `3 h 5 min`, `2 d 4 h`. */
export function durationText(seconds: number): string {
  if (seconds < 0.01) return seconds <= 0 ? '0 s' : '< 10 ms'
  if (seconds < 1) return `${seconds.toFixed(2)} s`
  if (seconds < 60) return `${seconds.toFixed(1)} s`
  if (seconds < 3600) return pair(Math.floor(seconds / 60), 'min', Math.floor(seconds % 60), 's')
  if (seconds < 48 * 3600) return pair(Math.floor(seconds / 3600), 'h', Math.floor((seconds % 3600) / 60), 'min')
  return pair(Math.floor(seconds / 86_400), 'd', Math.floor((seconds % 86_400) / 3600), 'h')
}

function pair(large: number, unit: string, small: number, smallUnit: string): string {
  return small === 0 ? `${large} ${unit}` : `${large} ${unit} ${small} ${smallUnit}`
}

/** `12,345`. */
export function countText(count: number): string {
  return count.toLocaleString('en-US', { maximumFractionDigits: 0 })
}

/** Three significant digits: `0.123`, `12.3`, `1,234`. */
export function numberText(value: number): string {
  if (value === 0) return '0'
  const size = Math.abs(value)
  if (size >= 1e6 || size < 1e-3) return value.toExponential(2)
  return value.toLocaleString('en-US', size >= 100 ? { maximumFractionDigits: 0 } : { maximumSignificantDigits: 3 })
}

export function percentText(share: number): string {
  return Number.isFinite(share) ? `${(share * 100).toFixed(share < 0.0995 ? 1 : 0)} %` : '–'
}

/** `1 job`, `2 jobs`. */
export function countLabel(count: number, noun: string): string {
  return `${countText(count)} ${noun}${count === 1 ? '' : 's'}`
}

/** Core-seconds in a suitable unit. */
export function coreTimeText(coreSeconds: number): string {
  if (coreSeconds < 600) return `${numberText(coreSeconds)} core-s`
  return coreSeconds < 36_000 ? `${numberText(coreSeconds / 60)} core-min` : `${numberText(coreSeconds / 3600)} core-h`
}

/** `2026-11-24 15:04:05`, UTC as in the jobs' folders. */
export function timeText(milliseconds: number): string {
  return new Date(milliseconds).toISOString().slice(0, 19).replace('T', ' ')
}

/**
 * Time of day, and the date where it differs from that of `before`; as precise as `width` (ms)
 * requires.
 */
export function tickText(milliseconds: number, before: number | undefined, width: number): string {
  const text = new Date(milliseconds).toISOString()
  const day = text.slice(0, 10)
  const isNewDay = before === undefined || new Date(before).toISOString().slice(0, 10) !== day
  if (width >= 86_400_000) return day.slice(5)
  const clock = width < 1000 ? text.slice(11, 21) : width < 60_000 ? text.slice(11, 19) : text.slice(11, 16)
  return isNewDay ? `${clock}\n${day}` : clock
}

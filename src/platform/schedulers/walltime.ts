/** Times as written by batch schedulers, which use variants of the same few forms. */
import { parseClock } from '../../core/text/duration.ts'
import { requestError } from '../../core/text/errors.ts'

const ENDLESS = new Set(['infinite', 'infinity', 'unlimited', '-1'])

/**
 * Seconds of a time limit in Slurm's forms: `MM`, `MM:SS`, `HH:MM:SS`, `D-HH`, `D-HH:MM`,
 * `D-HH:MM:SS`, and `UNLIMITED` or `infinite`, which give Infinity (sbatch(1), `--time`).
 * @throws BjobError `bad-walltime`
 */
export function parseWalltime(text: string): number {
  const trimmed = text.trim()
  if (ENDLESS.has(trimmed.toLowerCase())) return Infinity
  const seconds = parseClock(trimmed)
  if (seconds !== undefined) return seconds
  throw badWalltime(text, 'use MM, MM:SS, HH:MM:SS, D-HH:MM:SS or UNLIMITED')
}

/**
 * `HH:MM:SS` or, from one day on, `D-HH:MM:SS`; `UNLIMITED` for Infinity. Drops fractions of a
 * second. Inverse of parseWalltime.
 */
export function formatWalltime(seconds: number): string {
  if (seconds === Infinity) return 'UNLIMITED'
  const whole = checkSeconds(seconds)
  const days = Math.floor(whole / 86_400)
  return `${days > 0 ? `${days}-` : ''}${formatHours(whole % 86_400)}`
}

/**
 * `HH:MM:SS` with any number of hours (`30:00:00`), for schedulers without days. `seconds` is
 * finite.
 */
export function formatHours(seconds: number): string {
  const whole = checkSeconds(seconds)
  const fields = [Math.floor(whole / 3600), Math.floor((whole % 3600) / 60), whole % 60]
  return fields.map((field) => String(field).padStart(2, '0')).join(':')
}

/** Whole minutes, rounded up so that no time is lost. `seconds` is finite. */
export function formatMinutes(seconds: number): number {
  return Math.ceil(checkSeconds(seconds) / 60)
}

function checkSeconds(seconds: number): number {
  if (!Number.isFinite(seconds) || seconds < 0)
    throw badWalltime(String(seconds), 'this scheduler needs a finite limit')
  return Math.floor(seconds)
}

function badWalltime(text: string, reason: string): Error {
  return requestError('bad-walltime', `'${text}' is not a time limit: ${reason}`)
}

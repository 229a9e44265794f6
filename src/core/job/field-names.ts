/**
 * Spellings of field names. Files use snake_case, the library camelCase, Balsam older ones; each is
 * accepted everywhere.
 */
import { FIELD_NAMES } from './job-values.ts'

/** From Balsam 0.2 and its command line. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['app', 'application'],
  ['application_args', 'args'],
  ['env', 'environ_vars'],
  ['wall_minutes', 'wall_time_minutes'],
  ['wall_time', 'wall_time_minutes'],
])

const fileNames: ReadonlyMap<string, string> = new Map(FIELD_NAMES.map((name) => [libraryName(name), name]))

/** The library's spelling of a name in job.yaml. */
export function libraryName(name: string): string {
  return name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
}

/** The spelling of job.yaml for a name in any spelling; unknown names are converted by rule. */
export function canonicalField(key: string): string {
  const snake = fileNames.get(key) ?? key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
  return ALIASES.get(snake) ?? snake
}

/** `bjob.yaml`: the settings of a site. Its presence makes a folder a site. */
import { isDeepStrictEqual } from 'node:util'
import * as v from 'valibot'
import { didYouMean } from '../lib/text/nearest.ts'
import { fieldsOf, finite, mapOf, readIssue, whole } from '../lib/shapes.ts'
import { toWord, withPlain } from '../lib/text/written.ts'
import { requestError } from '../core/text/errors.ts'
import { parseYaml } from '../core/text/yaml-text.ts'
import { checkSpawn } from '../core/job/check-spec.ts'

const seconds = (least: number, most: number) =>
  v.pipe(
    finite('must be a number of seconds'),
    v.minValue(least, `must be at least ${least}`),
    v.maxValue(most, `must be at most ${most}`),
  )
const count = (least: number) =>
  v.optional(v.pipe(whole('must be a whole number'), v.minValue(least, `must be at least ${least}`)))
const textOr = (message: string) => v.pipe(v.unknown(), v.transform(toWord), v.string(message))
const text = textOr('must be text')
const scriptLines = v.optional(
  v.array(
    v.pipe(textOr('must be one line each'), v.regex(/^[^\0\n\r]*$/, 'must be one line each')),
    'must be a list of lines',
  ),
  [],
)
const words = v.pipe(
  v.array(
    v.pipe(v.string('must be words'), v.regex(/^[^\0\n\r]+$/, 'must be words without line breaks')),
    'must be a list of words',
  ),
  v.minLength(1, 'must be a list of words'),
)

const SETTINGS = {
  format: v.optional(v.literal(1, 'must be 1: another version of bjob made this site'), 1),
  lease_seconds: v.optional(seconds(2, 3600), 30),
  grace_seconds: v.optional(seconds(0, 3600), 10),
  hook_seconds: v.optional(seconds(0.1, 1e6), 300),
  stage_seconds: v.optional(seconds(0.1, 1e6), 3600),
  poll_seconds: v.optional(seconds(0.05, 60), 1),
  durability: v.optional(v.picklist(['node', 'process'], 'must be node or process'), 'node'),
  scheduler: v.optional(text, 'auto'),
  mpi: v.optional(v.union([v.string(), v.array(text)], 'must be text or a list of words'), 'auto'),
  node: v.optional(
    fieldsOf({ cores: count(1), gpus: count(0), memory_mib: count(1) }, 'must be a map such as {cores: 64}'),
    {},
  ),
  batch: v.optional(
    fieldsOf(
      { directives: scriptLines, setup: scriptLines, command: v.optional(words) },
      'must be a map of directives, setup and command',
    ),
    {},
  ),
  defaults: v.optional(mapOf(v.string(), v.unknown(), "must be a map of a job's fields"), {}),
}
const schema = fieldsOf(SETTINGS, 'must be a map of settings')

/** The settings with defaults filled in; the bjob.yaml written by `bjob init` describes them. */
export type Settings = Readonly<v.InferOutput<typeof schema>>

/**
 * Settings that a process goes by from its start to its end: others count on them, or they say what
 * it runs on.
 */
const FIXED: ReadonlySet<string> = new Set(['format', 'lease_seconds', 'durability', 'scheduler', 'mpi', 'node'])

export interface SettingsChange {
  readonly settings: Settings
  /** The names of those that hold from now on. */
  readonly taken: readonly string[]
  /** The names of those that hold for processes that start from now on. */
  readonly later: readonly string[]
}

/** The settings of a process that runs while bjob.yaml is edited. */
export function adoptSettings(current: Settings, edited: Settings): SettingsChange {
  const changed = (Object.keys(SETTINGS) as (keyof Settings)[]).filter(
    (name) => !isDeepStrictEqual(current[name], edited[name]),
  )
  const later = changed.filter((name) => FIXED.has(name))
  const kept = Object.fromEntries(later.map((name) => [name, current[name]]))
  return { settings: { ...edited, ...kept }, taken: changed.filter((name) => !FIXED.has(name)), later }
}

/** Time to write ends and releases after the grace period. */
const LAST_WRITES_SECONDS = 2

/** Seconds before its end at which a launcher stops its jobs. */
export function drainSeconds(settings: Settings): number {
  return settings.grace_seconds + LAST_WRITES_SECONDS
}

/** Text settings keep their source text; in the defaults for jobs, each field decides. */
const PLAIN_SETTINGS = Object.keys(SETTINGS).filter((name) => !['scheduler', 'mpi', 'batch', 'defaults'].includes(name))
const SETTING_NAMES: readonly string[] = Object.keys(SETTINGS)

/** @throws BjobError `bad-setting` with line and field */
export function parseSettings(text: string, file: string): Settings {
  const yaml = parseYaml(text, file)
  const parsed = v.safeParse(schema, withPlain(yaml.written ?? {}, PLAIN_SETTINGS))
  if (parsed.success) return parsed.output
  // In the order of the settings, so that `format` reports a site of another version.
  const { path, message, isUnknown } = readIssue(parsed.issues[0])
  const field = path.map(String).join('.')
  throw requestError(
    'bad-setting',
    isUnknown ? unknownSetting(String(path.at(-1))) : `${field || 'the file'} ${message}`,
    {
      path: file,
      ...yaml.locate(path),
      field,
    },
  )
}

/**
 * Only `spawn` uses the defaults for jobs, so that other commands work with invalid ones.
 * @throws BjobError `bad-setting`
 */
export function checkDefaults({ defaults }: Settings, file: string): void {
  if (Object.keys(defaults).length === 0) return
  const checked = checkSpawn({ name: 'any', application: 'any', ...defaults })
  const problem = checked.ok ? undefined : checked.problems[0]
  if (problem === undefined) return
  throw requestError('bad-setting', `defaults: ${problem.message}`, { path: file, field: `defaults.${problem.field}` })
}

function unknownSetting(name: string): string {
  return `unknown setting ${name}${didYouMean(name, SETTING_NAMES)}`
}

/** `bjob.yaml`: what a site wants different from the defaults. Its presence is what makes a folder a site. */
import { isDeepStrictEqual } from 'node:util'
import * as z from 'zod'
import { nearestWord } from '../lib/nearest.ts'
import { once } from '../lib/once.ts'
import { requestError } from '../core/errors.ts'
import { parseYaml } from '../core/yaml-text.ts'

const DEFAULTS = {
  format: 1 as const,
  lease_seconds: 30,
  grace_seconds: 10,
  hook_seconds: 300,
  stage_seconds: 3600,
  poll_seconds: 1,
  durability: 'node' as const,
  scheduler: 'auto',
  mpi: 'auto',
  node: {},
  batch: { directives: [] as string[], setup: [] as string[] },
  defaults: {},
}

const schema = once(() => {
  const scriptLines = z.array(z.string().regex(/^[^\0\n\r]*$/, 'must be one line each'))
  return z.strictObject({
    format: z.literal(1, 'must be 1: this site was made by another version of bjob').default(DEFAULTS.format),
    lease_seconds: z.number().min(2, 'must be at least 2').max(3600).default(DEFAULTS.lease_seconds),
    grace_seconds: z.number().min(0).max(3600).default(DEFAULTS.grace_seconds),
    hook_seconds: z.number().min(0.1, 'must be at least 0.1').max(1e6).default(DEFAULTS.hook_seconds),
    stage_seconds: z.number().min(0.1, 'must be at least 0.1').max(1e6).default(DEFAULTS.stage_seconds),
    poll_seconds: z.number().min(0.05, 'must be at least 0.05').max(60).default(DEFAULTS.poll_seconds),
    durability: z.enum(['node', 'process'], 'must be node or process').default(DEFAULTS.durability),
    scheduler: z.string().default(DEFAULTS.scheduler),
    mpi: z.union([z.string(), z.array(z.string())]).default(DEFAULTS.mpi),
    node: z
      .strictObject({
        cores: z.int().min(1).optional(),
        gpus: z.int().min(0).optional(),
        memory_mib: z.int().min(1).optional(),
      })
      .prefault({}),
    batch: z
      .strictObject({
        directives: scriptLines.default(DEFAULTS.batch.directives),
        setup: scriptLines.default(DEFAULTS.batch.setup),
      })
      .prefault({}),
    defaults: z.record(z.string(), z.unknown()).default(DEFAULTS.defaults),
  })
})

/** The site's settings, defaults filled in; what each means stands in the bjob.yaml that `bjob init` writes. */
export type Settings = Readonly<z.output<ReturnType<typeof schema>>>

/** Ends and releases are written after the grace. */
const LAST_WRITES_SECONDS = 2

/** How long before its time is up a launcher asks its jobs to end, in seconds. */
export function drainSeconds(settings: Settings): number {
  return settings.grace_seconds + LAST_WRITES_SECONDS
}

const SETTING_NAMES: readonly string[] = Object.keys(DEFAULTS)

/** @throws BjobError `bad-setting` with line and field */
export function parseSettings(text: string, file: string): Settings {
  const yaml = parseYaml(text, file)
  const said = yaml.value ?? {}
  // Most sites are as `bjob init` made them, and the schema takes a short command's time to load.
  if (isDeepStrictEqual(said, {}) || isDeepStrictEqual(said, { format: DEFAULTS.format })) return DEFAULTS
  const parsed = schema().safeParse(said)
  if (parsed.success) return parsed.data
  const issue = parsed.error.issues[0]
  if (issue === undefined) throw parsed.error
  const key = issue.code === 'unrecognized_keys' ? (issue.keys[0] ?? '') : undefined
  const path = key === undefined ? issue.path : [...issue.path, key]
  const field = path.map(String).join('.')
  const near = key === undefined ? undefined : nearestWord(key, SETTING_NAMES)
  const message =
    key === undefined
      ? `${field} ${issue.message}`
      : `unknown setting ${key}${near === undefined ? '' : `; did you mean ${near}?`}`
  throw requestError('bad-setting', message, { path: file, ...yaml.locate(path), field })
}

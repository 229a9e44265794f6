/**
 * What is asked of a job: the fields of `job.yaml`, of a `spawn` record and of the library, in one schema. Both of
 * Balsam's spellings are read. Files have snake_case keys, the library camelCase ones; either is accepted anywhere.
 */
import * as z from 'zod'
import { nearestWord } from '../lib/nearest.ts'
import { once } from '../lib/once.ts'
import { type ErrorDetail, requestError } from './errors.ts'
import { DEFAULTS, FIELD_NAMES } from './job-defaults.ts'
import { jobFields } from './job-fields.ts'

const jobSchema = once(() => z.strictObject(jobFields().fields, 'must be a map of fields'))
const spawnSchema = once(() => {
  const { name, fields } = jobFields()
  const shape = { workflow: name.optional(), name, ...fields, data: z.json().optional() }
  return z.strictObject(shape, 'a job must be a map of fields')
})

type Job = z.output<ReturnType<typeof jobSchema>>

type Camel<Key extends string> = Key extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : Key
type CamelKeys<Fields> = { readonly [Key in keyof Fields as Camel<Key & string>]: Fields[Key] }

/** Everything that was asked of a job, defaults filled in. */
export type Specification = CamelKeys<Job>

/** The fields that differ from their defaults, as job.yaml spells them. */
export type SpecificationRecord = Readonly<Record<string, unknown>>

/** What `spawn` takes: a name, and any fields of a job. */
export type SpawnRequest = Partial<CamelKeys<z.input<ReturnType<typeof spawnSchema>>>> & {
  readonly name: string
  readonly application: string
}

export interface ParsedSpawn {
  readonly workflow: string | undefined
  readonly name: string
  readonly specification: Specification
  readonly data: unknown
}

/** Other spellings: of Balsam 0.2, of its command line, and camelCase by rule. */
const ALIASES: ReadonlyMap<string, string> = new Map([
  ['app', 'application'],
  ['application_args', 'args'],
  ['env', 'environ_vars'],
  ['wall_minutes', 'wall_time_minutes'],
  ['wall_time', 'wall_time_minutes'],
])

/** What Balsam has and a job here does not, and what to do instead. */
const INSTEAD: ReadonlyMap<string, string> = new Map([
  ['user_workdir', ": a job's folder is its own. Let its command work elsewhere: sh -c 'cd DIR && exec …'"],
])

/** What a job cannot be without. */
const REQUIRED: ReadonlyMap<PropertyKey | undefined, string> = new Map([
  ['name', 'name each job: --name NAME, or {"name": …} in a file'],
  ['application', 'say what it runs: --app NAME; `bjob app ls` lists what there is'],
])

/** One thing wrong with a record. */
export interface FieldProblem {
  readonly message: string
  readonly field: string
  readonly path: readonly PropertyKey[]
  /** What to do about it. */
  readonly hint?: string
}

export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly FieldProblem[] }

/** Checks the content of a job.yaml. Never throws; every problem is reported. */
export function checkSpecification(record: unknown): Checked<Specification> {
  const checked = check(jobSchema(), record, FIELD_NAMES)
  return checked.ok ? { ok: true, value: toCamelKeys(checked.value) } : checked
}

/** Checks a record of `spawn`. Never throws; every problem is reported. */
export function checkSpawn(record: unknown): Checked<ParsedSpawn> {
  const checked = check(spawnSchema(), record, ['workflow', 'name', ...FIELD_NAMES, 'data'])
  if (!checked.ok) return checked
  const { workflow, name, data, ...job } = checked.value
  return { ok: true, value: { workflow, name, specification: toCamelKeys(job), data } }
}

/** The error of the first problem; `where` says which file and line. */
export function problemError(problem: FieldProblem, where: ErrorDetail = {}): Error {
  const { message, field, hint } = problem
  return requestError('bad-field', message, { ...(hint === undefined ? {} : { hint }), ...where, field })
}

/** The fields that job.yaml gets: those asked for that are not the default anyway. */
export function toRecord(specification: Specification): SpecificationRecord {
  const record: Record<string, unknown> = {}
  for (const [key, value] of Object.entries(specification)) {
    const name = toSnake(key)
    if (value === undefined || value === defaults[name]) continue
    if (typeof value !== 'object' || JSON.stringify(value) !== defaultsText[name]) record[name] = value
  }
  return record
}

/** A field's value; its default where the record leaves it out. */
export function fieldOf(record: SpecificationRecord, name: string): unknown {
  return record[name] ?? allDefaults[name]
}

/** The same record with all fields, those that it leaves out at their defaults. */
export function withAllFields(record: SpecificationRecord): SpecificationRecord {
  return { ...allDefaults, ...record }
}

/** Trusts what bjob itself wrote (the journal); fills the defaults in. */
export function fromRecord(record: SpecificationRecord): Specification {
  const specification: Record<string, unknown> = { ...camelDefaults }
  for (const key of Object.keys(record)) specification[toCamel(key)] = record[key]
  return specification as Specification
}

const snakeKeys = new Map<string, string>()
const camelKeys = new Map<string, string>()

const allDefaults: SpecificationRecord = DEFAULTS
const defaults: SpecificationRecord = Object.fromEntries(
  Object.entries(DEFAULTS).filter(([, value]) => value !== undefined),
)
const camelDefaults: object = toCamelKeys(defaults)
const defaultsText: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(defaults).map(([name, value]) => [name, JSON.stringify(value)]),
)

function check<T>(schema: z.ZodType<T>, record: unknown, known: readonly string[]): Checked<T> {
  const { value, problems } = normaliseKeys(record)
  const parsed = schema.safeParse(value)
  if (parsed.success && problems.length === 0) return { ok: true, value: parsed.data }
  // A field that is misspelt comes before the one that is missing for it.
  const found = parsed.success ? [] : parsed.error.issues
  const issues = [
    ...found.filter(({ code }) => code === 'unrecognized_keys'),
    ...found.filter(({ code }) => code !== 'unrecognized_keys'),
  ].flatMap((issue) => toProblems(issue, known, value))
  return { ok: false, problems: [...problems, ...issues] }
}

function toProblems(issue: z.core.$ZodIssue, known: readonly string[], record: unknown): FieldProblem[] {
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((key) => {
      const near = nearestWord(key, known)
      const hint = INSTEAD.get(canonicalField(key)) ?? (near === undefined ? '' : `; did you mean ${near}?`)
      return { message: `unknown field ${key}${hint}`, field: key, path: [...issue.path, key] }
    })
  }
  const field = issue.path.map(String).join('.')
  const isField = issue.path.length === 1 && typeof record === 'object' && record !== null
  const isMissing = isField && !Object.hasOwn(record, String(issue.path[0]))
  const said = isMissing ? 'is missing' : issue.message
  const given: unknown = issue.code === 'custom' ? issue.params?.['hint'] : undefined
  const hint = isMissing ? REQUIRED.get(issue.path[0]) : given
  return [
    {
      message: field === '' ? said : `${field} ${said}`,
      field,
      path: issue.path,
      ...(typeof hint === 'string' ? { hint } : {}),
    },
  ]
}

/** Brings every key to the spelling of job.yaml. */
function normaliseKeys(record: unknown): { value: unknown; problems: FieldProblem[] } {
  if (typeof record !== 'object' || record === null || Array.isArray(record)) return { value: record, problems: [] }
  const value = new Map<string, unknown>()
  const problems: FieldProblem[] = []
  for (const [key, content] of Object.entries(record)) {
    if (content === undefined) continue
    const name = canonicalField(key)
    if (value.has(name)) problems.push({ message: `${name} is given twice, once as ${key}`, field: name, path: [key] })
    value.set(name, content)
  }
  return { value: Object.fromEntries(value), problems }
}

/** The spelling in job.yaml of a field's name that may be spelt otherwise. */
export function canonicalField(key: string): string {
  const snake = toSnake(key)
  return ALIASES.get(snake) ?? snake
}

/** The few names there are come up for every job, so each is worked out once. A name that nobody knows is not kept. */
function toSnake(key: string): string {
  return snakeKeys.get(key) ?? key.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)
}

function toCamel(key: string): string {
  let camel = camelKeys.get(key)
  if (camel === undefined) {
    camel = key.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())
    camelKeys.set(key, camel)
    snakeKeys.set(camel, key)
  }
  return camel
}

function toCamelKeys<Fields extends object>(record: Fields): CamelKeys<Fields> {
  // What is put together key by key is ten times as slow to copy.
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [toCamel(key), value])) as CamelKeys<Fields>
}

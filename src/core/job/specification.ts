/**
 * What is asked of a job: the fields of `job.yaml`, of a `spawn` record and of the library, checked by one table of schemas. Both of
 * Balsam's spellings are read. Files have snake_case keys, the library camelCase ones; either is accepted anywhere.
 */
import * as v from 'valibot'
import { didYouMean } from '../../lib/text/nearest.ts'
import { readIssue } from '../../lib/shapes.ts'
import { toPlain } from '../../lib/text/written.ts'
import { hintFor } from '../text/error-hints.ts'
import { type ErrorDetail, requestError } from '../text/errors.ts'
import { DEFAULTS, FIELD_NAMES } from './job-defaults.ts'
import { DATA, JOB_FIELDS, SPAWN_FIELDS, isName } from './job-fields.ts'

type Fields = Readonly<Record<string, v.GenericSchema>>
type Job = { readonly [Name in keyof typeof JOB_FIELDS]: v.InferOutput<(typeof JOB_FIELDS)[Name]> }

const ALL_FIELDS = { ...SPAWN_FIELDS, ...JOB_FIELDS }
type SpawnFields = {
  readonly [Name in keyof typeof ALL_FIELDS]: v.InferInput<(typeof ALL_FIELDS)[Name]> | undefined
}

type Camel<Key extends string> = Key extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : Key
type CamelKeys<Fields> = { readonly [Key in keyof Fields as Camel<Key & string>]: Fields[Key] }

/** Everything that was asked of a job, defaults filled in. */
export type JobSpec = CamelKeys<Job>

/** The fields that differ from their defaults, as job.yaml spells them. */
export type SpecificationRecord = Readonly<Record<string, unknown>>

/** What `spawn` takes: a name, and any fields of a job. */
export type SpawnRequest = Partial<CamelKeys<SpawnFields>> & {
  readonly name: string
  readonly application: string
}

export interface ParsedSpawn {
  readonly workflow: string | undefined
  readonly name: string
  readonly specification: JobSpec
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

/** Fields that take numbers or yes and no: how these were written does not matter. */
const PLAIN_FIELDS = new Set(
  Object.entries(DEFAULTS)
    .filter(([, value]) => typeof value === 'number' || typeof value === 'boolean')
    .map(([name]) => name)
    .concat('timeout_minutes'),
)

/** What a job cannot be without. */
const REQUIRED: ReadonlyMap<string, string> = new Map([
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
export function checkSpecification(record: unknown): Checked<JobSpec> {
  const checked = check(JOB_FIELDS, record, 'must be a map of fields')
  return checked.ok ? { ok: true, value: toSpecification(checked.value) } : checked
}

/** Checks a record of `spawn`. Never throws; every problem is reported. */
export function checkSpawn(record: unknown): Checked<ParsedSpawn> {
  const checked = check(ALL_FIELDS, record, 'a job must be a map of fields')
  if (!checked.ok) return checked
  const { workflow, name, data } = Object.fromEntries(checked.value) as Omit<ParsedSpawn, 'specification'>
  return { ok: true, value: { workflow, name, specification: toSpecification(checked.value), data } }
}

/** Data as data.json gets it. @throws BjobError `bad-field` for what JSON cannot hold */
export function checkData(data: unknown): unknown {
  const parsed = v.safeParse(DATA, data)
  if (parsed.success) return parsed.output
  throw problemError(toProblem('data', parsed.issues[0]))
}

/** The error of the first problem; `where` says which file and line. */
export function problemError(problem: FieldProblem, where: ErrorDetail = {}): Error {
  const { message, field, hint } = problem
  return requestError('bad-field', message, { ...(hint === undefined ? {} : { hint }), ...where, field })
}

/** The fields that job.yaml gets: those asked for that are not the default anyway. */
export function toRecord(specification: JobSpec): SpecificationRecord {
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
export function fromRecord(record: SpecificationRecord): JobSpec {
  const specification: Record<string, unknown> = { ...camelDefaults }
  for (const key of Object.keys(record)) specification[toCamel(key)] = record[key]
  return specification as JobSpec
}

const snakeKeys = new Map<string, string>()
const camelKeys = new Map<string, string>()

const allDefaults: SpecificationRecord = DEFAULTS
const defaults: SpecificationRecord = Object.fromEntries(
  Object.entries(DEFAULTS).filter(([, value]) => value !== undefined),
)
const camelDefaults = Object.fromEntries(Object.entries(defaults).map(([name, value]) => [toCamel(name), value]))
const defaultsText: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(defaults).map(([name, value]) => [name, JSON.stringify(value)]),
)

/** @returns the fields that are given, as their schemas have them */
function check(fields: Fields, record: unknown, what: string): Checked<ReadonlyMap<string, unknown>> {
  if (typeof record !== 'object' || record === null || Array.isArray(record))
    return { ok: false, problems: [{ message: what, field: '', path: [] }] }
  const { given, problems } = normaliseKeys(record)
  const names = Object.keys(fields)
  // A field that is misspelt comes before the one that is missing for it.
  for (const key of given.keys()) if (!Object.hasOwn(fields, key)) problems.push(unknownField(key, names))
  const values = new Map<string, unknown>()
  for (const [name, schema] of Object.entries(fields)) {
    const hint = REQUIRED.get(name)
    if (!given.has(name)) {
      if (hint !== undefined) problems.push({ message: `${name} is missing`, field: name, path: [name], hint })
      continue
    }
    try {
      const parsed = v.safeParse(schema, PLAIN_FIELDS.has(name) ? toPlain(given.get(name)) : given.get(name))
      if (parsed.success) values.set(name, parsed.output)
      else problems.push(...parsed.issues.map((issue) => toProblem(name, issue)))
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      problems.push({ message: `${name} holds itself or is nested too deeply`, field: name, path: [name] })
    }
  }
  return problems.length === 0 ? { ok: true, value: values } : { ok: false, problems }
}

function unknownField(key: string, names: readonly string[]): FieldProblem {
  const hint = INSTEAD.get(canonicalField(key)) ?? didYouMean(key, names)
  return { message: `unknown field ${key}${hint}`, field: key, path: [key] }
}

function toProblem(name: string, issue: v.BaseIssue<unknown>): FieldProblem {
  const path = [name, ...readIssue(issue).path]
  const field = path.map(String).join('.')
  const hint = issue.requirement === isName ? hintFor('bad-name') : undefined
  return { message: `${field} ${issue.message}`, field, path, ...(hint === undefined ? {} : { hint }) }
}

/** All fields in the order of the table, with the defaults of those that are not given. */
function toSpecification(values: ReadonlyMap<string, unknown>): JobSpec {
  const fields = FIELD_NAMES.map((name) => [toCamel(name), values.get(name) ?? defaults[name]] as const)
  // What is put together key by key is ten times as slow to copy.
  return Object.fromEntries(fields.filter(([, value]) => value !== undefined)) as JobSpec
}

/** Brings every key to the spelling of job.yaml. */
function normaliseKeys(record: object): {
  readonly given: ReadonlyMap<string, unknown>
  readonly problems: FieldProblem[]
} {
  const given = new Map<string, unknown>()
  const problems: FieldProblem[] = []
  for (const [key, content] of Object.entries(record)) {
    if (content === undefined) continue
    const name = canonicalField(key)
    if (given.has(name)) problems.push({ message: `${name} is given twice, once as ${key}`, field: name, path: [key] })
    given.set(name, content)
  }
  return { given, problems }
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

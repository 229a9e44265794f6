/**
 * What is asked of a job: the fields of `job.yaml`, of a `spawn` record and of the library, in one schema. Names and defaults are Balsam's
 * (`BalsamJob`, 0.5.0); both of its spellings are read. Files have snake_case keys, the library camelCase ones; either is accepted anywhere.
 */
import * as z from 'zod'
import { nearestWord } from '../lib/nearest.ts'
import { splitShellWords } from '../lib/shell-words.ts'
import { type ErrorDetail, requestError } from './errors.ts'
import { NAME_HINT, problemOf, quoteName } from './id.ts'
import { parseStageUrl, stagedName } from './stage-url.ts'

const count = z.int('must be a whole number').min(1, 'must be at least 1').max(1e9, 'is too large')
const minutes = z.number('must be a number of minutes').positive('must be more than 0').max(1e7, 'is too large')
const plainText = z.string('must be text').refine((text) => !text.includes('\0'), 'has a NUL character in it')
const wordList = z.preprocess(splitWords, z.array(plainText, 'must be a list of words'))
const nameText = z.preprocess(numberToText, z.string('must be text').superRefine(refineName))
const textMap = z.record(z.string(), z.preprocess(numberToText, plainText), 'must be a map of names to text')

const stageUrl = plainText.superRefine((text, context) => refineByParser(text, parseStageUrl, context))
const innerPattern = plainText
  .min(1, 'has an empty pattern')
  .refine((pattern) => !pattern.startsWith('/') && !pattern.split('/').includes('..'), "leads out of the job's folder")

/** The fields of job.yaml. */
const fields = {
  application: nameText,
  args: wordList.default([]),
  input_files: z
    .preprocess(splitBlanks, z.array(plainText.min(1, 'has an empty pattern'), 'must be a list of file patterns'))
    .default([]),
  input_mode: z.enum(['copy', 'link'], 'must be copy or link').optional(),
  stage_in_url: z
    .preprocess(splitBlanks, z.array(stageUrl, 'must be a list of URLs').superRefine(refineNames))
    .default([]),
  stage_out_url: z.preprocess((value) => (value === '' ? undefined : value), stageUrl.optional()),
  stage_out_files: z.preprocess(splitBlanks, z.array(innerPattern, 'must be a list of file patterns')).default([]),
  parents: z.preprocess(splitBlanks, z.array(plainText, 'must be a list of ids')).default([]),
  wait_for_parents: z.boolean('must be true or false').default(true),
  description: plainText.default(''),
  tags: textMap.default({}),
  priority: z.int('must be a whole number').min(-1e6).max(1e6).default(0),
  wall_time_minutes: minutes.default(1),
  timeout_minutes: minutes.optional(),
  num_nodes: count.default(1),
  ranks_per_node: count.default(1),
  threads_per_rank: count.default(1),
  threads_per_core: count.default(1),
  gpus_per_rank: z.int('must be a whole number').min(0, 'must be at least 0').max(1000).default(0),
  node_packing_count: count.default(1),
  cpu_affinity: z.enum(['none', 'depth'], 'must be none or depth').default('none'),
  mpi_flags: wordList.default([]),
  environ_vars: z.preprocess(splitVariables, textMap.superRefine(refineVariables)).default({}),
  post_error_handler: z.boolean('must be true or false').default(false),
  post_timeout_handler: z.boolean('must be true or false').default(false),
  auto_timeout_retry: z.boolean('must be true or false').default(true),
  max_retries: z.int('must be a whole number').min(0, 'must be at least 0').max(1e6).default(0),
  retry_delay_seconds: z.number('must be a number of seconds').min(0, 'must be at least 0').max(86_400).default(0),
}

const jobSchema = z.strictObject(fields, 'must be a map of fields')
const spawnSchema = z.strictObject(
  { workflow: nameText.optional(), name: nameText, ...fields, data: z.json().optional() },
  'a job must be a map of fields',
)

type Job = z.output<typeof jobSchema>

type Camel<Key extends string> = Key extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : Key
type CamelKeys<Fields> = { readonly [Key in keyof Fields as Camel<Key & string>]: Fields[Key] }

/** Everything that was asked of a job, defaults filled in. */
export type Specification = CamelKeys<Job>

/** The fields that differ from their defaults, as job.yaml spells them. */
export type SpecificationRecord = Readonly<Record<string, unknown>>

/** What `spawn` takes: a name, and any fields of a job. */
export type SpawnRequest = Partial<CamelKeys<z.input<typeof spawnSchema>>> & {
  readonly name: string
  readonly application: string
}

export interface ParsedSpawn {
  readonly workflow: string | undefined
  readonly name: string
  readonly specification: Specification
  readonly data: unknown
}

/** The fields of job.yaml, in the order in which it is written. */
export const FIELD_NAMES: readonly string[] = Object.keys(fields)

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
  const checked = check(jobSchema, record, FIELD_NAMES)
  return checked.ok ? { ok: true, value: toCamelKeys(checked.value) } : checked
}

/** Checks a record of `spawn`. Never throws; every problem is reported. */
export function checkSpawn(record: unknown): Checked<ParsedSpawn> {
  const checked = check(spawnSchema, record, ['workflow', 'name', ...FIELD_NAMES, 'data'])
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

/** Trusts what bjob itself wrote (the journal); fills the defaults in. */
export function fromRecord(record: SpecificationRecord): Specification {
  const specification: Record<string, unknown> = { ...camelDefaults }
  for (const key of Object.keys(record)) specification[toCamel(key)] = record[key]
  return specification as Specification
}

const snakeKeys = new Map<string, string>()
const camelKeys = new Map<string, string>()

const defaults: SpecificationRecord = jobSchema.omit({ application: true }).parse({})
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
  const said = isField && !Object.hasOwn(record, String(issue.path[0])) ? 'is missing' : issue.message
  const hint: unknown = issue.code === 'custom' ? issue.params?.['hint'] : undefined
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

function numberToText(value: unknown): unknown {
  return typeof value === 'number' ? String(value) : value
}

function refineName(word: string, context: z.core.$RefinementCtx<string>): void {
  const problem = problemOf(word)
  if (problem === undefined) return
  context.addIssue({ code: 'custom', message: `${quoteName(word)} ${problem}`, params: { hint: NAME_HINT } })
}

function splitWords(value: unknown, context: z.core.$RefinementCtx): unknown {
  if (Array.isArray(value)) return value.map(numberToText)
  if (typeof value !== 'string') return numberToText(value)
  try {
    return splitShellWords(value)
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : 'cannot be split into words' })
    return z.NEVER
  }
}

function splitBlanks(value: unknown): unknown {
  return typeof value === 'string' ? value.split(/\s+/).filter((word) => word !== '') : value
}

/** Reads Balsam's `A=1:B=2` and lists of `A=1` beside maps. */
function splitVariables(value: unknown, context: z.core.$RefinementCtx): unknown {
  const pairs = typeof value === 'string' ? value.split(':').filter((pair) => pair !== '') : value
  if (!Array.isArray(pairs)) return pairs
  const bad = pairs.find((pair) => typeof pair !== 'string' || !pair.includes('='))
  if (bad !== undefined) {
    context.addIssue({ code: 'custom', message: `has ${JSON.stringify(bad)}, which is not NAME=VALUE` })
    return z.NEVER
  }
  return Object.fromEntries(
    pairs.map((pair) => [
      String(pair).slice(0, String(pair).indexOf('=')),
      String(pair).slice(String(pair).indexOf('=') + 1),
    ]),
  )
}

function refineByParser(text: string, parse: (text: string) => unknown, context: z.core.$RefinementCtx): void {
  try {
    parse(text)
  } catch (error) {
    context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : 'is wrong' })
  }
}

/** Of what is staged in, each needs a name of its own in the job's folder. */
function refineNames(urls: readonly string[], context: z.core.$RefinementCtx<readonly string[]>): void {
  const names = new Set<string>()
  for (const [at, url] of urls.entries()) {
    const add = (): void => {
      const name = stagedName(parseStageUrl(url))
      if (names.has(name)) throw new SyntaxError(`has two things that are called ${name}`)
      names.add(name)
    }
    try {
      add()
    } catch (error) {
      context.addIssue({ code: 'custom', message: error instanceof Error ? error.message : 'is wrong', path: [at] })
    }
  }
}

function refineVariables(variables: Readonly<Record<string, string>>, context: z.core.$RefinementCtx): void {
  for (const name of Object.keys(variables)) {
    if (!/^[A-Za-z_]\w*$/.test(name))
      context.addIssue({
        code: 'custom',
        message: `has ${JSON.stringify(name)}, which is not a variable's name`,
        path: [name],
      })
  }
}

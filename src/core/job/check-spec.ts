/**
 * Validates requests: a job.yaml, a record of `spawn`, data. All problems are reported, none is
 * thrown.
 */
import * as v from 'valibot'
import { didYouMean } from '../../lib/text/nearest.ts'
import { readIssue } from '../../lib/shapes.ts'
import { toPlain } from '../../lib/text/written.ts'
import { hintFor } from '../text/error-hints.ts'
import { type ErrorDetail, requestError } from '../text/errors.ts'
import { defined } from '../../lib/defined.ts'
import { canonicalField } from './field-names.ts'
import { isName } from './field-schemas.ts'
import { ALL_FIELDS, DATA_FIELD, JOB_FIELDS, type JobField } from './job-fields.ts'
import { type JobSpec, createSpec } from './job-spec.ts'

type FieldTable = Readonly<Record<string, JobField>>

/** A validated record of `spawn`. */
export interface ParsedSpawn {
  readonly workflow: string | undefined
  readonly name: string
  readonly spec: JobSpec
  readonly data: unknown
}

/** Remedies for Balsam's fields that bjob does not have. */
const INSTEAD: ReadonlyMap<string, string> = new Map([
  [
    'user_workdir',
    ": a job always runs in its own folder. To work elsewhere, use a command such as sh -c 'cd DIR && exec …'",
  ],
])

/** Required fields, with remedies. */
const REQUIRED: ReadonlyMap<string, string> = new Map([
  ['name', 'name each job with --name NAME, or "name" in a file'],
  ['application', 'name the application with --app NAME; `bjob app ls` lists them'],
])

/** One problem in a record. */
export interface FieldProblem {
  readonly message: string
  readonly field: string
  readonly path: readonly PropertyKey[]
  /** The remedy. */
  readonly hint?: string
}

export type Checked<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly problems: readonly FieldProblem[] }

/** Validates a job.yaml. */
export function checkSpec(record: unknown): Checked<JobSpec> {
  const checked = check(JOB_FIELDS, record, 'must be a map of fields')
  return checked.ok ? { ok: true, value: createSpec(checked.value) } : checked
}

/** Validates a record of `spawn`. */
export function checkSpawn(record: unknown): Checked<ParsedSpawn> {
  const checked = check(ALL_FIELDS, record, 'a job must be a map of fields')
  if (!checked.ok) return checked
  const { workflow, name, data } = Object.fromEntries(checked.value) as Omit<ParsedSpawn, 'spec'>
  return { ok: true, value: { workflow, name, spec: createSpec(checked.value), data } }
}

/**
 * The text value for data.json. @throws BjobError `bad-field` for a value that JSON cannot
 * represent
 */
export function checkData(data: unknown): unknown {
  const parsed = v.safeParse(DATA_FIELD.data.schema, data)
  if (parsed.success) return parsed.output
  throw problemError(toProblem('data', parsed.issues[0]))
}

/** The error of the first problem; `where` has file and line. */
export function problemError(problem: FieldProblem, where: ErrorDetail = {}): Error {
  const { message, field, hint } = problem
  return requestError('bad-field', message, { ...defined({ hint }), ...where, field })
}

/** @returns the given fields as parsed by their schemas */
function check(fields: FieldTable, record: unknown, what: string): Checked<ReadonlyMap<string, unknown>> {
  if (typeof record !== 'object' || record === null || Array.isArray(record))
    return { ok: false, problems: [{ message: what, field: '', path: [] }] }
  const { given, problems } = normaliseKeys(record)
  const names = Object.keys(fields)
  // A misspelt field is reported before the required one that is missing because of it.
  for (const key of given.keys()) if (!Object.hasOwn(fields, key)) problems.push(unknownField(key, names))
  const values = new Map<string, unknown>()
  for (const [name, { schema, takes }] of Object.entries(fields)) {
    const hint = REQUIRED.get(name)
    if (!given.has(name)) {
      if (hint !== undefined) problems.push({ message: `${name} is missing`, field: name, path: [name], hint })
      continue
    }
    // The spelling of numbers and booleans does not matter.
    const isPlain = takes === 'number' || takes === 'flag'
    try {
      const parsed = v.safeParse(schema, isPlain ? toPlain(given.get(name)) : given.get(name))
      if (parsed.success) values.set(name, parsed.output)
      else problems.push(...parsed.issues.map((issue) => toProblem(name, issue)))
    } catch (error) {
      if (!(error instanceof RangeError)) throw error
      problems.push({ message: `${name} contains itself or is nested too deeply`, field: name, path: [name] })
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
  return { message: `${field} ${issue.message}`, field, path, ...defined({ hint }) }
}

/** Converts every key to the spelling of job.yaml. */
function normaliseKeys(record: object): {
  readonly given: ReadonlyMap<string, unknown>
  readonly problems: FieldProblem[]
} {
  const given = new Map<string, unknown>()
  const problems: FieldProblem[] = []
  for (const [key, content] of Object.entries(record)) {
    if (content === undefined) continue
    const name = canonicalField(key)
    if (given.has(name)) problems.push({ message: `${name} given twice, once as ${key}`, field: name, path: [key] })
    given.set(name, content)
  }
  return { given, problems }
}

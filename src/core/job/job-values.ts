/** The types, names and defaults of a job's values, derived from the table of fields. */
import type * as v from 'valibot'
import { type DATA_FIELD, JOB_FIELDS, type JobField, type NAME_FIELDS } from './job-fields.ts'

type Camel<Key extends string> = Key extends `${infer Head}_${infer Tail}` ? `${Head}${Capitalize<Camel<Tail>>}` : Key

/** The values of all fields, under the library's names. */
export type JobFields = {
  readonly [Name in keyof typeof JOB_FIELDS as Camel<Name>]: v.InferOutput<(typeof JOB_FIELDS)[Name]['schema']>
}

type AllFields = typeof NAME_FIELDS & typeof JOB_FIELDS & typeof DATA_FIELD

/** The argument of `spawn`: a name, and any fields of a job. */
export type SpawnRequest = {
  readonly [Name in keyof AllFields as Camel<Name>]?: v.InferInput<AllFields[Name]['schema']> | undefined
} & {
  readonly name: string
  readonly application: string
}

const fields: readonly (readonly [string, JobField])[] = Object.entries(JOB_FIELDS)

/** In the spelling of job.yaml. */
export const FIELD_NAMES: readonly string[] = fields.map(([name]) => name)

/** Defaults of all fields, in the order of job.yaml; `undefined` without a default. */
export const DEFAULTS: Readonly<Record<string, unknown>> = createDefaults()

/**
 * V8 copies an object made by JSON as fast as a literal; one built key by key takes ten times as
 * long.
 */
function createDefaults(): Record<string, unknown> {
  const nulls = Object.fromEntries(fields.map(([name, { default: value = null }]) => [name, value]))
  const defaults = JSON.parse(JSON.stringify(nulls)) as Record<string, unknown>
  for (const [name, { default: value }] of fields) if (value === undefined) defaults[name] = undefined
  // All jobs share them.
  Object.values(defaults).forEach(Object.freeze)
  return defaults
}

/** Map fields, whose entries can be set separately. */
export const MAP_FIELDS: readonly string[] = fields.flatMap(([name, { takes }]) => (takes === 'pairs' ? [name] : []))

/** The fields of a job as options of `bjob spawn`, and how each word becomes a field's value. */
import fs from 'node:fs'
import { requestError } from '../../core/text/errors.ts'
import { parseJson } from '../../core/text/json-text.ts'
import { ALL_FIELDS, type JobField } from '../../core/job/job-fields.ts'
import { defined } from '../../lib/defined.ts'
import type { Input, Option } from '../command/option.ts'
import { LIST_OPTIONS } from '../command/list-output.ts'
import { SLURM_OPTIONS, fieldsOfSlurm } from './slurm-words.ts'

interface FieldOption extends Option {
  /** The field of job.yaml. */
  readonly field: string
  readonly takes: JobField['takes']
}

/** Every field of a new job; `--no-…` for what is true by default. */
const FIELD_OPTIONS: readonly FieldOption[] = Object.entries(ALL_FIELDS).map(([field, row]) => {
  const { takes, option = field, alias, also, unit, value = unit?.toUpperCase(), off } = row
  const name = option.replaceAll('_', '-')
  const isList = takes === 'patterns' || takes === 'pairs' ? (true as const) : undefined
  return {
    name: off === undefined ? name : `no-${name}`,
    ...defined({ alias, also, value, isList }),
    summary: off ?? `${row.summary}${defaultText(row)}`,
    field,
    takes,
  }
})

function defaultText({ takes, default: value }: JobField): string {
  return takes === 'number' && typeof value === 'number' ? ` (default ${value})` : ''
}

export const SPAWN_OPTIONS: readonly Option[] = [
  ...FIELD_OPTIONS,
  ...SLURM_OPTIONS,
  {
    name: 'from',
    value: 'FILE',
    summary: 'spawn the jobs listed in FILE: YAML, JSON Lines or commands; - reads standard input',
  },
  {
    name: 'format',
    value: 'records|commands',
    summary: 'format of FILE: records (default), or commands, one per line',
  },
  {
    name: 'if-exists',
    value: 'error|reuse|rename',
    summary: 'if the name exists: error (default), reuse the existing job, or rename the new one',
  },
  ...LIST_OPTIONS,
]

/** The record described by the options. @throws BjobError `bad-option` */
export function recordOf(input: Input): Record<string, unknown> {
  const record: Record<string, unknown> = {}
  for (const option of FIELD_OPTIONS) if (input.has(option.name)) record[option.field] = valueOf(option, input)
  Object.assign(record, fieldsOfSlurm(input, record))
  if (input.rest.length > 0) {
    if ('args' in record) throw requestError('bad-option', 'arguments given twice: with --args and after --')
    record['args'] = input.rest
  }
  return record
}

function valueOf({ name, takes }: FieldOption, input: Input): unknown {
  const text = input.text(name) ?? ''
  switch (takes) {
    case 'flag':
      return !name.startsWith('no-')
    case 'text':
      return text
    case 'json':
      return parseData(text)
    case 'number':
      return numberOf(text)
    case 'patterns':
      return patternsOf(input.list(name))
    case 'pairs':
      break
  }
  return Object.fromEntries(input.list(name).map((pair) => splitPair(name, pair)))
}

/**
 * A single text is split by the field; among several, existing files are kept whole and others
 * split at blanks.
 */
function patternsOf(given: readonly string[]): unknown {
  if (given.length === 1) return given[0]
  return given.flatMap((words) => (fs.existsSync(words) ? [words] : words.split(/\s+/).filter((word) => word !== '')))
}

/**
 * The value of a field given as one word, as for `bjob set`. @throws BjobError `bad-option` for
 * data that is not JSON
 */
export function fieldValue(field: string, text: string): unknown {
  switch (FIELD_OPTIONS.find((option) => option.field === field)?.takes) {
    case 'json':
      return parseData(text)
    case 'number':
      return numberOf(text)
    case 'patterns':
      return text.split(/\s+/).filter((word) => word !== '')
    case 'flag':
      return text === 'true' ? true : text === 'false' ? false : text
    case 'text':
    case 'pairs':
    case undefined:
      break
  }
  return text
}

/** Text that is not a number stays text, which the field's check rejects. */
function numberOf(text: string): unknown {
  return /^[+-]?(\d+\.?\d*|\.\d+)(e[+-]?\d+)?$/i.test(text) ? Number(text) : text
}

function splitPair(name: string, pair: string): [string, string] {
  const at = pair.indexOf('=')
  if (at < 1) throw requestError('bad-option', `--${name} must be NAME=VALUE, not ${JSON.stringify(pair)}`)
  return [pair.slice(0, at), pair.slice(at + 1)]
}

function parseData(text: string): unknown {
  try {
    return parseJson(text)
  } catch (error) {
    throw requestError('bad-option', `data is not JSON: ${error instanceof Error ? error.message : text}`)
  }
}

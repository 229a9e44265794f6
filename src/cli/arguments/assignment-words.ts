/**
 * Words `field=value` of `bjob set` and `bjob clone`: separated from ids and parsed by the field's
 * type.
 */
import { requestError } from '../../core/text/errors.ts'
import { parseJson } from '../../core/text/json-text.ts'
import { canonicalField } from '../../core/job/field-names.ts'
import { MAP_FIELDS } from '../../core/job/job-values.ts'
import { type FieldAssignment, checkField } from '../../client/change/amend.ts'
import type { CloneAssignment } from '../../client/spawn/plan-clones.ts'
import { fieldValue } from './spawn-options.ts'

const ASSIGNMENT = /^([A-Za-z_]+)(?:\.([^=]+))?=([^]*)$/

export const ASSIGNMENT_HELP = `Set a field with FIELD=VALUE, and one entry of tags or environ_vars with
tags.KEY=VALUE. An empty VALUE restores the default, or removes the entry.`

/**
 * Like `splitAssignments`, and `NAME:FIELD=VALUE` for the job with that name. @throws BjobError
 * `unknown-field`, `bad-option`
 */
export function splitCloneAssignments(words: readonly string[]): { ids: string[]; assignments: CloneAssignment[] } {
  const ids: string[] = []
  const assignments: CloneAssignment[] = []
  for (const word of words) {
    const [, name, rest = word] = /^([^:=/]+):([^]*)$/.exec(word) ?? []
    const split = splitAssignments([rest])
    ids.push(...split.ids)
    assignments.push(
      ...split.assignments.map((assignment) => (name === undefined ? assignment : { ...assignment, name })),
    )
  }
  return { ids, assignments }
}

/** @throws BjobError `unknown-field`, `bad-option` */
export function splitAssignments(words: readonly string[]): { ids: string[]; assignments: FieldAssignment[] } {
  const ids: string[] = []
  const assignments: FieldAssignment[] = []
  for (const word of words) {
    const match = ASSIGNMENT.exec(word)
    if (match === null) ids.push(word)
    else assignments.push(parseAssignment(match[1] ?? '', match[2], match[3] ?? ''))
  }
  return { ids, assignments }
}

function parseAssignment(field: string, key: string | undefined, text: string): FieldAssignment {
  checkField(field)
  const name = canonicalField(field)
  if (key !== undefined) {
    if (!MAP_FIELDS.includes(name))
      throw requestError('bad-option', `${field} is not a map; only ${MAP_FIELDS.join(' and ')} have entries`, {
        field,
      })
    return { field: name, key, value: text === '' ? undefined : text }
  }
  if (text === '' && name !== 'data') return { field: name, value: undefined }
  return { field: name, value: MAP_FIELDS.includes(name) ? parseMap(field, text) : fieldValue(name, text) }
}

function parseMap(field: string, text: string): unknown {
  try {
    return parseJson(text)
  } catch {
    throw requestError('bad-option', `${field} must be a JSON map; set one entry with ${field}.KEY=VALUE`, { field })
  }
}

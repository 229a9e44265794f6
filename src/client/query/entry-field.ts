/** Reads a field of a job by its name, in either spelling: its own fields and its specification. */
import { type JobEntry, shownState, specOf } from '../../core/index/job-entry.ts'
import { canonicalField } from '../../core/job/field-names.ts'
import { nameOf, workflowOf } from '../../core/job/id.ts'
import { FIELD_NAMES } from '../../core/job/job-values.ts'
import { requestError } from '../../core/text/errors.ts'
import { didYouMean } from '../../lib/text/nearest.ts'

/** Fields of a job outside its specification. */
const OWN_FIELDS: Readonly<Record<string, (entry: JobEntry) => unknown>> = {
  id: (entry) => entry.id,
  name: ({ id }) => nameOf(id),
  workflow: ({ id }) => workflowOf(id),
  state: shownState,
  attempt: (entry) => entry.attempt,
  launcher: (entry) => entry.launcher,
  born: (entry) => entry.born,
  changed: (entry) => entry.changed,
}

/** The function that reads `field` from an entry. @throws BjobError `unknown-field` */
export function readerOf(field: string): (entry: JobEntry) => unknown {
  const own = OWN_FIELDS[field]
  if (own !== undefined) return own
  const name = canonicalField(field)
  if (!FIELD_NAMES.includes(name)) {
    const known = [...Object.keys(OWN_FIELDS), ...FIELD_NAMES]
    throw requestError('unknown-field', `a job has no field ${field}${didYouMean(field, known)}`, {
      field,
      hint: `fields: ${known.join(' ')}`,
    })
  }
  return (entry) => specOf(entry).field(name)
}

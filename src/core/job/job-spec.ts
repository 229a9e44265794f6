/**
 * The specification of a job. In memory it is a typed object with every field; in job.yaml, the
 * journal and snapshots it is the record of fields that differ from their defaults, with the
 * spelling of files. The object keeps that record and reads fields from it, so no conversion is
 * needed.
 */
import { libraryName } from './field-names.ts'
import { DEFAULTS, FIELD_NAMES, type JobFields } from './job-values.ts'

/** The fields that differ from their defaults, in the spelling of files. */
export type SpecRecord = Readonly<Record<string, unknown>>

class RecordedSpec {
  readonly record: SpecRecord

  constructor(record: SpecRecord) {
    this.record = record
  }

  /** A copy with other values for some fields. */
  with(changes: Partial<JobFields>): JobSpec {
    const values = new Map(Object.entries(this.record))
    for (const [key, value] of Object.entries(changes)) values.set(fileName(key), value)
    return createSpec(values)
  }

  /** A field's value by its name in files. */
  field(name: string): unknown {
    return this.record[name] ?? DEFAULTS[name]
  }

  /** The form in job.yaml, the journal and snapshots. */
  toJSON(): SpecRecord {
    return this.record
  }
}

/** A spread copies no fields: use `with` for another specification, `plainFields` for an object. */
export type JobSpec = JobFields & RecordedSpec

const fileNames = new Map<string, string>()
const defaultsText: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(DEFAULTS).map(([name, value]) => [name, JSON.stringify(value)]),
)

for (const name of FIELD_NAMES) {
  const unlessGiven = DEFAULTS[name]
  fileNames.set(libraryName(name), name)
  Object.defineProperty(RecordedSpec.prototype, libraryName(name), {
    get(this: RecordedSpec) {
      return this.record[name] ?? unlessGiven
    },
  })
}

/** From bjob's own records, unchecked: the journal and snapshots. */
export function decodeSpec(record: SpecRecord): JobSpec {
  return new RecordedSpec(record) as JobSpec
}

/** From checked values, by the names of files. */
export function createSpec(values: ReadonlyMap<string, unknown>): JobSpec {
  // Equal fields in equal order share a hidden class in V8 and compare equal as text.
  const record: Record<string, unknown> = {}
  for (const name of FIELD_NAMES) {
    const value = values.get(name)
    if (value !== undefined && !isDefault(name, value)) record[name] = value
  }
  return decodeSpec(record)
}

/** The assumption for a job with a known state only. */
export const UNKNOWN_SPEC = decodeSpec({})

export function isSameSpec(one: JobSpec, other: JobSpec): boolean {
  return JSON.stringify(one) === JSON.stringify(other)
}

/** A copy of all fields with their values, under the library's names. */
export function plainFields(spec: JobSpec): JobFields {
  const fields = FIELD_NAMES.map((name) => [libraryName(name), structuredClone(spec.field(name))] as const)
  return Object.fromEntries(fields.filter(([, value]) => value !== undefined)) as JobFields
}

/** The record of all fields, including defaults. */
export function fullRecord({ record }: JobSpec): SpecRecord {
  return { ...DEFAULTS, ...record }
}

function isDefault(name: string, value: unknown): boolean {
  return value === DEFAULTS[name] || (typeof value === 'object' && JSON.stringify(value) === defaultsText[name])
}

function fileName(key: string): string {
  return fileNames.get(key) ?? key
}

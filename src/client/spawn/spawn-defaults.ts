/** Default fields of records: from the site's settings, or from the command line. */
import path from 'node:path'
import { requestError } from '../../core/text/errors.ts'
import { canonicalField } from '../../core/job/field-names.ts'
import { checkSpawn } from '../../core/job/check-spec.ts'
import { SITE_FILE } from '../../site/disk/layout.ts'
import type { Site } from '../../site/site.ts'

/** The record over the defaults, in any spelling. */
export function withDefaults(record: unknown, defaults: Readonly<Record<string, unknown>>): unknown {
  if (typeof record !== 'object' || record === null || Array.isArray(record)) return record
  const fields = Object.entries(defaults)
  if (fields.length === 0) return record
  const given = new Set(
    Object.entries(record).flatMap(([key, value]) => (value === undefined ? [] : [canonicalField(key)])),
  )
  const under = fields.filter(([key]) => !given.has(canonicalField(key)))
  return { ...Object.fromEntries(under), ...record }
}

/** @throws BjobError `bad-setting` if the defaults in bjob.yaml are invalid */
export function checkDefaults(site: Site): void {
  const { defaults } = site.settings
  if (Object.keys(defaults).length === 0) return
  const checked = checkSpawn({ name: 'any', application: 'any', ...defaults })
  const problem = checked.ok ? undefined : checked.problems[0]
  if (problem !== undefined) {
    throw requestError('bad-setting', `defaults: ${problem.message}`, {
      path: path.join(site.layout.root, SITE_FILE),
      field: `defaults.${problem.field}`,
    })
  }
}

/** A job as `--json` prints it: where it stands, and the keys of its specification as job.yaml spells them, defaults filled in. */
import type { IndexEntry } from '../core/job-index.ts'
import { FIELD_NAMES, fromRecord } from '../core/specification.ts'
import type { Site } from '../site/site.ts'

export function jobRecord(site: Site, entry: IndexEntry, broken?: string): Record<string, unknown> {
  const { id, state, attempt, launcher, kill, notBefore, born, changed, spec } = entry
  return {
    id,
    state,
    attempt,
    launcher: launcher ?? null,
    dir: site.layout.job(id).dir,
    born,
    changed,
    ...(kill === undefined ? {} : { kill }),
    ...(notBefore === undefined ? {} : { not_before: notBefore }),
    ...(broken === undefined ? {} : { broken }),
    ...(spec === undefined ? {} : specificationFields(spec)),
  }
}

function specificationFields(spec: NonNullable<IndexEntry['spec']>): Record<string, unknown> {
  const values = new Map<string, unknown>(Object.entries(fromRecord(spec)))
  return Object.fromEntries(
    FIELD_NAMES.map((name) => [
      name,
      values.get(name.replaceAll(/_([a-z])/g, (_, letter: string) => letter.toUpperCase())),
    ]),
  )
}

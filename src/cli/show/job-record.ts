/**
 * A job as printed by `--json`: its state, and its specification with the keys of job.yaml and
 * defaults filled in.
 */
import type { JobEntry } from '../../core/index/job-entry.ts'
import { FIELD_NAMES } from '../../core/job/job-values.ts'
import { fullRecord } from '../../core/job/job-spec.ts'
import { defined } from '../../lib/defined.ts'
import type { Site } from '../../site/site.ts'

/** The columns of `--csv`. */
export const JOB_COLUMNS: readonly string[] = [
  'id state attempt launcher dir born changed kill not_before deaths broken'.split(' '),
  FIELD_NAMES,
].flat()

export function jobRecord(site: Site, entry: JobEntry): Record<string, unknown> {
  const { id, state, attempt, launcher, kill, notBefore, deaths, born, changed, broken, spec } = entry
  return {
    id,
    state,
    attempt,
    launcher: launcher ?? null,
    dir: site.layout.job(id).dir,
    born,
    changed,
    ...defined({ kill, not_before: notBefore, deaths, broken }),
    ...(spec === undefined ? {} : fullRecord(spec)),
  }
}

/** Copies jobs: one, or a whole workflow with its parents and children. */
import { requestError } from '../../core/text/errors.ts'
import { parseJson } from '../../core/text/json-text.ts'
import { type JobId, jobId, splitId } from '../../core/job/id.ts'
import type { JobEntry } from '../../core/index/job-entry.ts'
import { readData } from '../../site/job/job-files.ts'
import { readSpec } from '../../site/job/jobs.ts'
import type { Site } from '../../site/site.ts'
import { type FieldAssignment, setField } from '../change/amend.ts'
import { dagOf } from '../change/change.ts'
import { findStaged } from './new-input-files.ts'
import type { SpawnRecord } from './spawn-plan.ts'

export interface CloneOptions {
  /** Workflow of the new jobs; default: that of the originals. */
  readonly workflow?: string
  /** Name of the new job, for a single one; default: that of the original. */
  readonly name?: string
  /** Changed fields: for all new jobs, or for the one whose original has the `name`. */
  readonly assignments?: readonly CloneAssignment[]
}

export interface CloneAssignment extends FieldAssignment {
  readonly name?: string
}

/**
 * The spawn records for copies of `ids`, with fields, input files and data. Parents among them are
 * replaced by their copies.
 * @param entries all jobs of the site, for their relations
 * @throws BjobError `unknown-job`, also for an assignment without a job; or for broken files
 */
export async function planClones(
  site: Site,
  ids: readonly JobId[],
  entries: readonly JobEntry[],
  options: CloneOptions = {},
): Promise<SpawnRecord[]> {
  for (const { name } of options.assignments ?? [])
    if (name !== undefined && !ids.some((id) => splitId(id).name === name))
      throw requestError('unknown-job', `none of the jobs to clone has the name ${name}`, { field: 'name' })
  const cloneOf = new Map(
    ids.map((id) => {
      const { workflow, name } = splitId(id)
      return [id, { workflow: options.workflow ?? workflow, name: options.name ?? name }]
    }),
  )
  const records: SpawnRecord[] = []
  for (const id of dagOf(entries).levels(ids).flat()) {
    const spec = await readSpec(site, id)
    const data = await readData(site, id, parseJson)
    const parents = spec.parents.map((parent) => {
      const clone = cloneOf.get(parent)
      return clone === undefined ? parent : jobId(clone.workflow, clone.name)
    })
    const record = new Map<string, unknown>(Object.entries(spec.with({ parents }).record))
    if (data !== undefined) record.set('data', data)
    for (const assignment of options.assignments ?? [])
      if (assignment.name === undefined || assignment.name === splitId(id).name) setField(record, assignment)
    records.push({
      record: { ...cloneOf.get(id), ...Object.fromEntries(record) },
      // job.yaml omits what equals bjob's default, also where the site's differs.
      isComplete: true,
      staged: await findStaged(site, id, spec),
    })
  }
  return records
}

/**
 * Results of changing jobs, job by job: done, not needed, or impossible with a reason. A failure
 * does not affect other jobs.
 */
import { BjobError } from '../../core/text/errors.ts'
import { Dag } from '../../core/index/dag.ts'
import type { JobId } from '../../core/job/id.ts'
import { type JobEntry, specOf } from '../../core/index/job-entry.ts'
import { mapConcurrently, AT_ONCE } from '../../lib/concurrently.ts'
import { breakageText } from '../../site/job/breakage.ts'

/** `would`: dry run. `left`: already so. `refused`: with a remedy. `failed`: broken files. */
export interface Change {
  readonly id: JobId
  readonly kind: 'done' | 'would' | 'left' | 'refused' | 'failed'
  /** One line that follows the id. */
  readonly message: string
}

export interface ChangeOptions {
  /** Report changes without making them. */
  readonly dryRun?: boolean
}

/**
 * Changes each of `ids` and returns the results in order. @throws errors other than BjobError: the
 * file system's
 */
export async function changeEach(
  ids: Iterable<JobId>,
  change: (id: JobId) => Promise<Omit<Change, 'id'>>,
): Promise<Change[]> {
  return mapConcurrently(ids, AT_ONCE, async (id) => {
    try {
      return { id, ...(await change(id)) }
    } catch (error) {
      if (!(error instanceof BjobError)) throw error
      const kind = error.kind === 'request' ? 'refused' : 'failed'
      return { id, kind, message: `${breakageText(error)} (${error.hint})` }
    }
  })
}

/** Like `changeEach`, parents before children. */
export async function changeInOrder(
  ids: Iterable<JobId>,
  dag: Dag,
  change: (id: JobId) => Promise<Omit<Change, 'id'>>,
): Promise<Change[]> {
  const changes: Change[] = []
  for (const level of dag.levels(ids)) changes.push(...(await changeEach(level, change)))
  return changes
}

export function dagOf(entries: Iterable<JobEntry>): Dag {
  return new Dag([...entries].map((entry) => ({ id: entry.id, parents: parentsOf(entry) })))
}

export function parentsOf(entry: JobEntry): readonly JobId[] {
  return specOf(entry).parents
}

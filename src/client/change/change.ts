/** What changing jobs comes to, job by job: done, not needed, or not possible and why. One that cannot be changed keeps no other from it. */
import { BjobError } from '../../core/text/errors.ts'
import { Dag } from '../../core/index/dag.ts'
import type { JobId } from '../../core/job/id.ts'
import { type JobEntry, specOf } from '../../core/index/job-entry.ts'
import { mapConcurrently, AT_ONCE } from '../../lib/concurrently.ts'
import { breakageText } from '../../site/job/breakage.ts'

/** `would`: it was only asked what would be done. `left`: it is so already. `refused`: with the way to do it. `failed`: its files are broken. */
export interface Change {
  readonly id: JobId
  readonly kind: 'done' | 'would' | 'left' | 'refused' | 'failed'
  /** One line for a person, to stand behind the id. */
  readonly message: string
}

export interface ChangeOptions {
  /** Only say what would be done. */
  readonly dryRun?: boolean
}

/** Changes each of `ids`; the answers are in their order. @throws what is no BjobError: the file system's errors */
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

/** As `changeEach`, parents before their children. */
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

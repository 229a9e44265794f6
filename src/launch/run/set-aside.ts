/**
 * Sets aside a job with unusable files and records the reason in the journal, so that others
 * continue.
 */
import { BjobError } from '../../core/text/errors.ts'
import type { JobEntry } from '../../core/index/job-entry.ts'
import { breakageText } from '../../site/job/breakage.ts'
import type { Site } from '../../site/site.ts'
import type { RunResult, RunContext } from './run-context.ts'
import type { QueuedJob } from '../run-queue.ts'

/** @throws `error` if it is not about the job's files, or if another user may read them */
export async function setAside({ site, report }: RunContext, candidate: QueuedJob, error: unknown): Promise<RunResult> {
  if (!(error instanceof BjobError) || error.code === 'forbidden-file') throw error
  if (error.code === 'unknown-job') return { kind: 'absent' }
  const broken = await announceBroken(site, candidate, error)
  report({ kind: 'problem', id: candidate.id, message: `${candidate.id} set aside: ${broken}` })
  return { kind: 'broken' }
}

/** Records a job's broken files in the journal. @returns the reason in words */
export async function announceBroken(
  site: Site,
  { id, born, revision }: Pick<JobEntry, 'id' | 'born' | 'revision'>,
  error: BjobError,
): Promise<string> {
  const broken = breakageText(error)
  // A newer bjob's job is not broken; its own launchers run it.
  if (error.code === 'newer-format') return broken
  const announced = await site.journal.announce({
    id,
    born,
    revision,
    state: 'CREATED',
    attempt: 0,
    broken,
    history: [],
  })
  announced.settle(true)
  return broken
}

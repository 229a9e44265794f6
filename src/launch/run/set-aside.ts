/** A job whose files cannot be used is set aside, with the reason in the journal; the others go on. */
import { BjobError } from '../../core/text/errors.ts'
import type { JobEvent } from '../../core/index/events.ts'
import { breakageText } from '../../site/job/breakage.ts'
import type { RunResult, Surroundings } from './run-context.ts'
import type { Candidate } from '../run-queue.ts'

/** @throws `error`, when it is not about the job's files */
export async function setAside(
  { site, report }: Surroundings,
  candidate: Candidate,
  error: unknown,
): Promise<RunResult> {
  if (!(error instanceof BjobError)) throw error
  if (error.code === 'unknown-job') return { kind: 'absent' }
  const { id, born, revision } = candidate
  const broken = breakageText(error)
  const event: JobEvent = { id, born, revision, state: 'CREATED', attempt: 0, broken, history: [] }
  // A newer bjob's job is no broken one: its own launchers run it.
  if (error.code !== 'newer-format') (await site.journal.announce(event)).settle(true)
  report({ kind: 'problem', id, message: `${id} set aside: ${broken}` })
  return { kind: 'broken' }
}

/** The states of the site's submissions, from the schedulers. */
import { hasCommand, runCommand } from '../../lib/process/run-command.ts'
import { type BatchStatus, saysUnknownJob } from '../../platform/schedulers/scheduler.ts'
import { findScheduler } from '../../platform/schedulers/schedulers.ts'
import type { Submission } from '../../site/launcher/submissions.ts'

/** Timeout, so that a scheduler does not delay a listing. */
const STATUS_TIMEOUT_MS = 15_000
/** Number of newest submissions per scheduler that are queried. */
const ASKED = 200

/**
 * Asks the schedulers, except about submissions with a recorded end.
 * @returns by submission; no entry if its scheduler did not answer, or it has no id
 */
export async function askSchedulers(submissions: readonly Submission[]): Promise<Map<string, BatchStatus>> {
  const status = new Map<string, BatchStatus>()
  const groups = new Map<string, Submission[]>()
  for (const submission of submissions) {
    const { scheduler, scheduler_id: schedulerId, ended } = submission.record
    if (ended !== undefined) status.set(submission.id, { state: 'ended', raw: ended })
    else if (schedulerId !== undefined) groups.set(scheduler, [...(groups.get(scheduler) ?? []), submission])
  }
  for (const [name, group] of groups) {
    const asked = group.slice(-ASKED)
    const ids = asked.map(({ record }) => record.scheduler_id ?? '')
    const states = await askScheduler(name, ids)
    for (const { id, record } of asked) {
      const state = states.get(record.scheduler_id ?? '')
      if (state !== undefined) status.set(id, state)
    }
  }
  return status
}

async function askScheduler(name: string, ids: readonly string[]): Promise<Map<string, BatchStatus>> {
  const scheduler = findScheduler(name)
  const command = scheduler.statusCommand(ids)
  if (!hasCommand(command[0] ?? '')) return new Map()
  const { code, stdout, stderr } = await runCommand(command, STATUS_TIMEOUT_MS)
  const states = scheduler.parseStatus(stdout, ids)
  // An unreachable scheduler also reports no job; only an answer means that the job has ended.
  const hasAnswered = code === 0 || saysUnknownJob(stderr + stdout)
  return new Map([...states].filter(([, { state }]) => hasAnswered || state !== 'unknown'))
}

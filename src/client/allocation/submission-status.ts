/** What has become of the site's submissions, as the schedulers tell it. */
import { hasCommand, runCommand } from '../../lib/process/run-command.ts'
import { type BatchStatus, saysUnknownJob } from '../../platform/schedulers/scheduler.ts'
import { findScheduler } from '../../platform/schedulers/schedulers.ts'
import type { Submission } from '../../site/launcher/submissions.ts'

/** Asked for a state, a scheduler should not hold up a listing. */
const STATUS_TIMEOUT_MS = 15_000
/** The states of this many submissions of a scheduler are asked for, the newest. */
const ASKED = 200

/**
 * Asks the schedulers, those that ended long ago and were remembered left out.
 * @returns by submission; nothing for one whose scheduler could not be asked, or that has no id to ask for
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
  // A scheduler that cannot be reached says nothing of a job, as one that has forgotten it does; only the latter means an end.
  const hasAnswered = code === 0 || saysUnknownJob(stderr + stdout)
  return new Map([...states].filter(([, { state }]) => hasAnswered || state !== 'unknown'))
}

/**
 * A claimed job during its run: commits its steps, and its end or its return to the queue. Each
 * commit returns the run's result if the run is over.
 */
import { afterDeath, deathOf } from '../../core/life/deaths.ts'
import { firstLine } from '../../core/life/event-words.ts'
import type { Loss } from '../../core/life/history-event.ts'
import type { HistoryEntry, JobState } from '../../core/life/job-state.ts'
import {
  type AttemptOutcome,
  countFailures,
  killEvent,
  retryTime,
  stepsFor,
  stepsOfRelease,
} from '../../core/life/outcome.ts'
import type { JobSpec } from '../../core/job/job-spec.ts'
import { isEnded } from '../../core/life/states.ts'
import { defined } from '../../lib/defined.ts'
import type { Claim } from './job-claim.ts'
import type { JobToRun } from './job-command.ts'
import { type Move, OwnedJob, type Refusal } from './owned-job.ts'
import type { ResourceRelease, RunContext, RunResult } from './run-context.ts'
import type { Stopping } from './stopping.ts'

/** The history steps that follow from the job's current state. */
export type Decide = (current: JobState, now: string) => readonly HistoryEntry[]

export class ClaimedRun {
  readonly context: RunContext
  readonly stopping: Stopping
  /** Releases the job's resources; later calls do nothing. */
  readonly release: (reason?: ResourceRelease) => void
  readonly #job: JobToRun
  readonly #owned: OwnedJob

  constructor(
    context: RunContext,
    { claimed, job }: Claim,
    stopping: Stopping,
    release: (reason?: ResourceRelease) => void,
  ) {
    this.context = context
    this.stopping = stopping
    this.release = release
    this.#job = job
    this.#owned = new OwnedJob(context, job.id, claimed)
  }

  /** The job in its current attempt. */
  get job(): JobToRun {
    const { attempt } = this.state
    return attempt === this.#job.attempt ? this.#job : { ...this.#job, attempt }
  }

  get state(): JobState {
    return this.#owned.state
  }

  /** Commits steps. @returns the result if the job went no further */
  async move(decide: (current: JobState, now: string) => Move): Promise<RunResult | undefined> {
    const moved = await this.#owned.move(decide)
    return typeof moved === 'string' ? { kind: moved } : undefined
  }

  /** Commits an end or a restart. @param policy delay before the next attempt of a failed job */
  async end(decide: Decide, policy?: JobSpec): Promise<RunResult> {
    const ended = await this.#owned.move((current, now) => {
      const steps = [...decide(current, now)]
      // A kill request counts even if this launcher learned of it too late.
      if (current.kill !== undefined && !isEnded(steps.at(-1)?.state ?? current.state))
        steps.push({ time: now, state: 'USER_KILLED', event: killEvent(current.kill, current.early) })
      if (isEnded(steps.at(-1)?.state ?? current.state)) return { steps, alteration: { kill: undefined } }
      const failures = countFailures([...current.history, ...steps])
      const hasFailed = policy !== undefined && failures > countFailures(current.history)
      const notBefore = hasFailed ? retryTime(failures, policy, now) : undefined
      return { steps, alteration: { kill: undefined, launcher: undefined, notBefore } }
    })
    return this.#report(ended)
  }

  /** Commits the loss of the job's processes. */
  async recordLoss(loss: Loss): Promise<RunResult> {
    const { crashLimit } = this.#job.spec
    return this.#report(await this.#owned.move((current, now) => afterDeath(current, loss, crashLimit, now)))
  }

  /**
   * Returns a job whose hook or transfer was stopped to the queue, unless it was killed.
   * @param before steps that were done before the stop
   */
  async requeue(
    outcome: AttemptOutcome,
    before: (now: string) => readonly HistoryEntry[] = () => [],
  ): Promise<RunResult> {
    if (outcome.kind === 'killed')
      return this.end((current, now) => stepsFor(withEarlyStop(outcome, current), NO_RETRY, 0, now))
    const loss = lossOf(outcome)
    if (loss.why === 'node-error') this.release(loss)
    if (deathOf(loss) !== undefined) return this.recordLoss(loss)
    return this.end(({ state }, now) => {
      const done = before(now)
      return [...done, ...stepsOfRelease(done.at(-1)?.state ?? state, loss, now)]
    })
  }

  #report(ended: JobState | Refusal): RunResult {
    if (typeof ended === 'string') return { kind: ended }
    const { id } = this.#job
    this.context.report({
      kind: 'job-ended',
      id,
      state: ended.state,
      message: `${id} ${ended.state}${summaryOf(ended)}`,
    })
    return { kind: 'ended', state: ended }
  }
}

/** For an early-stopped evaluation, the record comes from the job's state, not from the request. */
export function withEarlyStop(outcome: AttemptOutcome, { early }: JobState): AttemptOutcome {
  return outcome.kind === 'killed' && early !== undefined ? { ...outcome, early } : outcome
}

/** The reason why a hook or a transfer was stopped and will be repeated. */
function lossOf(outcome: AttemptOutcome): Loss {
  if (outcome.kind === 'lost') return outcome.loss
  const { why, by } = outcome.kind === 'interrupted' ? outcome : { why: 'requested' as const, by: undefined }
  return { why, ...defined({ by }) }
}

const NO_RETRY = { maxRetries: 0, autoTimeoutRetry: false }

function summaryOf(state: JobState): string {
  const messages = state.history.slice(-2).map(firstLine)
  const last = messages.findLast((message) => message !== '')
  return last === undefined ? '' : `: ${last}`
}

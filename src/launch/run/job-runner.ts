/**
 * Runs one job from claim to end: stage-in, preprocess, processes of the attempt, postprocess,
 * stage-out; then commits the end, which only the owner of this attempt can do.
 */
import { setImmediate } from 'node:timers/promises'
import { BjobError } from '../../core/text/errors.ts'
import { afterDeath, deathOf } from '../../core/life/deaths.ts'
import { firstLine } from '../../core/life/event-words.ts'
import type { Loss, StagingName } from '../../core/life/history-event.ts'
import { inputsAtStart } from '../../core/life/job-inputs.ts'
import type { HistoryEntry, JobState } from '../../core/life/job-state.ts'
import type { Assignment } from '../../core/placement/node-pool.ts'
import {
  type HookResult,
  type AttemptOutcome,
  type Stop,
  countFailures,
  isForPostprocess,
  killEvent,
  retryTime,
  stepsAfterPostprocess,
  stepsAfterPreprocess,
  stepsAfterStaging,
  stepsFor,
  stepsOfRelease,
  stepsWithoutPostprocess,
} from '../../core/life/outcome.ts'
import type { JobSpec } from '../../core/job/job-spec.ts'
import { isEnded, isHandled } from '../../core/life/states.ts'
import { defined } from '../../lib/defined.ts'
import { linkInputs } from '../../site/job/stage-in.ts'
import { clearVerdict, readVerdict } from '../../site/job/verdict.ts'
import { beginStep, isToPreprocess, isToStageIn, startStep } from './claim-steps.ts'
import { executeJob } from './execution.ts'
import { runHook } from './hooks.ts'
import { type Claim, claimJob } from './job-claim.ts'
import type { JobToRun } from './job-command.ts'
import { OwnedJob, type Refusal } from './owned-job.ts'
import type { QueuedJob } from '../run-queue.ts'
import { hasStageOut, isDoneWell, stageIn, stageOut } from './staging.ts'
import { Stopping } from './stopping.ts'
import type { RunResult, RunContext, ResourceRelease } from './run-context.ts'

export class JobRun {
  readonly candidate: QueuedJob
  readonly #context: RunContext
  readonly #stopping = new Stopping()

  readonly #assignment: Assignment
  readonly #onRelease: (reason: ResourceRelease) => void
  #isReleased = false
  #crashLimit = 0

  /** @param onRelease called once when the job needs its resources no longer */
  constructor(
    candidate: QueuedJob,
    assignment: Assignment,
    context: RunContext,
    onRelease: (reason: ResourceRelease) => void,
  ) {
    this.candidate = candidate
    this.#assignment = assignment
    this.#context = context
    this.#onRelease = onRelease
  }

  /** Claims the job, runs it and commits its end. Throws only on bugs in bjob. */
  async run(): Promise<RunResult> {
    try {
      const claim = await claimJob(this.#context, this.candidate, this.#assignment, this.#stopping)
      if (claim.kind === 'claimed') return await this.#live(claim)
      this.#release(claim.kind === 'not-mine' ? 'outrun' : 'over')
      return claim
    } finally {
      this.#release()
    }
  }

  /** Runs all steps of the claimed job. */
  async #live({ claimed, job }: Claim): Promise<RunResult> {
    const { spec, application } = job
    const owned = new OwnedJob(this.#context, job.id, claimed)
    this.#crashLimit = spec.crashLimit
    if (isHandled(claimed.state)) return this.#postprocess(owned, job)
    if (claimed.state === 'POSTPROCESSED') return this.#stageOut(owned, job)
    const refused =
      (await this.#linkInputs(owned, spec)) ?? (await this.#stageIn(owned, job)) ?? (await this.#preprocess(owned, job))
    if (refused !== undefined) return refused
    const { attempt } = owned.state
    const outcome = await executeJob(this.#context, { ...job, attempt }, this.#stopping)
    if (outcome.kind === 'lost') {
      if (outcome.loss.why === 'node-error') this.#release(outcome.loss)
      if (deathOf(outcome.loss) !== undefined) return this.#bury(owned, outcome.loss)
    }
    if (application.postprocess !== undefined && isForPostprocess(outcome, spec))
      return this.#handOver(owned, { ...job, attempt }, outcome)
    if (!hasStageOut(spec)) {
      this.#release()
      // The next job starts first: a free core should not wait for this end to be written.
      await setImmediate()
    }
    return this.#finish(
      owned,
      { ...job, attempt },
      (current, now) => stepsFor(asAsked(outcome, current), spec, countFailures(current.history), now),
      spec,
    )
  }

  /** Stops the job: TERM, KILL after `graceMs`; it ends as `outcome`. Later calls only hurry it. */
  stop(outcome: Stop, graceMs: number): void {
    this.#stopping.stop(outcome, graceMs)
  }

  isOn(node: string): boolean {
    return this.#assignment.shares.some(({ name }) => name === node)
  }

  /** Links the parents' files, or fails the job. @returns the result if the job went no further */
  async #linkInputs(owned: OwnedJob, spec: JobSpec): Promise<RunResult | undefined> {
    if (inputsAtStart(owned.state, spec) !== 'link') return undefined
    try {
      const { unmatched } = await linkInputs(this.#context.site, this.candidate.id, spec)
      if (unmatched.length === 0) return undefined
      const event = { kind: 'unmatched', patterns: unmatched } as const
      const moved = await owned.move(({ state }, time) => ({ steps: [{ time, state, event }] }))
      return typeof moved === 'string' ? { kind: moved } : undefined
    } catch (error) {
      if (!(error instanceof BjobError)) throw error
      const impossible = { kind: 'impossible', reason: error.message } as const
      return this.#end(owned, (_, now) => stepsFor(impossible, spec, 0, now))
    }
  }

  /** Leads to RUNNING or the preprocess. @returns the result if the job went no further */
  async #stageIn(owned: OwnedJob, job: JobToRun): Promise<RunResult | undefined> {
    if (!isToStageIn(owned.state, job)) return undefined
    const end = await stageIn(this.#context, owned.state, job, this.#stopping)
    if (end.kind === 'stopped') return this.#giveBack(owned, end.outcome)
    if (end.kind === 'failed') return this.#failStaging(owned, job, 'stage-in', end)
    const staged = (now: string): HistoryEntry => ({ time: now, state: 'STAGED_IN', event: end.staged })
    const { outcome: stop } = this.#stopping
    if (stop !== undefined) return this.#giveBack(owned, stop, (now) => [staged(now)])
    const moved = await owned.move((current, now) => {
      if (isToPreprocess(current, job)) {
        const begin = beginStep(this.#context, job, 'preprocess', 'STAGED_IN', now)
        return { steps: [staged(now), begin] }
      }
      const next = { ...job, attempt: current.attempt + 1 }
      return { steps: [staged(now), startStep(this.#context, next, now)], alteration: { attempt: next.attempt } }
    })
    return typeof moved === 'string' ? { kind: moved } : undefined
  }

  /** Stages out the files of a successful job, which then has finished. */
  async #stageOut(owned: OwnedJob, job: JobToRun): Promise<RunResult> {
    const end = await stageOut(this.#context, job, this.#stopping)
    this.#release()
    if (end.kind === 'stopped') return this.#giveBack(owned, end.outcome)
    if (end.kind === 'failed') return this.#failStaging(owned, job, 'stage-out', end)
    return this.#end(owned, (_, now) => [{ time: now, state: 'JOB_FINISHED', event: end.staged }])
  }

  async #failStaging(
    owned: OwnedJob,
    { spec }: JobToRun,
    what: StagingName,
    end: HookResult & { kind: 'failed' },
  ): Promise<RunResult> {
    const decide = ({ state, history }: JobState, now: string): HistoryEntry[] =>
      stepsAfterStaging(what, state, end, spec, countFailures(history), now)
    return this.#end(owned, decide, spec)
  }

  /**
   * Commits the end of a successful run, or everything but the end if files are to be staged out.
   */
  async #finish(
    owned: OwnedJob,
    job: JobToRun,
    decide: (current: JobState, now: string) => readonly HistoryEntry[],
    policy?: JobSpec,
  ): Promise<RunResult> {
    if (!hasStageOut(job.spec) || !isDoneWell(owned.state, decide(owned.state, '')))
      return this.#end(owned, decide, policy)
    const begun = (current: JobState, now: string): HistoryEntry[] => [
      ...decide(current, now).filter(({ state }) => state !== 'JOB_FINISHED'),
      beginStep(this.#context, job, 'stage-out', 'POSTPROCESSED', now),
    ]
    if (this.#stopping.outcome !== undefined) return this.#end(owned, begun)
    const moved = await owned.move((current, now) => ({ steps: begun(current, now) }))
    return typeof moved === 'string' ? { kind: moved } : this.#stageOut(owned, job)
  }

  /** Leads to RUNNING. @returns the result if the job went no further */
  async #preprocess(owned: OwnedJob, job: JobToRun): Promise<RunResult | undefined> {
    if (owned.state.state !== 'STAGED_IN') return undefined
    const end = await runHook(this.#context, job, 'preprocess', 'STAGED_IN', this.#stopping)
    if (end.kind === 'stopped') return this.#giveBack(owned, end.outcome)
    if (end.kind === 'failed') return this.#end(owned, (_, now) => stepsAfterPreprocess(end, now))
    const { outcome: stop } = this.#stopping
    if (stop !== undefined) return this.#giveBack(owned, stop, (now) => stepsAfterPreprocess(end, now))
    const moved = await owned.move((current, now) => ({
      steps: [
        ...stepsAfterPreprocess(end, now),
        startStep(this.#context, { ...job, attempt: current.attempt + 1 }, now),
      ],
      alteration: { attempt: current.attempt + 1 },
    }))
    return typeof moved === 'string' ? { kind: moved } : undefined
  }

  /** Commits the attempt's end and runs the postprocess, or leaves that to the next launcher. */
  async #handOver(owned: OwnedJob, job: JobToRun, outcome: AttemptOutcome): Promise<RunResult> {
    this.#stopping.settle()
    const howItWent = (now: string): HistoryEntry[] => stepsFor(outcome, job.spec, 0, now).slice(0, 1)
    if (this.#stopping.outcome !== undefined) return this.#end(owned, (_, now) => howItWent(now))
    const moved = await owned.move((_, now) => ({ steps: howItWent(now) }))
    return typeof moved === 'string' ? { kind: moved } : this.#postprocess(owned, job)
  }

  async #postprocess(owned: OwnedJob, job: JobToRun): Promise<RunResult> {
    const { site } = this.#context
    const { state } = owned.state
    if (job.application.postprocess === undefined)
      return this.#finish(owned, job, (_, now) => stepsWithoutPostprocess(state, now))
    await clearVerdict(site, job.id)
    const end = await runHook(this.#context, job, 'postprocess', state, this.#stopping)
    if (end.kind === 'stopped') return this.#giveBack(owned, end.outcome)
    const verdict = await readVerdict(site, job.id)
    if (!hasStageOut(job.spec)) this.#release()
    const result = await this.#finish(owned, job, (_, now) => stepsAfterPostprocess(state, end, verdict, now))
    if (verdict !== undefined) await clearVerdict(site, job.id)
    return result
  }

  /** Releases a job whose hook was stopped, so that it runs again, unless the job was killed. */
  async #giveBack(
    owned: OwnedJob,
    outcome: AttemptOutcome,
    before: (now: string) => readonly HistoryEntry[] = () => [],
  ): Promise<RunResult> {
    if (outcome.kind === 'killed')
      return this.#end(owned, (current, now) => stepsFor(asAsked(outcome, current), NO_RETRY, 0, now))
    const loss = lossOf(outcome)
    if (loss.why === 'node-error') this.#release(loss)
    if (deathOf(loss) !== undefined) return this.#bury(owned, loss)
    return this.#end(owned, ({ state }, now) => {
      const done = before(now)
      return [...done, ...stepsOfRelease(done.at(-1)?.state ?? state, loss, now)]
    })
  }

  /** Commits an end or a restart. @param policy delay before the next attempt of a failed job */
  async #end(
    owned: OwnedJob,
    decide: (current: JobState, now: string) => readonly HistoryEntry[],
    policy?: JobSpec,
  ): Promise<RunResult> {
    const ended = await owned.move((current, now) => {
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
    return this.#told(ended)
  }

  /** Commits the loss of the job's processes. */
  async #bury(owned: OwnedJob, loss: Loss): Promise<RunResult> {
    return this.#told(await owned.move((current, now) => afterDeath(current, loss, this.#crashLimit, now)))
  }

  #told(ended: JobState | Refusal): RunResult {
    if (typeof ended === 'string') return { kind: ended }
    const { id } = this.candidate
    this.#context.report({
      kind: 'job-ended',
      id,
      state: ended.state,
      message: `${id} ${ended.state}${summaryOf(ended)}`,
    })
    return { kind: 'ended', state: ended }
  }

  #release(reason: ResourceRelease = 'over'): void {
    if (!this.#isReleased) this.#onRelease(reason)
    this.#isReleased = true
  }
}

/** For an early-stopped evaluation, the record comes from the job's state, not from the request. */
function asAsked(outcome: AttemptOutcome, { early }: JobState): AttemptOutcome {
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
  const told = state.history.slice(-2).map(firstLine)
  const first = told.findLast((message) => message !== '')
  return first === undefined ? '' : `: ${first}`
}

/**
 * One job from claim to end: its files staged in, the application's preprocess, the processes of the attempt, the postprocess, its files staged out, each
 * where there is any; then the end, which only the owner of that very attempt can make.
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
import type { RunResult, Surroundings, Vacancy } from './run-context.ts'

export class JobRun {
  readonly candidate: QueuedJob
  readonly #surroundings: Surroundings
  readonly #stopping = new Stopping()

  readonly #assignment: Assignment
  readonly #onVacant: (vacancy: Vacancy) => void
  #isVacant = false
  #crashLimit = 0

  /** @param onVacant called once, when the job does not need its room any more: another launcher was first, or its end may not have been written yet */
  constructor(
    candidate: QueuedJob,
    assignment: Assignment,
    surroundings: Surroundings,
    onVacant: (vacancy: Vacancy) => void,
  ) {
    this.candidate = candidate
    this.#assignment = assignment
    this.#surroundings = surroundings
    this.#onVacant = onVacant
  }

  /** Claims the job, runs it, and commits its end. Throws only what is a fault of bjob's own. */
  async run(): Promise<RunResult> {
    try {
      const claim = await claimJob(this.#surroundings, this.candidate, this.#assignment, this.#stopping)
      if (claim.kind === 'claimed') return await this.#live(claim)
      this.#vacate(claim.kind === 'not-mine' ? 'outrun' : 'over')
      return claim
    } finally {
      this.#vacate()
    }
  }

  /** What the job was claimed for, and all that follows from that. */
  async #live({ claimed, job }: Claim): Promise<RunResult> {
    const { specification, application } = job
    const owned = new OwnedJob(this.#surroundings, job.id, claimed)
    this.#crashLimit = specification.crashLimit
    if (isHandled(claimed.state)) return this.#postprocess(owned, job)
    if (claimed.state === 'POSTPROCESSED') return this.#stageOut(owned, job)
    const refused =
      (await this.#linkInputs(owned, specification)) ??
      (await this.#stageIn(owned, job)) ??
      (await this.#preprocess(owned, job))
    if (refused !== undefined) return refused
    const { attempt } = owned.state
    const outcome = await executeJob(this.#surroundings, { ...job, attempt }, this.#stopping)
    if (outcome.kind === 'lost') {
      if (outcome.loss.why === 'node-error') this.#vacate(outcome.loss)
      if (deathOf(outcome.loss) !== undefined) return this.#bury(owned, outcome.loss)
    }
    if (application.postprocess !== undefined && isForPostprocess(outcome, specification))
      return this.#handOver(owned, { ...job, attempt }, outcome)
    if (!hasStageOut(specification)) {
      this.#vacate()
      // The next job first: what has ended can wait for a turn of the event loop, a free core should not.
      await setImmediate()
    }
    return this.#finish(
      owned,
      { ...job, attempt },
      (current, now) => stepsFor(asAsked(outcome, current), specification, countFailures(current.history), now),
      specification,
    )
  }

  /** Stops it: TERM, after `graceMs` KILL; its end will be `outcome`. A later call may only hurry it. */
  stop(outcome: Stop, graceMs: number): void {
    this.#stopping.stop(outcome, graceMs)
  }

  isOn(node: string): boolean {
    return this.#assignment.shares.some(({ name }) => name === node)
  }

  /** Links its parents' files, or says what is wrong with them. @returns the result, when the job got no further */
  async #linkInputs(owned: OwnedJob, specification: JobSpec): Promise<RunResult | undefined> {
    if (inputsAtStart(owned.state, specification) !== 'link') return undefined
    try {
      const { unmatched } = await linkInputs(this.#surroundings.site, this.candidate.id, specification)
      if (unmatched.length === 0) return undefined
      const event = { kind: 'unmatched', patterns: unmatched } as const
      const moved = await owned.move(({ state }, time) => ({ steps: [{ time, state, event }] }))
      return typeof moved === 'string' ? { kind: moved } : undefined
    } catch (error) {
      if (!(error instanceof BjobError)) throw error
      const impossible = { kind: 'impossible', reason: error.message } as const
      return this.#end(owned, (_, now) => stepsFor(impossible, specification, 0, now))
    }
  }

  /** On to RUNNING, or to the preprocess. @returns the result, when the job got no further */
  async #stageIn(owned: OwnedJob, job: JobToRun): Promise<RunResult | undefined> {
    if (!isToStageIn(owned.state, job)) return undefined
    const end = await stageIn(this.#surroundings, owned.state, job, this.#stopping)
    if (end.kind === 'stopped') return this.#giveBack(owned, end.outcome)
    if (end.kind === 'failed') return this.#failStaging(owned, job, 'stage-in', end)
    const staged = (now: string): HistoryEntry => ({ time: now, state: 'STAGED_IN', event: end.staged })
    const { outcome: stop } = this.#stopping
    if (stop !== undefined) return this.#giveBack(owned, stop, (now) => [staged(now)])
    const moved = await owned.move((current, now) => {
      if (isToPreprocess(current, job)) {
        const begin = beginStep(this.#surroundings, job, 'preprocess', 'STAGED_IN', now)
        return { steps: [staged(now), begin] }
      }
      const next = { ...job, attempt: current.attempt + 1 }
      return { steps: [staged(now), startStep(this.#surroundings, next, now)], alteration: { attempt: next.attempt } }
    })
    return typeof moved === 'string' ? { kind: moved } : undefined
  }

  /** Brings the files of a job that went well to where they are wanted; then it has finished. */
  async #stageOut(owned: OwnedJob, job: JobToRun): Promise<RunResult> {
    const end = await stageOut(this.#surroundings, job, this.#stopping)
    this.#vacate()
    if (end.kind === 'stopped') return this.#giveBack(owned, end.outcome)
    if (end.kind === 'failed') return this.#failStaging(owned, job, 'stage-out', end)
    return this.#end(owned, (_, now) => [{ time: now, state: 'JOB_FINISHED', event: end.staged }])
  }

  async #failStaging(
    owned: OwnedJob,
    { specification }: JobToRun,
    what: StagingName,
    end: HookResult & { kind: 'failed' },
  ): Promise<RunResult> {
    const decide = ({ state, history }: JobState, now: string): HistoryEntry[] =>
      stepsAfterStaging(what, state, end, specification, countFailures(history), now)
    return this.#end(owned, decide, specification)
  }

  /** Of a job that has run well: its end, or, where files are to be staged out, all but that. */
  async #finish(
    owned: OwnedJob,
    job: JobToRun,
    decide: (current: JobState, now: string) => readonly HistoryEntry[],
    policy?: JobSpec,
  ): Promise<RunResult> {
    if (!hasStageOut(job.specification) || !isDoneWell(owned.state, decide(owned.state, '')))
      return this.#end(owned, decide, policy)
    const begun = (current: JobState, now: string): HistoryEntry[] => [
      ...decide(current, now).filter(({ state }) => state !== 'JOB_FINISHED'),
      beginStep(this.#surroundings, job, 'stage-out', 'POSTPROCESSED', now),
    ]
    if (this.#stopping.outcome !== undefined) return this.#end(owned, begun)
    const moved = await owned.move((current, now) => ({ steps: begun(current, now) }))
    return typeof moved === 'string' ? { kind: moved } : this.#stageOut(owned, job)
  }

  /** On to RUNNING. @returns the result, when the job got no further */
  async #preprocess(owned: OwnedJob, job: JobToRun): Promise<RunResult | undefined> {
    if (owned.state.state !== 'STAGED_IN') return undefined
    const end = await runHook(this.#surroundings, job, 'preprocess', 'STAGED_IN', this.#stopping)
    if (end.kind === 'stopped') return this.#giveBack(owned, end.outcome)
    if (end.kind === 'failed') return this.#end(owned, (_, now) => stepsAfterPreprocess(end, now))
    const { outcome: stop } = this.#stopping
    if (stop !== undefined) return this.#giveBack(owned, stop, (now) => stepsAfterPreprocess(end, now))
    const moved = await owned.move((current, now) => ({
      steps: [
        ...stepsAfterPreprocess(end, now),
        startStep(this.#surroundings, { ...job, attempt: current.attempt + 1 }, now),
      ],
      alteration: { attempt: current.attempt + 1 },
    }))
    return typeof moved === 'string' ? { kind: moved } : undefined
  }

  /** Writes how the attempt went, and lets the postprocess say what follows; when there is no time for that, the next launcher does. */
  async #handOver(owned: OwnedJob, job: JobToRun, outcome: AttemptOutcome): Promise<RunResult> {
    this.#stopping.settle()
    const howItWent = (now: string): HistoryEntry[] => stepsFor(outcome, job.specification, 0, now).slice(0, 1)
    if (this.#stopping.outcome !== undefined) return this.#end(owned, (_, now) => howItWent(now))
    const moved = await owned.move((_, now) => ({ steps: howItWent(now) }))
    return typeof moved === 'string' ? { kind: moved } : this.#postprocess(owned, job)
  }

  async #postprocess(owned: OwnedJob, job: JobToRun): Promise<RunResult> {
    const { site } = this.#surroundings
    const { state } = owned.state
    if (job.application.postprocess === undefined)
      return this.#finish(owned, job, (_, now) => stepsWithoutPostprocess(state, now))
    await clearVerdict(site, job.id)
    const end = await runHook(this.#surroundings, job, 'postprocess', state, this.#stopping)
    if (end.kind === 'stopped') return this.#giveBack(owned, end.outcome)
    const verdict = await readVerdict(site, job.id)
    if (!hasStageOut(job.specification)) this.#vacate()
    const result = await this.#finish(owned, job, (_, now) => stepsAfterPostprocess(state, end, verdict, now))
    if (verdict !== undefined) await clearVerdict(site, job.id)
    return result
  }

  /** Of a hook that was stopped: somebody else runs it again, unless the job itself was killed. */
  async #giveBack(
    owned: OwnedJob,
    outcome: AttemptOutcome,
    before: (now: string) => readonly HistoryEntry[] = () => [],
  ): Promise<RunResult> {
    if (outcome.kind === 'killed')
      return this.#end(owned, (current, now) => stepsFor(asAsked(outcome, current), NO_RETRY, 0, now))
    const loss = lossOf(outcome)
    if (loss.why === 'node-error') this.#vacate(loss)
    if (deathOf(loss) !== undefined) return this.#bury(owned, loss)
    return this.#end(owned, ({ state }, now) => {
      const done = before(now)
      return [...done, ...stepsOfRelease(done.at(-1)?.state ?? state, loss, now)]
    })
  }

  /**
   * Commits what the launcher has no more to do with: an end, or another launcher's turn.
   * @param policy says how long a job that has failed and goes on is left alone
   */
  async #end(
    owned: OwnedJob,
    decide: (current: JobState, now: string) => readonly HistoryEntry[],
    policy?: JobSpec,
  ): Promise<RunResult> {
    const ended = await owned.move((current, now) => {
      const steps = [...decide(current, now)]
      // Whoever asked for its end gets it, though its launcher has not heard of that in time.
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

  /** Commits that what ran the job has died. */
  async #bury(owned: OwnedJob, loss: Loss): Promise<RunResult> {
    return this.#told(await owned.move((current, now) => afterDeath(current, loss, this.#crashLimit, now)))
  }

  #told(ended: JobState | Refusal): RunResult {
    if (typeof ended === 'string') return { kind: ended }
    const { id } = this.candidate
    this.#surroundings.report({
      kind: 'job-ended',
      id,
      state: ended.state,
      message: `${id} ${ended.state}${summaryOf(ended)}`,
    })
    return { kind: 'ended', state: ended }
  }

  #vacate(vacancy: Vacancy = 'over'): void {
    if (!this.#isVacant) this.#onVacant(vacancy)
    this.#isVacant = true
  }
}

/** The stop of an evaluation carries what its search has said of it, which is in the job's state and not in the request. */
function asAsked(outcome: AttemptOutcome, { early }: JobState): AttemptOutcome {
  return outcome.kind === 'killed' && early !== undefined ? { ...outcome, early } : outcome
}

/** Why a hook or a transfer was stopped: it is begun anew. */
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

/**
 * One job from claim to end: the claim is a change of its state that only one launcher can make; then its processes, the application's hooks
 * before and after them where it has any; then the end, which only the owner of that very attempt can make.
 */
import { BjobError } from '../core/errors.ts'
import { type HistoryEntry, type JobState, advance, isOwned } from '../core/job-state.ts'
import {
  type Outcome,
  type Stop,
  countFailures,
  isForPostprocess,
  retryTime,
  stepsAfterPostprocess,
  stepsAfterPreprocess,
  stepsFor,
  stepsOfRelease,
  stepsWithoutPostprocess,
} from '../core/outcome.ts'
import type { Assignment } from '../core/node-pool.ts'
import type { Specification } from '../core/specification.ts'
import { type State, isClaimable, isEnded, isHandled } from '../core/states.ts'
import type { Application } from '../site/applications.ts'
import { changeJob, readSpecification } from '../site/jobs.ts'
import type { Site } from '../site/site.ts'
import { linkInputs } from '../site/stage-in.ts'
import { clearVerdict, readVerdict } from '../site/verdict.ts'
import type { Agents } from './agents.ts'
import type { Allocation } from './allocation.ts'
import { beginStep, startStep } from './claim-steps.ts'
import type { Report } from './events.ts'
import { executeJob } from './execution.ts'
import { runHook } from './hooks.ts'
import type { JobToRun } from './job-command.ts'
import type { LeaseKeeper } from './lease-keeper.ts'
import { OwnedJob } from './owned-job.ts'
import type { Candidate } from './run-queue.ts'
import { setAside } from './set-aside.ts'
import { Stopping } from './stopping.ts'

/** What a job's run is part of. */
export interface Surroundings {
  readonly site: Site
  readonly launcher: string
  readonly lease: LeaseKeeper
  readonly agents: Agents
  readonly report: Report
  readonly applicationOf: (name: string) => Promise<Application>
  readonly allocation: Allocation
}

/** How an attempt to run a job went: it ended in some state, or it never became this launcher's. */
export type RunResult =
  | { readonly kind: 'ended'; readonly state: JobState }
  | { readonly kind: 'not-mine' }
  | { readonly kind: 'broken' }
  | { readonly kind: 'absent' }

interface Claim {
  readonly kind: 'claimed'
  readonly claimed: JobState
  readonly specification: Specification
  readonly application: Application
}

export class JobRun {
  readonly candidate: Candidate
  readonly #surroundings: Surroundings
  readonly #stopping = new Stopping()

  readonly #assignment: Assignment
  readonly #onVacant: () => void
  #isVacant = false

  /** @param onVacant called once, when the job does not need its room any more; its end may not have been written yet */
  constructor(candidate: Candidate, assignment: Assignment, surroundings: Surroundings, onVacant: () => void) {
    this.candidate = candidate
    this.#assignment = assignment
    this.#surroundings = surroundings
    this.#onVacant = onVacant
  }

  /** Claims the job, runs it, and commits its end. Throws only what is a fault of bjob's own. */
  async run(): Promise<RunResult> {
    try {
      const claim = await this.#prepare()
      return claim.kind === 'claimed' ? await this.#live(claim) : claim
    } finally {
      this.#vacate()
    }
  }

  /** What the job was claimed for, and all that follows from that. */
  async #live({ claimed, specification, application }: Claim): Promise<RunResult> {
    const { id } = this.candidate
    const owned = new OwnedJob(this.#surroundings, id, claimed)
    const job = this.#jobToRun(specification, application, claimed.attempt)
    if (isHandled(claimed.state)) return this.#postprocess(owned, job)
    const unstaged = await this.#stageIn(claimed, specification)
    if (unstaged !== undefined) return this.#end(owned, (_, now) => stepsFor(unstaged, specification, 0, now))
    if (claimed.state === 'STAGED_IN') {
      const refused = await this.#preprocess(owned, job)
      if (refused !== undefined) return refused
    }
    const { attempt } = owned.state
    const outcome = await executeJob(this.#surroundings, { ...job, attempt }, this.#stopping)
    if (application.postprocess !== undefined && isForPostprocess(outcome, specification))
      return this.#handOver(owned, { ...job, attempt }, outcome)
    this.#vacate()
    return this.#end(
      owned,
      ({ history }, now) => stepsFor(outcome, specification, countFailures(history), now),
      specification,
    )
  }

  async #prepare(): Promise<RunResult | Claim> {
    const { site, report } = this.#surroundings
    const { id } = this.candidate
    let specification: Specification
    let application: Application
    let claimed: JobState | undefined
    try {
      specification = await readSpecification(site, id)
      application = await this.#surroundings.applicationOf(specification.application)
      let wasAmended = false
      const claim = (current: JobState): JobState | undefined => {
        wasAmended = current.amended !== undefined
        return this.#claim(current, specification, application)
      }
      claimed = await changeJob(site, id, claim, this.candidate.revision)
      if (claimed !== undefined && (wasAmended || claimed.revision !== this.candidate.revision + 1))
        specification = await this.#readAgain(specification)
    } catch (error) {
      return setAside(this.#surroundings, this.candidate, error)
    }
    if (claimed === undefined || claimed.launcher !== this.#surroundings.launcher) return { kind: 'not-mine' }
    const { attempt, state } = claimed
    report({
      kind: 'job-started',
      id,
      state,
      message: `${id} ${state === 'RUNNING' ? `attempt ${attempt} starts` : claimed.history.at(-1)?.message.split('\n', 1)[0]}`,
    })
    return { kind: 'claimed', claimed, specification, application }
  }

  /** Stops it: TERM, after `graceMs` KILL; its end will be `outcome`. A later call may only hurry it. */
  stop(outcome: Stop, graceMs: number): void {
    this.#stopping.stop(outcome, graceMs)
  }

  isOn(node: string): boolean {
    return this.#assignment.shares.some(({ name }) => name === node)
  }

  /** Of the very revision that room was made for: when the job has changed since, it is judged again. */
  #claim(current: JobState, specification: Specification, application: Application): JobState | undefined {
    const { launcher, lease } = this.#surroundings
    if (!isClaimable(current.state) || isOwned(current) || lease.isLost()) return undefined
    if (current.revision !== this.candidate.revision) return undefined
    const time = new Date().toISOString()
    const job = this.#jobToRun(specification, application, current.attempt + 1)
    const begin = (what: string, state: State): JobState =>
      advance(current, [beginStep(this.#surroundings, job, what, state, time)], { launcher })
    if (isHandled(current.state)) return begin('postprocess', current.state)
    const isFirst = !current.history.some(({ state }) => state === 'PREPROCESSED')
    if (application.preprocess !== undefined && isFirst) return begin('preprocess', 'STAGED_IN')
    return advance(current, [startStep(this.#surroundings, job, time)], { launcher, attempt: job.attempt })
  }

  #jobToRun(specification: Specification, application: Application, attempt: number): JobToRun {
    return { id: this.candidate.id, attempt, specification, application, assignment: this.#assignment }
  }

  /** Somebody who was changing the job was cut off, and this claim has put his job.yaml in place: what was read before must not be run. */
  async #readAgain(before: Specification): Promise<Specification> {
    const specification = await readSpecification(this.#surroundings.site, this.candidate.id)
    if (JSON.stringify(specification) !== JSON.stringify(before))
      this.stop({ kind: 'lost', reason: 'its job.yaml was changed meanwhile' }, 0)
    return specification
  }

  /** Links its parents' files. @returns why it cannot be started */
  async #stageIn({ history }: JobState, { parents, inputFiles }: Specification): Promise<Outcome | undefined> {
    if (!history.some(({ state }) => state === 'AWAITING_PARENTS')) return undefined
    try {
      await linkInputs(this.#surroundings.site, this.candidate.id, parents, inputFiles)
      return undefined
    } catch (error) {
      if (error instanceof BjobError) return { kind: 'impossible', reason: error.message }
      throw error
    }
  }

  /** On to RUNNING. @returns the result, when the job got no further */
  async #preprocess(owned: OwnedJob, job: JobToRun): Promise<RunResult | undefined> {
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
  async #handOver(owned: OwnedJob, job: JobToRun, outcome: Outcome): Promise<RunResult> {
    this.#stopping.settle()
    const firstStep = (now: string): HistoryEntry[] => stepsFor(outcome, job.specification, 0, now).slice(0, 1)
    if (this.#stopping.outcome !== undefined) return this.#end(owned, (_, now) => firstStep(now))
    const moved = await owned.move((_, now) => ({ steps: firstStep(now) }))
    return typeof moved === 'string' ? { kind: moved } : this.#postprocess(owned, job)
  }

  async #postprocess(owned: OwnedJob, job: JobToRun): Promise<RunResult> {
    const { site } = this.#surroundings
    const { state } = owned.state
    if (job.application.postprocess === undefined)
      return this.#end(owned, (_, now) => stepsWithoutPostprocess(state, now))
    await clearVerdict(site, job.id)
    const end = await runHook(this.#surroundings, job, 'postprocess', state, this.#stopping)
    if (end.kind === 'stopped') return this.#giveBack(owned, end.outcome)
    const verdict = await readVerdict(site, job.id)
    this.#vacate()
    const result = await this.#end(owned, (_, now) => stepsAfterPostprocess(state, end, verdict, now))
    if (verdict !== undefined) await clearVerdict(site, job.id)
    return result
  }

  /** Of a hook that was stopped: somebody else runs it again, unless the job itself was killed. */
  async #giveBack(
    owned: OwnedJob,
    outcome: Outcome,
    before: (now: string) => readonly HistoryEntry[] = () => [],
  ): Promise<RunResult> {
    if (outcome.kind === 'killed') return this.#end(owned, (_, now) => stepsFor(outcome, NO_RETRY, 0, now))
    const reason = 'reason' in outcome ? outcome.reason : 'stopped'
    return this.#end(owned, ({ state }, now) => {
      const done = before(now)
      return [...done, ...stepsOfRelease(done.at(-1)?.state ?? state, reason, now)]
    })
  }

  /**
   * Commits what the launcher has no more to do with: an end, or another launcher's turn.
   * @param policy says how long a job that has failed and goes on is left alone
   */
  async #end(
    owned: OwnedJob,
    decide: (current: JobState, now: string) => readonly HistoryEntry[],
    policy?: Specification,
  ): Promise<RunResult> {
    const { id } = this.candidate
    const ended = await owned.move((current, now) => {
      const steps = [...decide(current, now)]
      // Whoever asked for its end gets it, though its launcher has not heard of that in time.
      if (current.kill !== undefined && !isEnded(steps.at(-1)?.state ?? current.state))
        steps.push(...stepsFor({ kind: 'killed', by: current.kill }, NO_RETRY, 0, now))
      if (isEnded(steps.at(-1)?.state ?? current.state)) return { steps, alteration: { kill: undefined } }
      const failures = countFailures([...current.history, ...steps])
      const hasFailed = policy !== undefined && failures > countFailures(current.history)
      const notBefore = hasFailed ? retryTime(failures, policy, now) : undefined
      return { steps, alteration: { kill: undefined, launcher: undefined, notBefore } }
    })
    if (typeof ended === 'string') return { kind: ended }
    this.#surroundings.report({
      kind: 'job-ended',
      id,
      state: ended.state,
      message: `${id} ${ended.state}${summaryOf(ended)}`,
    })
    return { kind: 'ended', state: ended }
  }

  #vacate(): void {
    if (!this.#isVacant) this.#onVacant()
    this.#isVacant = true
  }
}

const NO_RETRY = { maxRetries: 0, autoTimeoutRetry: false }

function summaryOf(state: JobState): string {
  const told = state.history.slice(-2).map(({ message }) => message.split('\n')[0] ?? '')
  const first = told.findLast((message) => message !== '')
  return first === undefined ? '' : `: ${first}`
}

/** History entries for the start of a step: the nodes, the resources and the command. */
import type { Claimed, HookName, StagingName } from '../../core/life/history-event.ts'
import { BjobError } from '../../core/text/errors.ts'
import { inputsAtStart } from '../../core/life/job-inputs.ts'
import type { HistoryEntry, JobState } from '../../core/life/job-state.ts'
import { type NodeShape, OCCUPANCY_UNITS } from '../../core/placement/node-need.ts'
import type { NodeShare } from '../../core/placement/node-pool.ts'
import { isStageOutLeft } from '../../core/life/outcome.ts'
import { type State, isHandled } from '../../core/life/states.ts'
import { foldHostList } from '../../platform/hostlist.ts'
import { type JobToRun, buildJobCommand, commandText } from './job-command.ts'
import type { RunContext } from './run-context.ts'

/** Longer commands are cut in the history. */
const LONGEST_COMMAND = 2000

/** The parts of the context that a claim records. */
type ClaimContext = Pick<RunContext, 'site' | 'allocation'>

/** The first step of a claimed job; `attempt` is set if it starts an attempt. */
export interface FirstStep {
  readonly step: HistoryEntry
  readonly attempt?: number
}

/** @param job the job as of its next attempt */
export function firstStep(context: ClaimContext, current: JobState, job: JobToRun): FirstStep {
  const time = new Date().toISOString()
  const begin = (what: HookName | StagingName, state: State): FirstStep => ({
    step: beginStep(context, job, what, state, time),
  })
  if (isHandled(current.state)) return begin('postprocess', current.state)
  if (isStageOutLeft(current)) return begin('stage-out', 'POSTPROCESSED')
  if (isToStageIn(current, job)) return begin('stage-in', current.state === 'RESTART_READY' ? current.state : 'READY')
  if (isToPreprocess(current, job)) return begin('preprocess', 'STAGED_IN')
  return { step: startStep(context, job, time), attempt: job.attempt }
}

/** Files are staged in once per job, and the preprocess runs once. */
export function isToStageIn(state: JobState, { spec }: JobToRun): boolean {
  const isWanted = spec.stageInUrl.length > 0 || inputsAtStart(state, spec) === 'copy'
  return isWanted && !state.history.some((entry) => entry.state === 'STAGED_IN')
}

export function isToPreprocess({ history }: JobState, { application }: JobToRun): boolean {
  return application.preprocess !== undefined && !history.some(({ state }) => state === 'PREPROCESSED')
}

/** The start of attempt number `job.attempt`. */
export function startStep(context: ClaimContext, job: JobToRun, time: string): HistoryEntry {
  const command = commandOf(context, job)
  const event = { ...claimOf(context, job, 'attempt'), attempt: job.attempt }
  return { time, state: 'RUNNING', event: command === undefined ? event : { ...event, command } }
}

/** The start of a hook or a transfer. */
export function beginStep(
  context: ClaimContext,
  job: JobToRun,
  step: HookName | StagingName,
  state: State,
  time: string,
): HistoryEntry {
  return { time, state, event: claimOf(context, job, step) }
}

function claimOf({ allocation }: ClaimContext, { assignment }: JobToRun, step: Claimed['step']): Claimed {
  const { shares } = assignment
  const cores = shares.reduce((sum, share) => sum + coresOf(share, allocation.nodes), 0)
  const gpus = shares.reduce((sum, { gpuIds }) => sum + gpuIds.length, 0)
  return {
    kind: 'claimed',
    step,
    nodes: foldHostList(shares.map(({ name }) => name)),
    cores: Number(cores.toFixed(3)),
    ...(gpus === 0 ? {} : { gpus }),
  }
}

/** Packed jobs have no cores of their own, but a share of the node. */
function coresOf({ node, coreIds, occupancy }: NodeShare, nodes: readonly NodeShape[]): number {
  return coreIds.length > 0 ? coreIds.length : ((nodes[node]?.cores ?? 0) * occupancy) / OCCUPANCY_UNITS
}

/** `undefined` if the job cannot be started here; its end gives the reason. */
function commandOf({ site, allocation }: ClaimContext, job: JobToRun): string | undefined {
  try {
    const text = commandText(site, job, buildJobCommand(site, allocation, job))
    return text.length > LONGEST_COMMAND ? `${text.slice(0, LONGEST_COMMAND)} …` : text
  } catch (error) {
    if (error instanceof BjobError) return undefined
    throw error
  }
}

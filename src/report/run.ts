/**
 * The runs of a job, from its history. A run is the time from a claim until the launcher releases
 * the job, including hooks: its resources are unavailable to other jobs for that long.
 */
import { failureCause } from '../core/life/event-words.ts'
import type { Claimed, HistoryEvent } from '../core/life/history-event.ts'
import type { State } from '../core/life/states.ts'
import { defined } from '../lib/defined.ts'

/** The end of a run; `lost`: its launcher or node died, or was stopped and released the job. */
export const RUN_ENDS = ['finished', 'failed', 'timeout', 'killed', 'lost', 'running'] as const
export type RunEnd = (typeof RUN_ENDS)[number]

/** An entry of a job's history with the owner after it. */
export interface Moment {
  /** Milliseconds since 1970. */
  readonly time: number
  readonly state: State
  readonly event: HistoryEvent | undefined
  /** A line that was not written by bjob: a verdict's first one, or a failed run's last output. */
  readonly message: string
  readonly launcher: string | undefined
}

export interface Run {
  /** Time from which the job could run: its birth, or the end of the previous run. */
  readonly ready: number
  readonly start: number
  /** `undefined` while it runs. */
  readonly end: number | undefined
  readonly how: RunEnd
  /** Cause of an unsuccessful end; otherwise empty. */
  readonly cause: string
  /** Empty if unknown. */
  readonly launcher: string
  readonly claim: RunResources
}

/** Resources of a run. */
export interface RunResources {
  readonly step: Claimed['step'] | ''
  /** As a host list. */
  readonly nodes: string
  readonly cores: number
  readonly gpus: number
}

const LONGEST_CAUSE = 160

/** For a claim without recorded resources. */
const UNKNOWN_CLAIM: RunResources = { step: '', nodes: '', cores: 1, gpus: 0 }

interface OpenRun {
  readonly ready: number
  readonly start: number
  readonly claim: RunResources
  readonly launcher: string
  how: RunEnd
  cause: string
}

/** @param moments the whole history, in order */
export function findRuns(moments: readonly Moment[]): Run[] {
  const runs: Run[] = []
  let ready = moments[0]?.time ?? 0
  let open: OpenRun | undefined
  const close = (time: number, how: RunEnd, cause: string): void => {
    if (open === undefined) return
    // The first failure is the cause; later entries are consequences.
    const told = open.how === 'failed' || open.how === 'timeout' ? open : { how, cause }
    runs.push({ ...open, end: Math.max(time, open.start), how: told.how, cause: how === 'finished' ? '' : told.cause })
    open = undefined
  }
  for (const [at, moment] of moments.entries()) {
    const { time, state, launcher } = moment
    const claim =
      claimOf(moment) ?? (state === 'RUNNING' && moments[at - 1]?.state !== state ? UNKNOWN_CLAIM : undefined)
    if (claim !== undefined) {
      // After its preprocess, a job starts in the same place.
      if (state === 'RUNNING' && open?.claim.step === 'preprocess') continue
      close(time, 'lost', 'its launcher was lost')
      open = { ready, start: time, claim, launcher: launcher ?? '', how: 'running', cause: '' }
      continue
    }
    const cause = causeOfMoment(moment)
    if (state === 'RESTART_READY' || isEnd(state)) {
      close(time, endOf(state), cause)
      ready = time
    } else if (open !== undefined && (state === 'RUN_ERROR' || state === 'RUN_TIMEOUT')) {
      open.how = state === 'RUN_ERROR' ? 'failed' : 'timeout'
      open.cause = cause
    } else if (launcher === undefined && moments[at + 1]?.time !== time) {
      // Released between steps: before its run, or before its postprocess.
      close(time, state === 'RUN_DONE' ? 'finished' : 'lost', cause)
      ready = time
    }
  }
  if (open !== undefined) runs.push({ ...open, end: undefined, how: 'running', cause: '' })
  return runs
}

function claimOf({ event }: Moment): RunResources | undefined {
  if (event?.kind !== 'claimed') return undefined
  const { step, nodes, cores, gpus = 0 } = event
  return { step, nodes, cores, gpus }
}

/** The cause of a state, as counted by figures. */
export function causeOfMoment({ state, event, message }: Moment): string {
  const cause = failureCause({ time: '', state, message, ...defined({ event }) })
  if (event?.kind !== 'ran' || message === '') return cause
  return `${cause}: ${withoutNumbers(message)}`.slice(0, LONGEST_CAUSE)
}

/** Jobs that fail for the same reason may name their own numbers, files or values. */
function withoutNumbers(line: string): string {
  return line.replaceAll(/\d+(?:\.\d+)?/g, '…')
}

function isEnd(state: State): boolean {
  return state === 'JOB_FINISHED' || state === 'FAILED' || state === 'USER_KILLED'
}

function endOf(state: State): RunEnd {
  if (state === 'JOB_FINISHED') return 'finished'
  if (state === 'FAILED') return 'failed'
  return state === 'USER_KILLED' ? 'killed' : 'lost'
}

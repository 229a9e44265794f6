/**
 * The runs of a job, from its history. A run is one stay of a job on nodes, from its claim to the moment its launcher let go of it, with the
 * application's hooks: for that long nobody else could use what it held, however it ended.
 */
import { failureCause } from '../core/life/event-words.ts'
import type { Claimed, HistoryEvent } from '../core/life/history-event.ts'
import type { State } from '../core/life/states.ts'
import { defined } from '../lib/defined.ts'

/** How a run ended; `lost`: its launcher or node died, or was stopped and let the job go. */
export const RUN_ENDS = ['finished', 'failed', 'timeout', 'killed', 'lost', 'running'] as const
export type RunEnd = (typeof RUN_ENDS)[number]

/** One entry of a job's history, and who had the job after it. */
export interface Moment {
  /** Milliseconds since 1970. */
  readonly time: number
  readonly state: State
  readonly event: HistoryEvent | undefined
  /** The first line of words that are not bjob's. */
  readonly message: string
  readonly launcher: string | undefined
}

export interface Run {
  /** When the job could have run: since its birth, or since the run before. */
  readonly ready: number
  readonly start: number
  /** `undefined` while it runs. */
  readonly end: number | undefined
  readonly how: RunEnd
  /** Why it did not end well; empty when it did. */
  readonly cause: string
  /** Empty where it is not known any more. */
  readonly launcher: string
  readonly claim: RunResources
}

/** What a run was given. */
export interface RunResources {
  readonly step: Claimed['step'] | ''
  /** As a host list. */
  readonly nodes: string
  readonly cores: number
  readonly gpus: number
}

/** Of a claim that says nothing of what was given. */
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
    // What went wrong first is why: what follows from it says less.
    const told = open.how === 'failed' || open.how === 'timeout' ? open : { how, cause }
    runs.push({ ...open, end: Math.max(time, open.start), how: told.how, cause: how === 'finished' ? '' : told.cause })
    open = undefined
  }
  for (const [at, moment] of moments.entries()) {
    const { time, state, launcher } = moment
    const claim =
      claimOf(moment) ?? (state === 'RUNNING' && moments[at - 1]?.state !== state ? UNKNOWN_CLAIM : undefined)
    if (claim !== undefined) {
      // After its preprocess, a job begins where it is.
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
      // Given back between its steps: before its run, or before its postprocess.
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

/** Why a job came to that, as figures count it. */
export function causeOfMoment({ state, event, message }: Moment): string {
  return failureCause({ time: '', state, message, ...defined({ event }) })
}

function isEnd(state: State): boolean {
  return state === 'JOB_FINISHED' || state === 'FAILED' || state === 'USER_KILLED'
}

function endOf(state: State): RunEnd {
  if (state === 'JOB_FINISHED') return 'finished'
  if (state === 'FAILED') return 'failed'
  return state === 'USER_KILLED' ? 'killed' : 'lost'
}

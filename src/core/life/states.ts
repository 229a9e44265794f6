/**
 * The states of a job and their transitions as one table: Balsam 0.5's names
 * (`balsam/core/models.py`), plus transitions for a lost owner, kill and retry.
 */

export const STATES = [
  'CREATED',
  'AWAITING_PARENTS',
  'READY',
  'STAGED_IN',
  'PREPROCESSED',
  'RUNNING',
  'RUN_DONE',
  'POSTPROCESSED',
  'JOB_FINISHED',
  'RUN_TIMEOUT',
  'RUN_ERROR',
  'RESTART_READY',
  'FAILED',
  'USER_KILLED',
] as const

export type State = (typeof STATES)[number]

/** The states in lists and filters. BROKEN: set aside, because its files are invalid. */
export const SHOWN_STATES = [...STATES, 'BROKEN'] as const

export type ShownState = (typeof SHOWN_STATES)[number]

/** From each state, the states after one step. */
export const TRANSITIONS: Readonly<Record<State, readonly State[]>> = {
  CREATED: ['READY', 'AWAITING_PARENTS', 'FAILED', 'USER_KILLED'],
  AWAITING_PARENTS: ['READY', 'FAILED', 'USER_KILLED'],
  READY: ['STAGED_IN', 'FAILED', 'USER_KILLED'],
  STAGED_IN: ['PREPROCESSED', 'FAILED', 'USER_KILLED'],
  PREPROCESSED: ['RUNNING', 'FAILED', 'USER_KILLED'],
  RUNNING: ['RUN_DONE', 'RUN_ERROR', 'RUN_TIMEOUT', 'RESTART_READY', 'FAILED', 'USER_KILLED'],
  RUN_DONE: ['POSTPROCESSED', 'FAILED', 'USER_KILLED'],
  POSTPROCESSED: ['JOB_FINISHED', 'FAILED', 'USER_KILLED'],
  JOB_FINISHED: [],
  RUN_TIMEOUT: ['RESTART_READY', 'JOB_FINISHED', 'FAILED', 'USER_KILLED'],
  RUN_ERROR: ['RESTART_READY', 'JOB_FINISHED', 'FAILED', 'USER_KILLED'],
  RESTART_READY: ['STAGED_IN', 'RUNNING', 'POSTPROCESSED', 'FAILED', 'USER_KILLED'],
  FAILED: ['RESTART_READY'],
  USER_KILLED: ['RESTART_READY'],
}

/** Terminal states. Only `bjob retry` leaves them. */
export const END_STATES = ['JOB_FINISHED', 'FAILED', 'USER_KILLED'] as const satisfies readonly State[]

/**
 * States that a postprocess handles. A launcher may claim a job here if its previous owner died
 * first.
 */
export const HANDLED_STATES = ['RUN_DONE', 'RUN_TIMEOUT', 'RUN_ERROR'] as const satisfies readonly State[]

/** States in which a launcher may claim a job, once its parents allow it. */
export const CLAIMABLE_STATES = [
  'CREATED',
  'AWAITING_PARENTS',
  'READY',
  'STAGED_IN',
  'PREPROCESSED',
  'RESTART_READY',
  'POSTPROCESSED',
  ...HANDLED_STATES,
] as const satisfies readonly State[]

const names: ReadonlySet<string> = new Set(STATES)
const ends: ReadonlySet<State> = new Set(END_STATES)
const claimable: ReadonlySet<State> = new Set(CLAIMABLE_STATES)
const handled: ReadonlySet<State> = new Set(HANDLED_STATES)

export function isState(word: string): word is State {
  return names.has(word)
}

export function isEnded(state: State): boolean {
  return ends.has(state)
}

export function isClaimable(state: State): boolean {
  return claimable.has(state)
}

/** True if only the postprocess remains. */
export function isHandled(state: State): boolean {
  return handled.has(state)
}

/** True if `to` follows `from` through steps of the table, skipping empty ones. */
export function leadsTo(from: State, to: State): boolean {
  const passed: readonly State[] = [
    'CREATED',
    'AWAITING_PARENTS',
    'READY',
    'STAGED_IN',
    'PREPROCESSED',
    'POSTPROCESSED',
  ]
  const seen = new Set<State>()
  const open: State[] = [from]
  for (let state = open.pop(); state !== undefined; state = open.pop()) {
    if (TRANSITIONS[state].includes(to)) return true
    for (const next of TRANSITIONS[state]) {
      if (!seen.has(next) && passed.includes(next)) open.push(next)
      seen.add(next)
    }
  }
  return false
}

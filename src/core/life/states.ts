/**
 * The life of a job as one literal table: Balsam 0.5's states, groups and transitions under their own names
 * (`balsam/core/models.py`), with what bjob adds: a lost owner, kill and retry from anywhere they make sense.
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

/** From each state, the states that one step may lead to. */
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

/** Nothing more happens to a job in one of these, unless a person says `bjob retry`. */
export const END_STATES = ['JOB_FINISHED', 'FAILED', 'USER_KILLED'] as const satisfies readonly State[]

/** The application's postprocess has its say in these; a launcher may claim a job here whose owner died before that. */
export const HANDLED_STATES = ['RUN_DONE', 'RUN_TIMEOUT', 'RUN_ERROR'] as const satisfies readonly State[]

/** A launcher may claim a job in one of these, once its parents allow it. */
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

/** Whether only the postprocess is left to do. */
export function isHandled(state: State): boolean {
  return handled.has(state)
}

/** Whether `to` follows `from` through steps of the table, the ones between having nothing to do. */
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

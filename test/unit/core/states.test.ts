import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { advance } from '../../../src/core/life/job-state.ts'
import {
  CLAIMABLE_STATES,
  END_STATES,
  STATES,
  type State,
  TRANSITIONS,
  isClaimable,
  isEnded,
  isHandled,
  isState,
  leadsTo,
} from '../../../src/core/life/states.ts'

/** States that a job passes in the same write when there is nothing to do in them. */
const SILENT: readonly State[] = ['CREATED', 'AWAITING_PARENTS', 'READY', 'STAGED_IN', 'PREPROCESSED', 'POSTPROCESSED']

/**
 * A walk along the table, from birth: a number at each step chooses among the states that may
 * follow.
 */
const walks = fc.array(fc.nat(), { maxLength: 20 }).map((choices) => {
  const walk: State[] = ['CREATED']
  for (const choice of choices) {
    const next = TRANSITIONS[walk.at(-1) ?? 'CREATED']
    if (next.length === 0) break
    walk.push(next[choice % next.length] ?? 'CREATED')
  }
  return walk
})

describe('the table of states', () => {
  test('has a row for each state and no unknown word', () => {
    expect(Object.keys(TRANSITIONS).toSorted()).toEqual([...STATES].toSorted())
    for (const next of Object.values(TRANSITIONS)) for (const state of next) expect(STATES).toContain(state)
    expect(STATES.every(isState)).toBe(true)
    expect(['running', '', 'CREATED ', 'constructor', 'KILLED'].some(isState)).toBe(false)
  })

  test('puts each state into one group: claimable, under way, ended', () => {
    const underWay = STATES.filter((state) => !isEnded(state) && !isClaimable(state))
    expect(underWay).toEqual(['RUNNING'])
    expect(STATES.filter(isEnded)).toEqual([...END_STATES])
    expect(STATES.filter(isClaimable).toSorted()).toEqual([...CLAIMABLE_STATES].toSorted())
    expect(STATES.filter((state) => isEnded(state) && isClaimable(state))).toEqual([])
  })

  test('reaches every state from birth, and an end from every state', () => {
    const reachable = (from: State): Set<State> => {
      const seen = new Set<State>([from])
      for (const state of seen) for (const next of TRANSITIONS[state]) seen.add(next)
      return seen
    }
    expect([...reachable('CREATED')].toSorted()).toEqual([...STATES].toSorted())
    for (const state of STATES) expect([...reachable(state)].some(isEnded)).toBe(true)
  })

  test('a finished job stays finished; of the other ends only a retry leads on', () => {
    expect(TRANSITIONS.JOB_FINISHED).toEqual([])
    expect(TRANSITIONS.FAILED).toEqual(['RESTART_READY'])
    expect(TRANSITIONS.USER_KILLED).toEqual(['RESTART_READY'])
  })

  test('every state that a launcher may claim leads to RUNNING, unless it has run; and no other does', () => {
    expect(STATES.filter((state) => leadsTo(state, 'RUNNING'))).toEqual(
      STATES.filter((state) => isClaimable(state) && !isHandled(state) && state !== 'POSTPROCESSED'),
    )
  })
})

describe('leadsTo', () => {
  test.prop([walks, fc.array(fc.boolean(), { minLength: 21, maxLength: 21 })])(
    'allows any walk along the table, with silent states left out or not',
    (walk, isKept) => {
      const shown = walk.filter(
        (state, at) => at === 0 || at === walk.length - 1 || !SILENT.includes(state) || isKept[at],
      )
      for (const [at, state] of shown.slice(1).entries()) expect(leadsTo(shown[at] ?? 'CREATED', state)).toBe(true)
    },
  )

  test.each([
    ['RUNNING', 'JOB_FINISHED'],
    ['CREATED', 'JOB_FINISHED'],
    ['CREATED', 'RUN_DONE'],
    ['CREATED', 'RESTART_READY'],
    ['RUNNING', 'READY'],
    ['RUN_DONE', 'RUNNING'],
    ['RUN_ERROR', 'RUNNING'],
    ['FAILED', 'RUNNING'],
    ['USER_KILLED', 'JOB_FINISHED'],
    ['JOB_FINISHED', 'RESTART_READY'],
    ['RESTART_READY', 'READY'],
    ['STAGED_IN', 'READY'],
  ] as const)('does not lead from %s to %s', (from, to) => {
    expect(leadsTo(from, to)).toBe(false)
  })

  test.prop([walks])(
    'lets advance take a walk in one write, and refuses one with a step the table does not have',
    (walk) => {
      const time = '2026-11-23T00:00:00.000Z'
      const born = {
        state: 'CREATED',
        attempt: 0,
        revision: 1,
        history: [{ time, state: 'CREATED', message: '' }],
      } as const
      const steps = walk.slice(1).map((state) => ({ time, state, message: 'm' }))
      const next = advance(born, steps)
      expect(next).toEqual({ state: walk.at(-1), attempt: 0, revision: 2, history: [...born.history, ...steps] })
      if (isEnded(next.state))
        expect(() => advance(next, [{ time, state: 'RUNNING', message: '' }])).toThrow('cannot go from')
    },
  )
})

import { describe, expect, test } from 'vitest'
import { type DeathKind, afterDeath, isSuspect } from '../../../src/core/life/deaths.ts'
import { wordsOf } from '../../../src/core/life/event-words.ts'
import { type JobState, advance } from '../../../src/core/life/job-state.ts'
import { formatState, parseState } from '../../../src/core/life/state-document.ts'
import type { State } from '../../../src/core/life/states.ts'

const NOW = '2026-11-30T00:00:00.000Z'
const running = (deaths?: readonly DeathKind[], state: State = 'RUNNING'): JobState => ({
  state,
  attempt: 1,
  launcher: 'l1',
  revision: 2,
  history: [{ time: NOW, state }],
  ...(deaths === undefined ? {} : { deaths }),
})
const LOSS = { launcher: 'launcher-died', agent: 'agent-died', node: 'node-lost' } as const
const die = (current: JobState, kind: DeathKind, limit: number): JobState => {
  const { steps, alteration } = afterDeath(current, { why: LOSS[kind], node: 'n7' }, limit, NOW)
  return advance(current, steps, alteration)
}

test('a job is nobody’s after a death, and failed at the limit, with what died last', () => {
  const once = die(running(), 'launcher', 2)
  expect(once).toMatchObject({ state: 'RESTART_READY', deaths: ['launcher'] })
  expect(once.launcher).toBeUndefined()
  const twice = die(running(once.deaths), 'node', 2)
  expect(twice).toMatchObject({ state: 'FAILED', deaths: ['launcher', 'node'] })
  const last = twice.history.at(-1)
  expect(last?.event).toEqual({ kind: 'taken-back', why: 'node-lost', node: 'n7', deaths: 2, limit: 2 })
  expect(last && wordsOf(last)).toBe(
    'its node died 2 times during a run and crash_limit is 2; last cause: node n7 was lost',
  )
})

test.each(['READY', 'STAGED_IN', 'RUN_DONE', 'POSTPROCESSED', 'RESTART_READY'] as const)(
  'one that was in %s while its launcher worked on it counts, too',
  (state) => {
    expect(die(running(undefined, state), 'launcher', 2)).toMatchObject({ state, deaths: ['launcher'] })
    expect(die(running(['agent'], state), 'launcher', 2).state).toBe('FAILED')
  },
)

test('without a limit it is never failed, and no more than a hundred deaths are kept', () => {
  let job = running()
  for (let at = 0; at < 150; at += 1) job = { ...die(job, 'agent', 0), state: 'RUNNING' }
  expect(job.deaths).toHaveLength(100)
})

test('one that was to be killed is killed, whatever else happened', () =>
  expect(die({ ...running(), kill: 'ada' }, 'launcher', 1)).toMatchObject({
    state: 'USER_KILLED',
    deaths: ['launcher'],
  }))

describe('a job is suspected', () => {
  test.each([
    [[], 3, false],
    [['launcher'], 3, false],
    [['launcher', 'node'], 3, true],
    [['agent'], 3, true],
    [['agent', 'launcher'], 0, true],
    [['launcher', 'launcher', 'launcher'], 0, false],
    [[], 1, false],
  ] as const)('after %j with limit %i: %s', (deaths, limit, isOne) => expect(isSuspect(deaths, limit)).toBe(isOne))
})

test('state.yaml says what died', () => {
  const text = formatState(running(['launcher', 'agent']))
  expect(text).toContain('\ndeaths: launcher agent\n')
  expect(parseState(text, 'state.yaml')).toEqual(running(['launcher', 'agent']))
})

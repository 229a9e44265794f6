import { describe, expect, test } from 'vitest'
import { type JobState, advance, bornAt, isOwned } from '../../../src/core/life/job-state.ts'

const time = '2026-11-23T03:41:20.113Z'
const later = '2026-11-23T03:41:21.000Z'
const born: JobState = {
  state: 'CREATED',
  attempt: 0,
  revision: 1,
  history: [{ time, state: 'CREATED', message: 'spawned' }],
}
const running = advance(born, [{ time: later, state: 'RUNNING', message: 'attempt 1' }], { attempt: 1, launcher: 'l1' })

describe('advance', () => {
  test('adds to the history, counts the revision on, and leaves the state that it was given alone', () => {
    const before = structuredClone(born)
    expect(running).toEqual({
      state: 'RUNNING',
      attempt: 1,
      launcher: 'l1',
      revision: 2,
      history: [...born.history, { time: later, state: 'RUNNING', message: 'attempt 1' }],
    })
    expect(born).toEqual(before)
  })

  test('takes a value away with undefined, and keeps what is not mentioned', () => {
    const asked = advance(running, [], { kill: 'ada' })
    expect(asked).toMatchObject({ state: 'RUNNING', launcher: 'l1', kill: 'ada', revision: 3 })
    const released = advance(asked, [{ time: later, state: 'RESTART_READY', message: '' }], {
      launcher: undefined,
      kill: undefined,
    })
    expect(Object.keys(released).toSorted()).toEqual(['attempt', 'history', 'revision', 'state'])
    expect(released.attempt).toBe(1)
  })

  test('refuses a step that the table does not have, also behind a legal one', () => {
    const step = (state: 'RUN_DONE' | 'JOB_FINISHED' | 'READY') => ({ time, state, message: '' })
    expect(() => advance(born, [step('JOB_FINISHED')])).toThrow('a job cannot go from CREATED to JOB_FINISHED')
    expect(() => advance(running, [step('RUN_DONE'), step('JOB_FINISHED'), step('READY')])).toThrow(
      'from JOB_FINISHED to READY',
    )
  })
})

test('a job is owned by the launcher that it names until it ends', () => {
  expect(isOwned(born)).toBe(false)
  expect(isOwned(running)).toBe(true)
  const ended = advance(running, [
    { time, state: 'RUN_DONE', message: '' },
    { time, state: 'JOB_FINISHED', message: '' },
  ])
  expect(ended.launcher).toBe('l1')
  expect(isOwned(ended)).toBe(false)
})

test('a job is told from an earlier one of its id by the time of its first entry', () => {
  expect(bornAt(running)).toBe(time)
  expect(bornAt({ ...born, history: [] })).toBe('')
})

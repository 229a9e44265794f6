import { describe, expect, test } from 'vitest'
import { failureCause } from '../../../src/core/life/event-words.ts'
import { entryOfWords } from '../../../src/core/life/format-one.ts'
import { toMoments } from '../../../src/report/history-collector.ts'
import { type Moment, causeOfMoment, findRuns } from '../../../src/report/run.ts'
import type { HistoryEvent } from '../../../src/core/life/history-event.ts'
import type { State } from '../../../src/core/life/states.ts'

type Told = readonly [seconds: number, state: State, message: string, launcher?: string | undefined]

function historyOf(...entries: readonly Told[]): Moment[] {
  return entries.map(([time, state, words, launcher]) => {
    const { event, message = '' } = entryOfWords('', state, words)
    return { time: time * 1000, state, event, message, launcher }
  })
}

const summary = (...entries: readonly Told[]): unknown[] =>
  findRuns(historyOf(...entries)).map(({ ready, start, end, how, cause, claim }) => ({
    ready: ready / 1000,
    start: start / 1000,
    end: end === undefined ? undefined : end / 1000,
    how,
    cause,
    cores: claim.cores,
  }))

describe('the runs of a job', () => {
  test('of one that finished', () => {
    expect(
      summary(
        [0, 'CREATED', ''],
        [2, 'RUNNING', 'attempt 1 on n[1-2], 8 cores', 'l'],
        [7, 'RUN_DONE', 'exit 0 after 4.9 s', 'l'],
        [7, 'JOB_FINISHED', '', 'l'],
      ),
    ).toEqual([{ ready: 0, start: 2, end: 7, how: 'finished', cause: '', cores: 8 }])
  })

  test('of one that failed, was tried again, lost its launcher and runs', () => {
    expect(
      summary(
        [0, 'CREATED', ''],
        [1, 'RUNNING', 'attempt 1 on n1, 1 core', 'l'],
        [2, 'RUN_ERROR', 'exit 3 after 0.9 s\nTraceback', undefined],
        [2, 'RESTART_READY', 'retry 1 of 2', undefined],
        [3, 'RUNNING', 'attempt 2 on n1, 1 core', 'l'],
        [9, 'RESTART_READY', 'its launcher was silent for 30 s', undefined],
        [10, 'RUNNING', 'attempt 3 on n2, 2 cores', 'm'],
      ),
    ).toEqual([
      { ready: 0, start: 1, end: 2, how: 'failed', cause: 'exit 3: Traceback', cores: 1 },
      { ready: 2, start: 3, end: 9, how: 'lost', cause: 'its launcher was silent for 30 s', cores: 1 },
      { ready: 9, start: 10, end: undefined, how: 'running', cause: '', cores: 2 },
    ])
  })

  test.each([
    ['USER_KILLED', 'killed by ada@vm', 'killed', 'killed by ada@vm'],
    ['FAILED', 'cannot be started: no such file', 'failed', 'cannot be started: no such file'],
  ] as const)('close on %s', (state, message, how, cause) => {
    const history = historyOf(
      [0, 'CREATED', ''],
      [1, 'RUNNING', 'attempt 1 on n1, 1 core', 'l'],
      [4, state, message, 'l'],
    )
    expect(findRuns(history)).toMatchObject([{ start: 1000, end: 4000, how, cause }])
  })

  test('close on a time-out, whose reason counts and not what follows from it', () => {
    const history = historyOf(
      [0, 'CREATED', ''],
      [1, 'RUNNING', 'attempt 1 on n1, 1 core', 'l'],
      [4, 'RUN_TIMEOUT', 'ran for longer than its timeout_minutes, 0.05', 'l'],
      [4, 'FAILED', 'ran for longer than its timeout_minutes, 0.05', 'l'],
    )
    expect(findRuns(history)).toMatchObject([{ how: 'timeout', cause: 'ran for longer than its timeout_minutes' }])
  })

  test('last from the preprocess to the end of the postprocess', () => {
    const history = historyOf(
      [0, 'CREATED', ''],
      [1, 'STAGED_IN', 'preprocess on n1, 4 cores', 'l'],
      [3, 'PREPROCESSED', 'exit 0 after 1.9 s', 'l'],
      [3, 'RUNNING', 'attempt 1 on n1, 4 cores', 'l'],
      [6, 'RUN_DONE', 'exit 0 after 2.9 s', 'l'],
      [8, 'POSTPROCESSED', 'exit 0 after 1.9 s', 'l'],
      [8, 'JOB_FINISHED', '', 'l'],
    )
    expect(findRuns(history)).toMatchObject([{ start: 1000, end: 8000, how: 'finished', claim: { cores: 4 } }])
  })

  test('end where a job is given back between its steps, and its postprocess is a run of its own', () => {
    const history = historyOf(
      [0, 'CREATED', ''],
      [1, 'RUNNING', 'attempt 1 on n1, 4 cores', 'l'],
      [6, 'RUN_DONE', 'exit 0 after 4.9 s', undefined],
      [9, 'RUN_DONE', 'postprocess on n2, 4 cores', 'm'],
      [10, 'POSTPROCESSED', 'exit 0 after 0.9 s', 'm'],
      [10, 'JOB_FINISHED', '', 'm'],
    )
    expect(findRuns(history)).toMatchObject([
      { start: 1000, end: 6000, how: 'finished', launcher: 'l' },
      { ready: 6000, start: 9000, end: 10_000, how: 'finished', launcher: 'm' },
    ])
  })

  test('are none where a job never began', () => {
    expect(findRuns(historyOf([0, 'CREATED', ''], [1, 'FAILED', 'parent w/a is FAILED']))).toEqual([])
    expect(findRuns([])).toEqual([])
  })
})

test('a cause of figures ends with the last line of the output, without its numbers', () => {
  const event: HistoryEvent = { kind: 'ran', exit: 3, seconds: 320 }
  const causeOf = (message: string): string =>
    toMoments([{ time: '', state: 'RUN_ERROR', event, message }], undefined)
      .map(causeOfMoment)
      .join()
  expect(causeOf('Traceback\nno rate 0.5 in 3 files\n\n')).toBe('exit 3: no rate … in … files')
  expect(causeOf('')).toBe('exit 3')
})

test('a cause leaves out what tells one case from another of the same kind', () => {
  const cause = (state: State, event: HistoryEvent, message = ''): string =>
    failureCause({ time: '', state, event, message })
  expect(cause('RUN_ERROR', { kind: 'ran', exit: 3, seconds: 320 }, 'last words')).toBe('exit 3')
  expect(cause('RUN_ERROR', { kind: 'ran', signal: 'SIGSEGV', seconds: 1, cpu: 2, bound: 'most', memory: 12 })).toBe(
    'killed by SIGSEGV',
  )
  expect(cause('RUN_TIMEOUT', { kind: 'stopped', why: 'walltime', seconds: 3, cpu: 1 })).toBe(
    'the time of the allocation was up',
  )
  expect(cause('RUN_TIMEOUT', { kind: 'timed-out', minutes: 3 })).toBe('ran for longer than its timeout_minutes')
  expect(cause('FAILED', { kind: 'orphaned', parent: 'w/a', state: 'FAILED' })).toBe('parent … is FAILED')
  expect(cause('RESTART_READY', { kind: 'retry', count: 1, of: 3 })).toBe('')
  expect(cause('FAILED', { kind: 'verdict', hook: 'postprocess' }, 'bad after 3.0 s\nmore')).toBe('bad after 3.0 s')
})

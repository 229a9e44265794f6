import { describe, expect, test } from 'vitest'
import type { JobEvent, JournalLine } from '../../../src/core/index/journal-events.ts'
import type { JobEntry } from '../../../src/core/index/job-entry.ts'
import type { State } from '../../../src/core/life/states.ts'
import { HistoryCollector } from '../../../src/report/history-collector.ts'

const BORN = '2026-11-24T10:00:00.000Z'
const at = (second: number): string => `2026-11-24T10:00:0${second}.000Z`

function event(revision: number, state: State, more: Partial<JobEvent> = {}): JobEvent {
  return {
    id: 'w/a',
    born: BORN,
    revision,
    state,
    attempt: 0,
    history: [{ time: at(revision - 1), state, message: '' }],
    ...more,
  }
}

function entry(revision: number, state: State): JobEntry {
  return { id: 'w/a', born: BORN, revision, state, attempt: 0, changed: at(revision - 1) }
}

function statesOf(lines: readonly JournalLine[], of: JobEntry): State[] | undefined {
  const collector = new HistoryCollector(['w/a'])
  for (const line of lines) collector.take(line)
  return collector.historyOf(of)?.map(({ state }) => state)
}

const birth: JournalLine = { by: 'driver', n: 1, event: event(1, 'CREATED') }
const claim: JournalLine = { by: 'launcher', n: 1, event: event(2, 'RUNNING', { launcher: 'l' }) }
const end: JournalLine = { by: 'launcher', n: 2, event: event(3, 'JOB_FINISHED', { launcher: 'l' }) }
const done: JournalLine[] = [
  { by: 'driver', done: 1 },
  { by: 'launcher', done: 2 },
]

describe('a history from the journals', () => {
  test('is put together from lines in any order', () => {
    for (const lines of [
      [birth, claim, end, ...done],
      [...done, end, claim, birth],
    ])
      expect(statesOf(lines, entry(3, 'JOB_FINISHED'))).toEqual(['CREATED', 'RUNNING', 'JOB_FINISHED'])
  })

  test('ends where the job was when it was asked about', () => {
    expect(statesOf([birth, claim, end, ...done], entry(2, 'RUNNING'))).toEqual(['CREATED', 'RUNNING'])
  })

  test('leaves out what came to nothing', () => {
    const other: JournalLine = { by: 'other', n: 1, event: event(2, 'USER_KILLED') }
    const lines = [birth, other, claim, end, ...done, { by: 'other', done: 1, void: [1] }]
    expect(statesOf(lines, entry(3, 'JOB_FINISHED'))).toEqual(['CREATED', 'RUNNING', 'JOB_FINISHED'])
  })

  test.each([
    ['a line is missing at its end', [birth, claim, ...done], 3],
    ['its birth is missing', [claim, end, ...done], 3],
    ['a writer died before it said that it was done', [birth, claim, end, { by: 'driver', done: 1 }], 3],
    ['it is of an earlier job of that name', [{ ...birth, event: event(1, 'CREATED', { born: at(9) }) }, ...done], 1],
  ])('is not believed when %s', (_, lines, revision) => {
    expect(statesOf(lines, entry(revision, 'JOB_FINISHED'))).toBeUndefined()
  })

  test('is taken whole from who told it again', () => {
    const history = [...(birth.event?.history ?? []), ...(claim.event?.history ?? []), ...(end.event?.history ?? [])]
    const again: JournalLine = { by: 'fsck', n: 1, event: event(3, 'JOB_FINISHED', { recovered: true, history }) }
    expect(statesOf([again, { by: 'fsck', done: 1 }], entry(3, 'JOB_FINISHED'))).toEqual([
      'CREATED',
      'RUNNING',
      'JOB_FINISHED',
    ])
  })
})

import { describe, expect, test } from 'vitest'
import { decodeSpec } from '../../../src/core/job/job-spec.ts'
import { type Conditions, compileConditions } from '../../../src/client/query/condition.ts'
import type { JobEntry } from '../../../src/core/index/job-entry.ts'

const entry: JobEntry = {
  id: 'dl-hps/task1',
  born: '2026-01-01T00:00:00.000Z',
  revision: 1,
  state: 'RUNNING',
  attempt: 1,
  launcher: 'node01-1',
  changed: '2026-01-01T00:00:00.000Z',
  spec: decodeSpec({ application: 'eval_point', tags: { round: '3' }, parents: ['dl-hps/driver'] }),
}

describe('compileConditions', () => {
  const matching: Conditions[] = [
    {},
    { id: 'dl-hps/task1' },
    { id: ['x/y', 'dl-hps/task1'] },
    { id: new Set(['dl-hps/task1']) },
    { name: { startsWith: 'task' }, workflow: 'dl-hps' },
    { name: { glob: 't*1', contains: 'ask' } },
    { name: { glob: ['x*', 't*1'] } },
    { state: { glob: '*NING' }, id: { glob: 'dl-hps/*' } },
    { state: { in: ['RUNNING', 'FAILED'] } },
    { application: 'eval_point' },
    { app: 'eval_point', launcher: 'node01-1' },
    { tags: { round: '3' } },
    { parents: ['dl-hps/driver'] },
  ]
  test.each(matching)('%j matches', (conditions) => expect(compileConditions(conditions)(entry)).toBe(true))

  const others: Conditions[] = [
    { id: [] },
    { id: 'task1' },
    { name: 'task' },
    { name: 'task*' },
    { name: { glob: [] } },
    { name: { glob: ['x*', 'task'] } },
    { state: 'FAILED' },
    { tags: { round: '4' } },
    { tags: { other: '3' } },
    { workflow: 'dl-hps', launcher: 'node02' },
  ]
  test.each(others)('%j does not', (conditions) => expect(compileConditions(conditions)(entry)).toBe(false))

  test('refuses what it does not know', () => {
    expect(() => compileConditions({ state: 'RUNING' })).toThrow(/did you mean RUNNING/)
    expect(() => compileConditions(Object.fromEntries([['nmae', 'x']]))).toThrow(/did you mean name/)
    expect(() => compileConditions({ name: Object.fromEntries([['begins', 'x']]) })).toThrow(/unknown operator begins/)
  })
})

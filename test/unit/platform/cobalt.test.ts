import { describe, expect, test } from 'vitest'

import { cobalt } from '../../../src/platform/schedulers/cobalt.ts'

const hostName = 'thetamom1'

describe('cobalt allocation', () => {
  test('the node numbers of a Cray', () => {
    const env = { COBALT_JOBID: '5', COBALT_PARTNAME: '1001-1003,1030', COBALT_ENDTIME: '1700000000' }
    expect(cobalt.readAllocation(env, { hostName })).toEqual({
      schedulerId: '5',
      nodes: ['1001', '1002', '1003', '1030'].map((name) => ({ name })),
      endEpochSeconds: 1_700_000_000,
      head: null,
    })
  })

  test('the node file of a cluster', () => {
    const env = { COBALT_JOBID: '5', COBALT_NODEFILE: '/var/tmp/cobalt.5', COBALT_PARTNAME: 'thetagpu01' }
    expect(cobalt.allocationSources(env)).toEqual({ nodeFilePath: '/var/tmp/cobalt.5' })
    expect(cobalt.readAllocation(env, { nodeFile: 'thetagpu01\nthetagpu02\n', hostName }).nodes).toHaveLength(2)
    expect(() => cobalt.readAllocation(env, { hostName })).toThrow('neither COBALT_NODEFILE nor COBALT_PARTNAME')
  })
})

describe('cobalt commands', () => {
  const table =
    'JobID   State      \n===================\n101     running    \n102     queued     \n103     user_hold  \n'

  test('status of many', () => {
    expect(cobalt.statusCommand(['101'])).toEqual(['qstat', '--header', 'JobID:State', '101'])
    expect([...cobalt.parseStatus(table, ['101', '102', '103', '104']).values()].map((status) => status.state)).toEqual(
      ['running', 'queued', 'queued', 'unknown'],
    )
    expect(cobalt.parseStatus('', ['101']).get('101')?.state).toBe('unknown')
  })

  test('time left', () => {
    expect(cobalt.parseTimeLeft('JobID  TimeRemaining\n====================\n101    00:12:34\n', 0)).toBe(754)
    expect(() => cobalt.parseTimeLeft('JobID  TimeRemaining\n====\n101    N/A\n', 0)).toThrow(
      'cannot read the time left',
    )
  })

  test('submit and limit', () => {
    expect(cobalt.submitCommand('b.sh').args).toEqual(['qsub', '--mode', 'script', 'b.sh'])
    expect(cobalt.parseSubmitted('Job routed to queue "default".\n487291\n')).toBe('487291')
    expect(() => cobalt.parseSubmitted('No project')).toThrow("the new job's id")
    expect(cobalt.formatLimit(61)).toBe('2')
  })
})

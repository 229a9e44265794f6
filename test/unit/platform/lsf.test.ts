import { describe, expect, test } from 'vitest'

import { lsf } from '../../../src/platform/schedulers/lsf.ts'

const hostName = 'batch2'

describe('lsf allocation', () => {
  test('LSB_MCPU_HOSTS', () => {
    const env = { LSB_JOBID: '779469', LSB_MCPU_HOSTS: 'hostA 4 hostB 2' }
    expect(lsf.readAllocation(env, { hostName })).toEqual({
      schedulerId: '779469',
      nodes: [
        { name: 'hostA', cores: 4 },
        { name: 'hostB', cores: 2 },
      ],
    })
  })

  test('the launch node of the job step manager is no node', () => {
    const env = { LSB_JOBID: '1', CSM_ALLOCATION_ID: '9', LSB_MCPU_HOSTS: 'batch2 1 h41n03 42 h41n04 42' }
    expect(lsf.readAllocation(env, { hostName }).nodes.map((node) => node.name)).toEqual(['h41n03', 'h41n04'])
  })

  test('the host file, where the variable was too long to be set', () => {
    const env = { LSB_JOBID: '1', LSB_DJOB_HOSTFILE: '/f' }
    expect(lsf.allocationSources(env)).toEqual({ nodeFilePath: '/f' })
    expect(lsf.readAllocation(env, { nodeFile: 'a\na\nb\n', hostName }).nodes).toEqual([
      { name: 'a', cores: 2 },
      { name: 'b', cores: 1 },
    ])
  })

  test('malformed', () => {
    expect(() => lsf.readAllocation({ LSB_MCPU_HOSTS: 'hostA four' }, { hostName })).toThrow(
      "LSB_MCPU_HOSTS is 'hostA four'",
    )
    expect(() => lsf.readAllocation({}, { hostName })).toThrow('name no host')
  })
})

describe('lsf commands', () => {
  test.each([
    ['1513 second(s)|120.0\n', 7200 - 1513],
    ['60 second(s)|3.0/hostA', 120],
    ['00:25:13|02:00:00', 7200 - 1513],
    ['60 second(s)|-', Infinity],
    ['9999 second(s)|3.0', 0],
  ])('time left %j', (output, seconds) => {
    expect(lsf.parseTimeLeft(output, 0)).toBe(seconds)
  })

  test('no time left', () => {
    expect(lsf.timeLeftCommand('7')).toEqual(['bjobs', '-noheader', '-o', "run_time runtimelimit delimiter='|'", '7'])
    expect(() => lsf.parseTimeLeft('Job <7> is not found', 0)).toThrow("it printed 'Job <7> is not found'")
    expect(() => lsf.parseTimeLeft('5 second(s)|soon', 0)).toThrow('cannot read the time left from lsf')
  })

  test('submit reads the script as standard input', () => {
    expect(lsf.submitCommand('b.sh')).toEqual({ args: ['bsub'], stdinPath: 'b.sh' })
    expect(lsf.parseSubmitted('Job <779469> is submitted to default queue <batch>.\n')).toBe('779469')
    expect(() => lsf.parseSubmitted('Project must be specified')).toThrow("the new job's id")
  })

  test('status of many', () => {
    const output = '1|PEND\n2|RUN\n3|EXIT\n4|ZOMBI\nJob <5> is not found\n'
    expect([...lsf.parseStatus(output, ['1', '2', '3', '4', '5']).values()].map((status) => status.state)).toEqual([
      'queued',
      'running',
      'ended',
      'unknown',
      'unknown',
    ])
  })

  test('limit is hours and minutes', () => {
    expect(lsf.formatLimit(3601)).toBe('1:01')
    expect(lsf.formatLimit(50 * 60)).toBe('0:50')
  })
})

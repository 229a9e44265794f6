import { describe, expect, test } from 'vitest'

import { gridEngine } from '../../../src/platform/schedulers/grid-engine.ts'

const hostName = 'master'
const env = { JOB_ID: '231', SGE_TASK_ID: 'undefined', PE_HOSTFILE: '/spool/pe_hostfile' }

const JOBS = `<?xml version='1.0'?>
<job_info  xmlns:xsd="http://arc.liv.ac.uk/repos/darcs/sge/source/dist/util/resources/schemas/qstat/qstat.xsd">
  <queue_info>
    <job_list state="running">
      <JB_job_number>89</JB_job_number>
      <JB_name>STDIN</JB_name>
      <state>r</state>
      <JAT_start_time>2019-05-15T13:16:51</JAT_start_time>
      <slots>1</slots>
    </job_list>
  </queue_info>
  <job_info>
    <job_list state="pending">
      <JB_job_number>90</JB_job_number>
      <state>qw</state>
    </job_list>
    <job_list state="pending">
      <JB_job_number>91</JB_job_number>
      <state>Eqw</state>
    </job_list>
  </job_info>
</job_info>
`

const detail = (start: string, limit = '3600') => `<detailed_job_info><djob_info><element>
  <JB_hard_resource_list><qstat_l_requests><CE_name>h_rt</CE_name><CE_valtype>3</CE_valtype>
  <CE_stringval>${limit}</CE_stringval></qstat_l_requests></JB_hard_resource_list>
  <JB_ja_tasks><ulong_sublist><JAT_start_time>${start}</JAT_start_time></ulong_sublist></JB_ja_tasks>
</element></djob_info></detailed_job_info>`

describe('grid engine allocation', () => {
  test('the slots of a parallel environment', () => {
    expect(gridEngine.allocationSources(env)).toEqual({ nodeFilePath: '/spool/pe_hostfile' })
    const nodeFile = 'n1 4 all.q@n1 UNDEFINED\nn2 2 all.q@n2 <NULL>\nn1 2 long.q@n1 UNDEFINED\n'
    expect(gridEngine.readAllocation(env, { nodeFile, hostName })).toEqual({
      schedulerId: '231',
      nodes: [
        { name: 'n1', cores: 6 },
        { name: 'n2', cores: 2 },
      ],
    })
  })

  test('without one it is a slot on this host', () => {
    expect(gridEngine.readAllocation(env, { hostName }).nodes).toEqual([{ name: 'master', cores: 1 }])
  })

  test('malformed', () => {
    expect(() => gridEngine.readAllocation(env, { nodeFile: 'n1 4 q u\nn2\n', hostName })).toThrow(
      "line 2 of PE_HOSTFILE is 'n2'",
    )
  })

  test('JOB_ID alone is not Grid Engine', () => {
    expect(gridEngine.isInside({ JOB_ID: '1' })).toBe(false)
    expect(gridEngine.isInside(env)).toBe(true)
  })
})

describe('grid engine commands', () => {
  test('time left, in seconds or milliseconds', () => {
    expect(gridEngine.parseTimeLeft(detail('1557926211'), 1_557_926_811)).toBe(3000)
    expect(gridEngine.parseTimeLeft(detail('1557926211000'), 1_557_926_811)).toBe(3000)
    expect(gridEngine.parseTimeLeft(detail('1557926211', '1:00:00'), 1_557_926_811)).toBe(3000)
    expect(gridEngine.parseTimeLeft(detail('1557926211'), 1_600_000_000)).toBe(0)
    expect(gridEngine.parseTimeLeft(detail('1557926211', 'INFINITY'), 1_557_926_811)).toBe(Infinity)
    expect(() => gridEngine.parseTimeLeft('<unknown_jobs>', 0)).toThrow('cannot read the time left from grid-engine')
  })

  test('submit', () => {
    expect(gridEngine.submitCommand('b.sh').args).toEqual(['qsub', '-terse', 'b.sh'])
    expect(gridEngine.parseSubmitted('231\n')).toBe('231')
    expect(gridEngine.parseSubmitted('231.1-10:1\n')).toBe('231')
    expect(() => gridEngine.parseSubmitted('Unable to run job')).toThrow("the new job's id")
  })

  test('status', () => {
    expect(gridEngine.statusCommand(['89'])).toEqual(['qstat', '-xml'])
    expect(Object.fromEntries(gridEngine.parseStatus(JOBS, ['89', '90', '91', '92']))).toEqual({
      89: { state: 'running', raw: 'r' },
      90: { state: 'queued', raw: 'qw' },
      91: { state: 'queued', raw: 'Eqw' },
      92: { state: 'unknown', raw: '' },
    })
  })
})

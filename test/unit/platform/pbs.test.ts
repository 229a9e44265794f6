import { describe, expect, test } from 'vitest'

import { pbs } from '../../../src/platform/schedulers/pbs.ts'

const hostName = 'x1'

/** The form of qstat -f (qstat(1B)): four blanks before a name, long values broken with a tab. */
const QSTAT = `Job Id: 1.vbox
    Job_Name = STDIN
    Job_Owner = root@vbox
    resources_used.walltime = 00:09:00
    job_state = R
    exec_host = x3001c0s1b0n0/0*64+x3001c0s2b0n0/0*64+x3001c0s3b0n0/0*64+x3001c
\t0s4b0n0/0*64
    Resource_List.nodect = 4
    Resource_List.walltime = 01:00:00
    stime = Fri Nov 11 17:57:05 2016
    Variable_List = PBS_O_LANG=en_US.UTF-8,PBS_O_PATH=/usr/bin:/bin,A="
\tjob_state = F"

Job Id: 22.vbox
    job_state = Q

Job Id: 23.vbox
    job_state = F
    Exit_status = 271
`

describe('pbs allocation', () => {
  test('the hosts of the node file, once each', () => {
    const env = {
      PBS_JOBID: '1.vbox',
      PBS_NODEFILE: '/var/spool/pbs/aux/1.vbox',
      NCPUS: '64',
      CUDA_VISIBLE_DEVICES: '0,1',
    }
    expect(pbs.allocationSources(env)).toEqual({ nodeFilePath: '/var/spool/pbs/aux/1.vbox' })
    expect(pbs.readAllocation(env, { nodeFile: 'x1\nx1\nx2\n', hostName })).toEqual({
      schedulerId: '1.vbox',
      nodes: [
        { name: 'x1', cores: 64, gpus: 2, gpuIds: ['0', '1'] },
        { name: 'x2', cores: 64, gpus: 2 },
      ],
    })
  })

  test('one processor is not told from the default', () => {
    const env = { PBS_JOBID: '1', NCPUS: '1' }
    expect(pbs.readAllocation(env, { nodeFile: 'x1\n', hostName }).nodes).toEqual([{ name: 'x1' }])
  })

  test('an empty node file', () => {
    expect(() => pbs.readAllocation({}, { nodeFile: '\n', hostName })).toThrow('PBS_NODEFILE names no host')
  })
})

describe('pbs commands', () => {
  const startSeconds = Date.parse('Fri Nov 11 17:57:05 2016') / 1000

  test('time left from the start, when the server has not counted yet', () => {
    expect(pbs.timeLeftCommand('1.vbox')).toEqual(['qstat', '-f', '1.vbox'])
    expect(pbs.parseTimeLeft(QSTAT, startSeconds + 700)).toBe(2900)
  })

  test('time left from the server, when the clocks differ', () => {
    expect(pbs.parseTimeLeft(QSTAT, startSeconds - 5000)).toBe(3600 - 540)
  })

  test('no limit, over the limit, no job', () => {
    expect(pbs.parseTimeLeft('Job Id: 1\n    job_state = R\n', 0)).toBe(Infinity)
    expect(pbs.parseTimeLeft(QSTAT, startSeconds + 9999)).toBe(0)
    expect(() => pbs.parseTimeLeft('qstat: Unknown Job Id 1\n', 0)).toThrow('cannot read the time left from pbs')
  })

  test('submit', () => {
    expect(pbs.submitCommand('b.sh').args).toEqual(['qsub', 'b.sh'])
    expect(pbs.parseSubmitted('1234.polaris-pbs-01.hsn.cm.polaris.alcf.anl.gov\n')).toBe(
      '1234.polaris-pbs-01.hsn.cm.polaris.alcf.anl.gov',
    )
    expect(() => pbs.parseSubmitted('qsub: Unauthorized Request')).toThrow("the new job's id")
  })

  test('status of many, under the id that was asked for', () => {
    expect(pbs.statusCommand(['1', '22.vbox'])).toEqual(['qstat', '-x', '-f', '1', '22.vbox'])
    expect(Object.fromEntries(pbs.parseStatus(QSTAT, ['1', '22.vbox', '23.vbox', '2']))).toEqual({
      1: { state: 'running', raw: 'R' },
      '22.vbox': { state: 'queued', raw: 'Q' },
      '23.vbox': { state: 'ended', raw: 'F' },
      2: { state: 'unknown', raw: '' },
    })
  })

  test('limit', () => {
    expect(pbs.formatLimit(108_000)).toBe('30:00:00')
    expect(() => pbs.formatLimit(Infinity)).toThrow('needs a finite limit')
  })
})

import { describe, expect, test } from 'vitest'

import { slurm } from '../../../src/platform/schedulers/slurm.ts'

const hostName = 'login1'
const inside = { SLURM_JOB_ID: '4711', SLURM_JOB_NODELIST: 'n[1-3]' }

describe('slurm allocation', () => {
  test('names, processors, GPUs, memory and the end', () => {
    const allocation = slurm.readAllocation(
      {
        ...inside,
        SLURM_JOB_CPUS_PER_NODE: '72(x2),36',
        SLURM_GPUS_ON_NODE: '2',
        CUDA_VISIBLE_DEVICES: '2,3',
        SLURM_MEM_PER_CPU: '2000',
        SLURM_JOB_END_TIME: '1800000000',
      },
      { hostName },
    )
    expect(allocation).toEqual({
      schedulerId: '4711',
      endEpochSeconds: 1_800_000_000,
      head: null,
      nodes: [
        { name: 'n1', cores: 72, gpus: 2, gpuIds: ['2', '3'], memoryMiB: 144_000 },
        { name: 'n2', cores: 72, gpus: 2, memoryMiB: 144_000 },
        { name: 'n3', cores: 36, gpus: 2, memoryMiB: 72_000 },
      ],
    })
  })

  test('the node that this runs on: slurmd tells, salloc on a login node does not', () => {
    expect(slurm.readAllocation({ ...inside, SLURMD_NODENAME: 'n2' }, { hostName }).head).toBe('n2')
    expect(slurm.readAllocation(inside, { hostName }).head).toBeNull()
  })

  test('says nothing about what is not told', () => {
    expect(slurm.readAllocation({ ...inside, SLURM_MEM_PER_NODE: '0' }, { hostName }).nodes[0]).toEqual({ name: 'n1' })
  })

  test.each([
    ['4', 4],
    ['a100:4', 4],
    ['a100:2,h100:1', 3],
  ])('GPUs a node from %s', (asked, gpus) => {
    expect(slurm.readAllocation({ ...inside, SLURM_GPUS_PER_NODE: asked }, { hostName }).nodes[1]?.gpus).toBe(gpus)
  })

  test.each([
    ['72(x2)', 'SLURM_JOB_CPUS_PER_NODE has 2 nodes, SLURM_JOB_NODELIST 3'],
    ['72(x99999999)', "SLURM_JOB_CPUS_PER_NODE is '72(x99999999)'"],
    ['many', "SLURM_JOB_CPUS_PER_NODE is 'many'"],
  ])('refuses %s processors', (counts, message) => {
    expect(() => slurm.readAllocation({ ...inside, SLURM_JOB_CPUS_PER_NODE: counts }, { hostName })).toThrow(message)
  })

  test('a login node is not inside', () => {
    expect(slurm.isInside({})).toBe(false)
    expect(slurm.isInside({ SLURM_JOB_ID: '1' })).toBe(false)
    expect(slurm.isInside(inside)).toBe(true)
  })
})

describe('slurm commands', () => {
  test.each([
    ['1-02:03:04\n', 93_784],
    ['59:03', 3543],
    ['0:00', 0],
    ['INVALID', 0],
    ['UNLIMITED', Infinity],
  ])('time left %j', (output, seconds) => {
    expect(slurm.timeLeftCommand('7')).toEqual(['squeue', '--noheader', '--jobs=7', '--format=%L'])
    expect(slurm.parseTimeLeft(output, 0)).toBe(seconds)
  })

  test.each(['', 'NOT_SET'])('no time left in %j', (output) => {
    expect(() => slurm.parseTimeLeft(output, 0)).toThrow('slurm did not tell the time left')
  })

  test('submit', () => {
    expect(slurm.submitCommand('/s/b.sh')).toEqual({ args: ['sbatch', '--parsable', '/s/b.sh'] })
    expect(slurm.parseSubmitted('12345\n')).toBe('12345')
    expect(slurm.parseSubmitted('sbatch: advice\n12345;cluster\n')).toBe('12345')
    expect(() => slurm.parseSubmitted('Submitted nothing')).toThrow("it printed 'Submitted nothing'")
  })

  test('status of many', () => {
    expect(slurm.statusCommand(['1', '2'])).toEqual([
      'squeue',
      '--noheader',
      '--states=all',
      '--format=%i|%T',
      '--jobs=1,2',
    ])
    const output = '1|PENDING\n2|COMPLETING\n3|TIMEOUT\n4|CANCELLED\n'
    expect(Object.fromEntries(slurm.parseStatus(output, ['1', '2', '3', '4', '5']))).toEqual({
      1: { state: 'queued', raw: 'PENDING' },
      2: { state: 'running', raw: 'COMPLETING' },
      3: { state: 'ended', raw: 'TIMEOUT' },
      4: { state: 'ended', raw: 'CANCELLED' },
      5: { state: 'unknown', raw: '' },
    })
  })

  test('cancel and limit', () => {
    expect(slurm.cancelCommand(['1', '2'])).toEqual(['scancel', '1', '2'])
    expect(slurm.formatLimit(90_000)).toBe('1-01:00:00')
  })
})

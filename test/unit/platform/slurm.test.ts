import { describe, expect, test } from 'vitest'

import { slurm } from '../../../src/platform/schedulers/slurm.ts'
import { recordedEnvironment } from './recorded.ts'

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

  test('a batch script has all of its job', () => {
    const { nodes, head } = slurm.readAllocation(recordedEnvironment('slurm-batch'), { hostName })
    expect(nodes).toEqual(['node1', 'node2', 'node3'].map((name) => ({ name, cores: 4 })))
    expect(head).toBe('node1')
  })

  test('a step has its own nodes and processors', () => {
    const step = recordedEnvironment('slurm-step-one-core')
    expect(slurm.readAllocation(step, { hostName }).nodes).toEqual([{ name: 'node1', cores: 1 }])
    // The shell of `salloc` where it runs on the first node.
    const shell = { ...step, SLURM_STEP_ID: '4294967290' }
    expect(slurm.readAllocation(shell, { hostName }).nodes).toHaveLength(3)
    const two = { ...step, SLURM_STEP_NODELIST: 'node[2-3]', SLURMD_NODENAME: 'node2', SLURM_CPUS_ON_NODE: '2' }
    expect(slurm.readAllocation(two, { hostName })).toMatchObject({
      head: 'node2',
      nodes: [
        { name: 'node2', cores: 2 },
        { name: 'node3', cores: 2 },
      ],
    })
  })

  test('each task of a step has its share of its node', () => {
    const task = recordedEnvironment('slurm-step-pmi2')
    expect(slurm.readAllocation(task, { hostName }).nodes).toEqual([{ name: 'node1', cores: 2 }])
    expect(slurm.readAllocation({ ...task, SLURMD_NODENAME: 'node2' }, { hostName }).nodes).toEqual([
      { name: 'node2', cores: 2 },
    ])
    expect(() => slurm.readAllocation({ ...task, SLURMD_NODENAME: 'node3' }, { hostName })).toThrow('SLURMD_NODENAME')
  })

  test('cores are cores: sinfo tells where Slurm counts hardware threads', () => {
    const env = { ...inside, SLURM_JOB_CPUS_PER_NODE: '256,128,4', SLURM_MEM_PER_CPU: '1000' }
    expect(slurm.allocationSources(env).command).toEqual([
      'sinfo',
      '--noheader',
      '--Node',
      '--nodes=n[1-3]',
      '--format=%n|%c|%X|%Y|%Z',
    ])
    // The second one is configured with a CPU for each core.
    const output = 'n1|256|2|64|2\nn2|128|2|64|2\nn3|4|4|1|1\nn3|4|4|1|1\n'
    expect(slurm.readAllocation(env, { hostName, output }).nodes).toEqual([
      { name: 'n1', cores: 128, cpusPerCore: 2, memoryMiB: 256_000 },
      { name: 'n2', cores: 128, cpusPerCore: 1, memoryMiB: 128_000 },
      { name: 'n3', cores: 4, cpusPerCore: 1, memoryMiB: 4000 },
    ])
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
    expect(() => slurm.parseTimeLeft(output, 0)).toThrow('cannot read the time left from slurm')
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

import { describe, expect, test } from 'vitest'

import { buildGpuEnvironment, chooseGpuVariable, readVisibleGpus } from '../../../src/platform/schedulers/gpu.ts'
import { detectAllocation, detectSubmission, findScheduler } from '../../../src/platform/schedulers/schedulers.ts'

const has =
  (...commands: string[]) =>
  (command: string) =>
    commands.includes(command)

describe('which scheduler', () => {
  test.each([
    ['slurm', { SLURM_JOB_ID: '1', SLURM_JOB_NODELIST: 'a' }],
    ['flux', { SLURM_JOB_ID: '1', SLURM_JOB_NODELIST: 'a', FLUX_URI: 'local:///x' }],
    ['pbs', { PBS_JOBID: '1.x', PBS_NODEFILE: '/f' }],
    ['cobalt', { COBALT_JOBID: '1', PBS_JOBID: '1' }],
    ['lsf', { LSB_JOBID: '1' }],
    ['grid-engine', { JOB_ID: '1', SGE_TASK_ID: 'undefined' }],
    ['none', { JOB_ID: '1' }],
    ['none', { SLURM_JOB_ID: '' }],
  ])('inside %s', (name, env) => {
    expect(detectAllocation(env).name).toBe(name)
  })

  test.each([
    ['slurm', ['sbatch', 'qsub', 'flux']],
    ['pbs', ['qsub', 'pbsnodes']],
    ['grid-engine', ['qsub', 'qconf']],
    ['cobalt', ['qsub', 'cqsub']],
    ['lsf', ['bsub']],
    ['flux', ['flux']],
    ['none', ['qsub']],
  ])('%s by its commands', (name, commands) => {
    expect(detectSubmission(has(...commands)).name).toBe(name)
  })

  test('by name', () => {
    expect(findScheduler('pbs').directivePrefix).toBe('#PBS')
    expect(() => findScheduler('slrum')).toThrow(expect.objectContaining({ code: 'unknown-scheduler' }))
  })

  test('none is this machine, without end, and takes no batch jobs', () => {
    const none = findScheduler('none')
    expect(none.readAllocation({ CUDA_VISIBLE_DEVICES: '1' }, { hostName: 'desk' })).toEqual({
      nodes: [{ name: 'desk', gpus: 1, gpuIds: ['1'] }],
    })
    expect(none.timeLeftCommand('')).toBeUndefined()
    expect(none.parseTimeLeft('', 0)).toBe(Infinity)
    expect(() => none.submitCommand('b.sh')).toThrow(expect.objectContaining({ code: 'no-scheduler' }))
  })
})

describe('GPU variables', () => {
  test('one is set and the others go', () => {
    expect(buildGpuEnvironment('ROCR_VISIBLE_DEVICES', ['4', '5'])).toEqual({
      CUDA_VISIBLE_DEVICES: undefined,
      ROCR_VISIBLE_DEVICES: '4,5',
      ZE_AFFINITY_MASK: undefined,
      HIP_VISIBLE_DEVICES: undefined,
      GPU_DEVICE_ORDINAL: undefined,
    })
  })

  test('the tools decide before the environment', () => {
    const env = { CUDA_VISIBLE_DEVICES: '0', ROCR_VISIBLE_DEVICES: '0' }
    expect(chooseGpuVariable(env, has('rocminfo'))).toBe('ROCR_VISIBLE_DEVICES')
    expect(chooseGpuVariable({ ZE_AFFINITY_MASK: '0.1' }, has())).toBe('ZE_AFFINITY_MASK')
    expect(chooseGpuVariable({}, has())).toBe('CUDA_VISIBLE_DEVICES')
  })

  test('what is visible', () => {
    expect(readVisibleGpus({ CUDA_VISIBLE_DEVICES: 'GPU-1, GPU-2' })).toEqual(['GPU-1', 'GPU-2'])
    expect(readVisibleGpus({ CUDA_VISIBLE_DEVICES: 'NoDevFiles' })).toBeUndefined()
    expect(readVisibleGpus({})).toBeUndefined()
  })
})

import { describe, expect, test } from 'vitest'
import { findScheduler } from '../../../src/platform/schedulers/schedulers.ts'
import { withoutJob, withoutTask } from '../../../src/platform/schedulers/surrounding-job.ts'
import { recordedEnvironment } from './recorded.ts'

const OWN = {
  HOME: '/h/ada',
  PATH: '/usr/bin',
  OMPI_MCA_btl: 'tcp',
  PMIX_MCA_gds: 'hash',
  SLURM_CONF: '/etc/slurm/slurm.conf',
}
const JOB = { BJOB_JOB_ID: 'w/a', BJOB_SITE: '/site', BJOB_LAUNCHER: 'n1-1', BJOB_HOOK: 'preprocess' }
const slurm = findScheduler('slurm')

describe('what a new allocation is asked for with', () => {
  test.each([
    ['slurm', 'slurm-batch'],
    ['slurm', 'slurm-salloc'],
    ['slurm', 'slurm-step-one-core'],
    ['slurm', 'slurm-step-pmi2'],
    ['slurm', 'openmpi-rank'],
    ['slurm', 'hydra-rank'],
  ])('%s, from %s: only what is a person`s own', (name, recording) => {
    const inside = {
      ...OWN,
      ...recordedEnvironment(recording),
      ...JOB,
      CUDA_VISIBLE_DEVICES: '2',
      SBATCH_PARTITION: 'long',
    }
    expect(withoutJob(inside, findScheduler(name))).toEqual({
      ...OWN,
      ...(recording === 'slurm-salloc' ? {} : { TMPDIR: '/tmp' }),
      // Open MPI sets one of its own beside a person's.
      // srun's own, or a person's: nothing tells them apart.
      ...(recording === 'slurm-step-pmi2' ? { SLURM_MPI_TYPE: 'pmi2' } : {}),
      ...(recording === 'openmpi-rank' ? { PMIX_MCA_mca_base_component_show_load_errors: '1' } : {}),
    })
  })

  test('grid-engine: variables without a prefix go, and the folder that ends with the job', () => {
    const left = withoutJob(recordedEnvironment('grid-engine-batch'), findScheduler('grid-engine'))
    expect(Object.keys(left).sort()).toEqual(
      'ARC HOME HOSTNAME LANG LOGNAME PATH PWD SGE_ARCH SGE_CELL SGE_ROOT SHELL SHLVL TERM USER _'.split(' '),
    )
    // They are anybody's in a job of another scheduler.
    expect(withoutJob({ ...JOB, QUEUE: 'mine', PE: 'x' }, findScheduler('grid-engine'))).toEqual({
      QUEUE: 'mine',
      PE: 'x',
    })
  })

  test('pbs', () => {
    const left = withoutJob(recordedEnvironment('pbs-batch'), findScheduler('pbs'))
    expect(Object.keys(left).filter((name) => /PBS|NCPUS|ENVIRONMENT|TMPDIR/.test(name))).toEqual([])
    expect(left).toMatchObject({ TZ: 'UTC' })
  })

  test('flux: the instance stays for flux, and misleads no other', () => {
    const inside = recordedEnvironment('flux-run')
    const names = (scheduler: string) =>
      Object.keys(withoutJob({ ...OWN, ...inside }, findScheduler(scheduler))).filter((name) =>
        name.startsWith('FLUX_'),
      )
    expect(names('flux').sort()).toEqual([
      'FLUX_CONNECTOR_PATH',
      'FLUX_EXEC_PATH',
      'FLUX_MODULE_PATH',
      'FLUX_PMI_LIBRARY_PATH',
      'FLUX_URI',
    ])
    expect(names('slurm')).toEqual([])
  })

  test('lsf', () => {
    const inside = {
      LSB_JOBID: '7',
      LSB_MCPU_HOSTS: 'a 4',
      LSF_ENVDIR: '/etc/lsf',
      LS_SUBCWD: '/x',
      LSB_DEFAULTQUEUE: 'q',
    }
    expect(withoutJob(inside, findScheduler('lsf'))).toEqual({ LSF_ENVDIR: '/etc/lsf', LSB_DEFAULTQUEUE: 'q' })
  })

  test('on a login node, outside of any job, nothing changes', () => {
    const login = { ...OWN, SBATCH_ACCOUNT: 'm1', SLURM_MPI_TYPE: 'pmix', BJOB_SITE: '/site', TMPDIR: '/tmp/7' }
    expect(withoutJob(login, slurm)).toBe(login)
  })

  test('a job of bjob on a login node is a job', () => {
    expect(withoutJob({ ...OWN, ...JOB, BJOB_TEST_SOCKET: '/s' }, slurm)).toEqual({ ...OWN, BJOB_TEST_SOCKET: '/s' })
  })
})

describe('what a job finds of its launcher`s surroundings', () => {
  test.each([
    'slurm-batch',
    'slurm-step-one-core',
    'slurm-step-pmi2',
    'slurm-step-pmix',
    'openmpi-rank',
    'hydra-rank',
    'flux-run',
    'pbs-batch',
    'grid-engine-batch',
  ])('%s: the batch job, and no rank', (recording) => {
    const found = recordedEnvironment(recording)
    const left = withoutTask({ ...found, ...OWN, ...JOB })
    expect(left).toMatchObject(OWN)
    expect(
      Object.keys(left).filter((name) =>
        /^(PMI_|PMIX_(?!MCA)|OMPI_(?!MCA_btl)|MPI_|BJOB_)|RANK|PROCID|STEP|NTASKS|TASK_|LOCALID|PER_TASK|FLUX_JOB/.test(
          name,
        ),
      ),
    ).toEqual(
      recording === 'grid-engine-batch' ? ['SGE_TASK_FIRST', 'SGE_TASK_ID', 'SGE_TASK_LAST', 'SGE_TASK_STEPSIZE'] : [],
    )
    for (const name of [
      'SLURM_JOB_ID',
      'SLURM_JOB_NODELIST',
      'SLURM_TASKS_PER_NODE',
      'PBS_JOBID',
      'PE_HOSTFILE',
      'FLUX_URI',
    ])
      expect(left[name]).toBe(found[name])
  })
})

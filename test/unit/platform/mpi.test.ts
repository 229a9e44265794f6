import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'

import { type MpiRun, dealCores, detectMpi, identifyMpi } from '../../../src/platform/mpi/mpi.ts'
import { srun } from '../../../src/platform/mpi/srun.ts'
import { findMpiLauncher } from '../../../src/platform/mpi/mpi-launchers.ts'
import { createMpiTemplate } from '../../../src/platform/mpi/mpi-template.ts'

const run: MpiRun = {
  hosts: ['n1', 'n2'],
  ranksPerNode: 2,
  threadsPerRank: 4,
  threadsPerCore: 2,
  gpusPerRank: 1,
  cpuAffinity: 'depth',
  mpiFlags: ['--flag', 'a b'],
  forwardEnv: ['BJOB_ID'],
  command: ['./sim', "it's; $HOME"],
}
const tail = ['--flag', 'a b', './sim', "it's; $HOME"]
const split = (words: string) => words.split(' ')
const threads = { OMP_NUM_THREADS: '4' }
const build = (name: string, change: Partial<MpiRun> = {}) =>
  findMpiLauncher(name).buildInvocation({ ...run, ...change })

describe('argument lists', () => {
  test('srun', () => {
    const common = [
      'srun',
      '--nodes=2',
      '--ntasks=4',
      '--ntasks-per-node=2',
      '--nodelist=n[1-2]',
      '--overlap',
      '--mem=0',
      '--export=ALL',
    ]
    expect(build('srun')).toEqual({ args: [...common, '--cpus-per-task=4', '--cpu-bind=cores', ...tail], env: threads })
    expect(build('srun', { cpuAffinity: 'none' }).args).toEqual([...common, '--cpu-bind=none', ...tail])
    expect(build('srun', { coreIds: [0, 1, 64, 65] }).args).toEqual([
      ...common,
      '--cpu-bind=mask_cpu:0x3,0x30000000000000000',
      ...tail,
    ])
  })

  test('srun takes whole cores where Slurm counts hardware threads', () => {
    const words = (more: Partial<MpiRun>) => build('srun', { cpuAffinity: 'cores', ...more }).args
    expect(words({ threadsPerRank: 4, threadsPerCore: 1, cpusPerCore: 2 })).toContain('--cpus-per-task=8')
    expect(words({ threadsPerRank: 4, threadsPerCore: 2, cpusPerCore: 2 })).toContain('--cpus-per-task=4')
  })

  test('srun passes TERM on to the step of a name', () => {
    expect(build('srun', { name: 'w/a#2' }).args).toContain('--job-name=w/a#2')
    const listing = '21.0|node\n21.3|w/a#12\n21.4|w/a#2\n'
    expect(srun.terminator?.signalCommand(listing, 'w/a#2')).toEqual(['scancel', '--signal=TERM', '21.4'])
    expect(srun.terminator?.signalCommand(listing, 'w/b#1')).toBeUndefined()
  })

  test("Open MPI's two waits fit into the grace", () => {
    const variable = 'OMPI_MCA_odls_base_sigkill_timeout'
    expect(build('openmpi', { graceSeconds: 10 }).env[variable]).toBe('4')
    expect(build('openmpi', { graceSeconds: 0 }).env[variable]).toBe('1')
  })

  test('Open MPI', () => {
    expect(build('openmpi')).toEqual({
      args: [
        ...split('mpirun -np 4 --host n1:2,n2:2 --map-by ppr:2:node:PE=2 --oversubscribe'),
        ...split('--bind-to core -x OMP_NUM_THREADS -x BJOB_ID'),
        ...tail,
      ],
      env: { ...threads, SLURM_OVERLAP: '1' },
    })
    const shared = build('openmpi', { coreIds: [2, 3], threadsPerRank: 1, forwardEnv: [] }).args.join(' ')
    expect(shared).toContain('--map-by ppr:2:node --oversubscribe --bind-to none --flag')
  })

  test('Hydra', () => {
    const common = ['mpiexec.hydra', '-n', '4', '-ppn', '2', '-hosts', 'n1,n2', '-bind-to']
    expect(build('hydra')).toEqual({
      args: [...common, 'core:2', '-genvall', ...tail],
      env: { ...threads, SLURM_OVERLAP: '1' },
    })
    expect(build('hydra', { coreIds: [4, 5, 6, 7] }).args).toEqual([...common, 'user:4+5,6+7', '-genvall', ...tail])
    expect(build('hydra', { cpuAffinity: 'numa' }).args).toEqual([...common, 'numa', '-genvall', ...tail])
  })

  test('PALS', () => {
    const common = ['mpiexec', '-n', '4', '--ppn', '2', '--hosts', 'n1,n2']
    expect(build('pals')).toEqual({
      args: [...common, '--depth', '4', '--cpu-bind', 'depth', '--genvall', ...tail],
      env: threads,
    })
    expect(build('pals', { coreIds: [1, 2, 3, 4] }).args).toEqual([
      ...common,
      '--cpu-bind',
      'list:1,2:3,4',
      '--genvall',
      ...tail,
    ])
  })

  test('aprun', () => {
    expect(build('aprun', { hosts: ['nid00012', '1001'] }).args).toEqual([
      ...split('aprun -n 4 -N 2 -L 12,1001 -cc depth -d 4 -j 2'),
      ...tail,
    ])
  })

  test('jsrun', () => {
    expect(build('jsrun').args).toEqual([
      ...split('jsrun --nrs 4 --rs_per_host 2 --tasks_per_rs 1 --cpu_per_rs 2 --gpu_per_rs 1'),
      ...split('--launch_distribution packed --bind rs'),
      ...tail,
    ])
  })

  test('flux run', () => {
    expect(build('flux').args).toEqual([
      ...split('flux run --nodes=2 --ntasks=4 --cores-per-task=2 --gpus-per-task=1'),
      ...split('--requires=host:n[1-2] -ocpu-affinity=per-task -ogpu-affinity=per-task'),
      ...tail,
    ])
    expect(build('flux', { gpusPerRank: 0, cpuAffinity: 'none' }).args.join(' ')).not.toContain('gpu')
  })

  test.each(['srun', 'openmpi', 'hydra', 'pals', 'aprun', 'jsrun', 'flux'])('%s leaves the words alone', (name) => {
    const { args, env } = build(name, { threadsPerRank: 1 })
    expect(args.slice(-tail.length)).toEqual(tail)
    expect(env).not.toHaveProperty('OMP_NUM_THREADS')
  })

  test.each<[Partial<MpiRun>, string]>([
    [{ hosts: [] }, 'it has no host'],
    [{ command: [] }, 'it has no command'],
    [{ ranksPerNode: 0 }, 'ranks_per_node is 0'],
    [{ threadsPerCore: 1.5 }, 'threads_per_core is 1.5'],
    [{ forwardEnv: ['A=1'] }, "'A=1' is not the name"],
  ])('refuses %j', (change, message) => {
    for (const name of ['srun', 'openmpi']) expect(() => build(name, change)).toThrow(message)
  })

  test('an unknown launcher', () => {
    expect(() => findMpiLauncher('mpich')).toThrow(expect.objectContaining({ code: 'unknown-mpi-launcher' }))
  })

  test.prop([fc.integer({ min: 1, max: 16 }), fc.uniqueArray(fc.nat(255), { maxLength: 64 })])(
    'cores are dealt evenly and to one rank only',
    (ranksPerNode, coreIds) => {
      const dealt = dealCores({ ...run, ranksPerNode, coreIds })
      if (coreIds.length < ranksPerNode) {
        expect(dealt).toBeUndefined()
        return
      }
      const all = dealt?.flat() ?? []
      expect(new Set(all).size).toBe(all.length)
      expect(new Set(dealt?.map((cores) => cores.length))).toEqual(new Set([Math.floor(coreIds.length / ranksPerNode)]))
      expect(dealt).toHaveLength(ranksPerNode)
    },
  )
})

describe("a site's template", () => {
  test('variables, flags and command', () => {
    const launcher = createMpiTemplate([
      'run',
      '-n{ranks}',
      '--hosts={hosts}',
      '{host_list}',
      '{threads}/{cores}/{gpus_per_node}',
    ])
    expect(launcher.buildInvocation(run).args).toEqual(['run', '-n4', '--hosts=n1,n2', 'n[1-2]', '4/2/2', ...tail])
  })

  test('places flags and command itself', () => {
    const wrapped = createMpiTemplate(['mpirun', '{mpi_flags}', '-n', '{ranks}', '{command}', '--end'])
    expect(wrapped.buildInvocation(run).args).toEqual([
      'mpirun',
      '--flag',
      'a b',
      '-n',
      '4',
      './sim',
      "it's; $HOME",
      '--end',
    ])
    const flagsBefore = createMpiTemplate(['mpirun', '{command}', '--end'])
    expect(flagsBefore.buildInvocation(run).args).toEqual(['mpirun', ...tail, '--end'])
  })

  test('a value with braces is not expanded again', () => {
    const launcher = createMpiTemplate(['constructor', '{affinity}'])
    expect(launcher.buildInvocation({ ...run, cpuAffinity: '{ranks}' }).args.slice(0, 2)).toEqual([
      'constructor',
      '{ranks}',
    ])
  })

  test.each([
    [['run', '-n', '{rank}'], '{rank} is not a variable'],
    [['run', '--{command}'], '{command} must be a separate word'],
    [['{}'], '{} is not a variable'],
    [['{toString}'], '{toString} is not a variable'],
    [[], 'is an empty list'],
  ])('refuses %j', (words, message) => {
    expect(() => createMpiTemplate(words, 'mpi.launcher')).toThrow(message)
  })
})

describe('which launcher', () => {
  const has =
    (...commands: string[]) =>
    (command: string) =>
      commands.includes(command)

  test.each([
    ['srun', { SLURM_JOB_ID: '1' }, ['srun', 'mpirun', 'ompi_info']],
    ['openmpi', {}, ['srun', 'mpirun', 'ompi_info']],
    ['hydra', { PBS_JOBID: '1' }, ['mpiexec']],
    ['pals', { PBS_JOBID: '1' }, ['mpiexec', 'palstat']],
    ['aprun', { COBALT_JOBID: '1' }, ['aprun']],
    ['jsrun', { LSB_JOBID: '1' }, ['jsrun', 'mpirun']],
    ['flux', { FLUX_URI: 'x', SLURM_JOB_ID: '1' }, ['flux', 'srun']],
    [undefined, { SLURM_JOB_ID: '1' }, []],
  ])('%s', (name, env, commands) => {
    expect(detectMpi(env, has(...commands))).toBe(name)
  })

  test('the version text tells who an mpiexec is', () => {
    expect(detectMpi({}, has('mpiexec'), 'mpiexec (OpenRTE) 4.1.4')).toBe('openmpi')
    expect(identifyMpi('mpirun (Open MPI) 5.0.3')).toBe('openmpi')
    expect(identifyMpi('HYDRA build details:\n    Version: 4.0.2')).toBe('hydra')
    expect(identifyMpi('Intel(R) MPI Library for Linux* OS, Version 2021.9')).toBe('hydra')
    expect(identifyMpi('something')).toBeUndefined()
  })
})

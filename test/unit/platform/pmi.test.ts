import { describe, expect, test } from 'vitest'
import { readMpiWords } from '../../../src/platform/mpi/mpi-launchers.ts'
import { findMissingPmi, namesPmi } from '../../../src/platform/mpi/pmi.ts'
import { readRecorded } from './recorded.ts'

const slurm =
  (byDefault: string, plugins = readRecorded('slurm-mpi-list')) =>
  async (words: readonly string[]) =>
    words[0] === 'scontrol'
      ? `Licenses  = (null)\nMpiDefault              = ${byDefault}\nMpiParams = (null)\n`
      : plugins

describe('ranks that would not find each other', () => {
  test('where Slurm has no plug-in by default, it is said which there are', async () => {
    expect(await findMissingPmi(slurm('none'))).toMatch(
      /^srun starts ranks without PMI here \(MpiDefault=none\), .*`mpi: \[srun, --mpi=pmix\]`.* which has pmix, cray_shasta, pmi2\)$/,
    )
    const older = 'srun: MPI types are...\nsrun: none\nsrun: openmpi\nsrun: pmi2\n'
    expect(await findMissingPmi(slurm('none', older))).toMatch(/--mpi=pmi2\]`.* which has pmi2\)$/)
    expect(await findMissingPmi(slurm('none', ''))).toContain('--mpi=pmi2')
  })

  test('nothing is said where there is one, or where Slurm does not answer', async () => {
    expect(await findMissingPmi(slurm('pmix'))).toBeUndefined()
    expect(await findMissingPmi(async () => '')).toBeUndefined()
  })

  test('who names a plug-in has chosen', () => {
    expect(namesPmi(['--mpi=none'], {})).toBe(true)
    expect(namesPmi(['--mpi', 'pmi2'], {})).toBe(true)
    expect(namesPmi([], { SLURM_MPI_TYPE: 'pmix' })).toBe(true)
    expect(namesPmi(['--mpich'], { SLURM_MPI_TYPE: '' })).toBe(false)
  })
})

describe('a list of words for `mpi`', () => {
  const run = {
    hosts: ['a', 'b'],
    ranksPerNode: 2,
    threadsPerRank: 1,
    threadsPerCore: 1,
    gpusPerRank: 0,
    cpuAffinity: 'none',
    mpiFlags: ['--own'],
    forwardEnv: [],
    command: ['p'],
  }

  test('a known launcher with flags is that launcher, and the job`s flags come last', () => {
    const launcher = readMpiWords(['srun', '--mpi=pmi2'])
    expect(launcher).toMatchObject({ name: 'srun', flags: ['--mpi=pmi2'], terminator: expect.anything() as unknown })
    const { args } = launcher.buildInvocation(run)
    expect(args).toEqual(expect.arrayContaining(['--nodes=2', '--ntasks=4']))
    expect(args.slice(-3)).toEqual(['--mpi=pmi2', '--own', 'p'])
  })

  test('with variables, or of a command that is not known, it is a command of the site', () => {
    expect(readMpiWords(['srun', '-n', '{ranks}']).buildInvocation(run).args).toEqual(['srun', '-n', '4', '--own', 'p'])
    expect(readMpiWords(['mpirun', '-q']).name).toBe('template')
    expect(() => readMpiWords([])).toThrow('mpi is an empty list')
  })
})

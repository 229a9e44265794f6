/**
 * `bjob init --machine`: what its files say reaches the batch script; nobody has run them on those
 * machines.
 */
import fs from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { listMachines } from '../../src/client/make-site.ts'
import { findMpiLauncher } from '../../src/platform/mpi/mpi-launchers.ts'
import { parseSettings } from '../../src/site/settings.ts'
import { Rig } from '../rig/rig.ts'

const FOLDER = path.resolve(import.meta.dirname, '../../templates/machines')

/**
 * The script for two nodes and one hour: the directives from the machine's documentation, and
 * commands before the launcher.
 */
const EXPECTED: Readonly<Record<string, { readonly options: readonly string[]; readonly lines: readonly string[] }>> = {
  slurm: { options: ['-q', 'long', '-A', 'me'], lines: ['#SBATCH --partition=long', '#SBATCH --account=me'] },
  'perlmutter-gpu': {
    options: ['-A', 'm1'],
    lines: ['#SBATCH --constraint=gpu', '#SBATCH --gpus-per-node=4', '#SBATCH --qos=regular', '#SBATCH --account=m1'],
  },
  'perlmutter-cpu': { options: ['-A', 'm1'], lines: ['#SBATCH --constraint=cpu', '#SBATCH --qos=regular'] },
  frontier: {
    options: ['-q', 'batch', '-A', 'p'],
    lines: ['#SBATCH --partition=batch', '#SBATCH --core-spec=8', '#SBATCH --gpus-per-node=8'],
  },
  polaris: {
    options: ['-q', 'debug', '-A', 'p'],
    lines: ['#PBS -l select=2', '#PBS -l walltime=01:00:00', '#PBS -q debug', '#PBS -l filesystems=home:eagle'],
  },
  aurora: {
    options: ['-q', 'debug', '-A', 'p'],
    lines: ['#PBS -A p', '#PBS -l filesystems=home:flare', 'export ZE_FLAT_DEVICE_HIERARCHY=FLAT'],
  },
  summit: {
    options: ['-q', 'batch', '-A', 'p'],
    lines: ['#BSUB -nnodes 2', '#BSUB -W 1:00', '#BSUB -P p', '#BSUB -alloc_flags smt1'],
  },
}

describe.concurrent('machines', () => {
  test('each has been looked at here, says where it comes from, and names an MPI launcher that there is', () => {
    expect(listMachines(FOLDER)).toEqual(Object.keys(EXPECTED).sort())
    for (const name of listMachines(FOLDER)) {
      const file = path.join(FOLDER, `${name}.yaml`)
      const text = fs.readFileSync(file, 'utf8')
      expect(findMpiLauncher(String(parseSettings(text, file).mpi)).name).not.toBe('')
      if (name !== 'slurm') expect(text).toMatch(/NOT RUN THERE: written from\n# https:\/\//)
    }
  })

  test.each(Object.entries(EXPECTED))('%s: a site in a minute', async (name, { options, lines }) => {
    await using rig = await Rig.create()
    const site = path.join(rig.outside, 'site')
    const here = { cwd: site }
    await rig.done(['init', site, '--machine', name], { cwd: rig.outside })
    await rig.done(['app', 'add', 'a', '--executable', 'true'], here)
    await rig.done(['spawn', '--app', 'a', '--name', 'one'], here)
    const script = await rig.done(['submit', '-n', '2', '-t', '60', ...options, '--dry-run'], here)
    expect(script.split('\n')).toEqual(expect.arrayContaining([...lines]))
    const own = fs.readdirSync(path.join(site, 'templates'))
    expect(own).toEqual([`${parseSettings(fs.readFileSync(path.join(site, 'bjob.yaml'), 'utf8'), '').scheduler}.sh`])
  })

  test('mistakes are said in one line', async () => {
    await using rig = await Rig.create()
    const refuse = async (text: string, message: string) => {
      fs.writeFileSync(path.join(rig.site, 'bjob.yaml'), text)
      const { status, stderr } = await rig.bjob(['ls'])
      expect(stderr.split('\n')[0]).toContain(message)
      expect(status).toBe(2)
    }
    const { status, stderr } = await rig.bjob(['init', path.join(rig.outside, 'x'), '--machine', 'polari'])
    expect(stderr.split('\n')[0]).toContain('unknown machine polari; did you mean polaris?')
    expect(status).toBe(2)
    expect(fs.existsSync(path.join(rig.outside, 'x'))).toBe(false)
    await refuse('batch:\n  directives: ["--a\\n--b"]\n', 'batch.directives.0 must be one line each')
    await refuse('batch:\n  modules: [x]\n', 'modules')
  })
})

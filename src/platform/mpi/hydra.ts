/** MPICH's and Intel MPI's mpiexec, the Hydra process manager. */
import {
  type MpiLauncher,
  buildThreadEnvironment,
  checkRun,
  countCoresPerRank,
  countRanks,
  dealCores,
  joinWords,
} from './mpi.ts'
import type { MpiRun } from './mpi.ts'

export const hydra: MpiLauncher = {
  name: 'hydra',
  buildInvocation(run) {
    checkRun(run)
    const options = [
      // Plain mpiexec may belong to another MPI; every variant of Hydra installs this name too.
      'mpiexec.hydra',
      '-n',
      countRanks(run),
      '-ppn',
      run.ranksPerNode,
      '-hosts',
      run.hosts.join(','),
      '-bind-to',
      buildBinding(run),
      // A list (-genvlist) would hide all other variables from the ranks.
      '-genvall',
    ]
    // Hydra's bootstrap is srun inside a Slurm allocation, and its proxies must not wait for each
    // other.
    return { args: joinWords(options, run), env: { ...buildThreadEnvironment(run), SLURM_OVERLAP: '1' } }
  },
}

/** `user:0+1,2+3` lists the processors of each rank; `core:2` is two cores per rank. */
function buildBinding(run: MpiRun): string {
  if (run.cpuAffinity !== 'depth') return run.cpuAffinity
  const dealt = dealCores(run)
  if (dealt !== undefined) return `user:${dealt.map((ids) => ids.join('+')).join(',')}`
  return run.coreIds === undefined ? `core:${countCoresPerRank(run)}` : 'none'
}

/** The mpiexec of HPE Cray PALS (Polaris, Aurora). */
import { type MpiLauncher, buildThreadEnvironment, checkRun, countRanks, dealCores, joinWords } from './mpi.ts'
import type { MpiRun } from './mpi.ts'

export const pals: MpiLauncher = {
  name: 'pals',
  buildInvocation(run) {
    checkRun(run)
    const options = [
      'mpiexec',
      '-n',
      countRanks(run),
      '--ppn',
      run.ranksPerNode,
      '--hosts',
      run.hosts.join(','),
      ...buildBinding(run),
      '--genvall',
    ]
    return { args: joinWords(options, run), env: buildThreadEnvironment(run) }
  },
}

/**
 * `--depth` is the number of logical processors per rank; `list:1,2:3,4` lists them, ranks
 * separated by colons.
 */
function buildBinding(run: MpiRun): string[] {
  if (run.cpuAffinity !== 'depth') return ['--cpu-bind', run.cpuAffinity]
  const dealt = dealCores(run)
  if (dealt !== undefined) return ['--cpu-bind', `list:${dealt.map((ids) => ids.join(',')).join(':')}`]
  if (run.coreIds !== undefined) return ['--cpu-bind', 'none']
  return ['--depth', String(run.threadsPerRank), '--cpu-bind', 'depth']
}

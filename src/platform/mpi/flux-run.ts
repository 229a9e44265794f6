/** flux-run(1), inside a Flux instance, which hands out cores and GPUs itself. */
import { foldHostList } from '../hostlist.ts'
import { type MpiLauncher, buildThreadEnvironment, checkRun, countCoresPerRank, countRanks, joinWords } from './mpi.ts'

export const fluxRun: MpiLauncher = {
  name: 'flux',
  buildInvocation(run) {
    checkRun(run)
    const options = [
      'flux',
      'run',
      `--nodes=${run.hosts.length}`,
      `--ntasks=${countRanks(run)}`,
      `--cores-per-task=${countCoresPerRank(run)}`,
      ...(run.gpusPerRank > 0 ? [`--gpus-per-task=${run.gpusPerRank}`] : []),
      `--requires=host:${foldHostList(run.hosts)}`,
      `-ocpu-affinity=${translateAffinity(run.cpuAffinity)}`,
      ...(run.gpusPerRank > 0 ? ['-ogpu-affinity=per-task'] : []),
    ]
    return { args: joinWords(options, run), env: buildThreadEnvironment(run) }
  },
}

function translateAffinity(cpuAffinity: string): string {
  if (cpuAffinity === 'none') return 'off'
  return cpuAffinity === 'depth' ? 'per-task' : cpuAffinity
}

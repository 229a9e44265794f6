/**
 * IBM's jsrun (Summit and similar machines). Each rank is a resource set. jsrun takes hosts only
 * from an explicit resource file, so the job step manager picks the nodes; it never assigns a
 * resource twice, which keeps bjob's counts correct.
 */
import { type MpiLauncher, buildThreadEnvironment, checkRun, countCoresPerRank, countRanks, joinWords } from './mpi.ts'

export const jsrun: MpiLauncher = {
  name: 'jsrun',
  buildInvocation(run) {
    checkRun(run)
    const options = [
      'jsrun',
      '--nrs',
      countRanks(run),
      '--rs_per_host',
      run.ranksPerNode,
      '--tasks_per_rs',
      1,
      '--cpu_per_rs',
      countCoresPerRank(run),
      '--gpu_per_rs',
      run.gpusPerRank,
      '--launch_distribution',
      'packed',
      '--bind',
      run.cpuAffinity === 'depth' ? 'rs' : run.cpuAffinity,
    ]
    return { args: joinWords(options, run), env: buildThreadEnvironment(run) }
  },
}

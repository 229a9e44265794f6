/** Cray ALPS's aprun(1) (Theta). Hosts are node numbers, and a node runs one aprun at a time. */
import { type MpiLauncher, buildThreadEnvironment, checkRun, countRanks, joinWords } from './mpi.ts'

export const aprun: MpiLauncher = {
  name: 'aprun',
  buildInvocation(run) {
    checkRun(run)
    const options = [
      'aprun',
      '-n',
      countRanks(run),
      '-N',
      run.ranksPerNode,
      '-L',
      // `nid00012` in a node file is node 12 for -L.
      run.hosts.map((host) => host.replace(/^nid0*(?=\d)/, '')).join(','),
      '-cc',
      run.cpuAffinity,
      '-d',
      run.threadsPerRank,
      '-j',
      run.threadsPerCore,
    ]
    return { args: joinWords(options, run), env: buildThreadEnvironment(run) }
  },
}

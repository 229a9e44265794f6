/**
 * Open MPI's mpirun(1), versions 4 (ORTE) and 5 (PRRTE). Uses only options with the same meaning in
 * both.
 */
import {
  type MpiLauncher,
  type MpiRun,
  buildThreadEnvironment,
  checkRun,
  countCoresPerRank,
  countRanks,
  joinWords,
} from './mpi.ts'

export const openmpi: MpiLauncher = {
  name: 'openmpi',
  buildInvocation(run) {
    checkRun(run)
    const isBound = run.cpuAffinity === 'depth' && run.coreIds === undefined
    const perNode = `ppr:${run.ranksPerNode}:node`
    const threads = buildThreadEnvironment(run)
    const options = [
      'mpirun',
      '-np',
      countRanks(run),
      '--host',
      run.hosts.map((host) => `${host}:${run.ranksPerNode}`).join(','),
      '--map-by',
      isBound ? `${perNode}:PE=${countCoresPerRank(run)}` : perNode,
      // The scheduler's slots per node (often 1) do not apply; bjob has counted the cores.
      '--oversubscribe',
      '--bind-to',
      // The two versions share no option to bind to a list of cores, so jobs that share nodes are
      // not bound.
      isBound ? 'core' : run.cpuAffinity === 'depth' ? 'none' : run.cpuAffinity,
      ...[...new Set([...Object.keys(threads), ...run.forwardEnv])].flatMap((name) => ['-x', name]),
    ]
    // mpirun starts its daemons with srun inside a Slurm allocation, and they must not wait for
    // each other.
    return { args: joinWords(options, run), env: { ...threads, ...buildGrace(run), SLURM_OVERLAP: '1' } }
  },
}

/**
 * On TERM, mpirun waits this long before it sends TERM, and again before KILL (observed with
 * version 4.1; the default is one second each). Both must fit into the grace period. The second
 * name is that of version 5.
 */
function buildGrace({ graceSeconds }: MpiRun): Record<string, string> {
  if (graceSeconds === undefined) return {}
  const seconds = String(Math.max(1, Math.floor((graceSeconds - 1) / 2)))
  return { OMPI_MCA_odls_base_sigkill_timeout: seconds, PRTE_MCA_odls_base_sigkill_timeout: seconds }
}

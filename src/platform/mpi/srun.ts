/**
 * Slurm's srun(1) inside an allocation. Steps overlap (`--overlap`) because bjob assigns the cores
 * and GPUs itself; otherwise a step would wait for the previous one's clean-up and for the agents,
 * which occupy every node. Ending all ranks after one failed is left to the site (KillOnBadExit)
 * and the user (mpi_flags): by default it would cut off ranks that are still saving their state.
 */
import {
  type MpiLauncher,
  buildThreadEnvironment,
  checkRun,
  countCoresPerRank,
  countRanks,
  dealCores,
  joinWords,
} from './mpi.ts'
import { foldHostList } from '../hostlist.ts'
import type { MpiRun } from './mpi.ts'

export const srun: MpiLauncher = {
  name: 'srun',
  // With PMIx or PMI2 as the site's default, the agent's jobs would inherit the rank of the agent's
  // step.
  agentFlags: ['--mpi=none'],
  // srun(1) forwards some signals, but TERM makes it kill the step.
  terminator: {
    listCommand: (id) => ['squeue', '--steps', '--noheader', `--jobs=${id}`, '--format=%i|%j'],
    signalCommand(listing, name) {
      const line = listing.split('\n').find((text) => text.trim().endsWith(`|${name}`))
      const step = line?.slice(0, line.indexOf('|')).trim()
      return step === undefined ? undefined : ['scancel', '--signal=TERM', step]
    },
  },
  buildInvocation(run) {
    checkRun(run)
    const options = [
      'srun',
      `--nodes=${run.hosts.length}`,
      `--ntasks=${countRanks(run)}`,
      `--ntasks-per-node=${run.ranksPerNode}`,
      `--nodelist=${foldHostList(run.hosts)}`,
      '--overlap',
      // Slurm 20.11 to 21.08 lets overlapping steps share processors but not memory; 0 means all of
      // the job's.
      '--mem=0',
      // Otherwise sbatch --export=NONE would be inherited, and the ranks would have no environment.
      '--export=ALL',
      ...(run.name === undefined ? [] : [`--job-name=${run.name}`]),
      ...buildBinding(run),
    ]
    return { args: joinWords(options, run), env: buildThreadEnvironment(run) }
  },
}

/**
 * Masks work only if the step has every processor of the node, and `--cpus-per-task` removes the
 * others (it implies `--exact`): so it is used with `cores` and never with masks.
 */
function buildBinding(run: MpiRun): string[] {
  const dealt = dealCores(run)
  if (dealt !== undefined && run.cpuAffinity !== 'none')
    return [`--cpu-bind=mask_cpu:${dealt.map(formatMask).join(',')}`]
  if (run.cpuAffinity === 'none') return ['--cpu-bind=none']
  const cpus = `--cpus-per-task=${countCoresPerRank(run) * Math.max(run.threadsPerCore, run.cpusPerCore ?? 1)}`
  return [cpus, `--cpu-bind=${run.cpuAffinity === 'depth' ? 'cores' : run.cpuAffinity}`]
}

function formatMask(coreIds: readonly number[]): string {
  return `0x${coreIds.reduce((mask, id) => mask | (1n << BigInt(id)), 0n).toString(16)}`
}

/**
 * Text that slurmstepd and srun write into a step's output when a task was killed for lack of
 * memory (22.05; similar in other versions).
 */
const OUT_OF_MEMORY =
  /^(?:slurmstepd: error: (?:Detected \d+ oom[-_ ]kill event|Exceeded (?:step|job) memory limit)|srun: error: \S+: tasks? [\d,-]+: Out Of Memory$)/m

/** True if the end of a step's output reports lack of memory. */
export function saysOutOfMemory(output: string): boolean {
  return OUT_OF_MEMORY.test(output)
}

/**
 * Slurm's srun(1), inside an allocation. Steps overlap (`--overlap`), because bjob hands out the cores and GPUs of the allocation itself:
 * without it a step waits for the previous one's clean-up, and for the agents that hold every node. Whether a rank that fails takes the others with
 * it is left to the site (KillOnBadExit) and the user (mpi_flags): with it, the first rank that has saved its state and exits would cut the others
 * off in the middle of theirs.
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
  // Where the site's default is PMIx or PMI2, what the agent starts would take itself for the one rank of the agent's step.
  agentFlags: ['--mpi=none'],
  // srun(1) forwards some signals, but takes TERM as an order to kill the step.
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
      // Older Slurms (20.11 to 21.08) let overlapping steps share processors but not memory; 0 is all that the job has.
      '--mem=0',
      // sbatch --export=NONE would otherwise be inherited, and the ranks would have no environment.
      '--export=ALL',
      ...(run.name === undefined ? [] : [`--job-name=${run.name}`]),
      ...buildBinding(run),
    ]
    return { args: joinWords(options, run), env: buildThreadEnvironment(run) }
  },
}

/**
 * Masks are honoured only where the step has every processor of the node, and `--cpus-per-task` takes the others away (it implies
 * `--exact`): so it goes with `cores` and never with masks.
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

/** What slurmstepd and srun write into a step's output when the kernel, or they, have killed a task for want of memory (22.05; others spell it alike). */
const OUT_OF_MEMORY =
  /^(?:slurmstepd: error: (?:Detected \d+ oom[-_ ]kill event|Exceeded (?:step|job) memory limit)|srun: error: \S+: tasks? [\d,-]+: Out Of Memory$)/m

/** Whether the end of a step's output says that memory ran out. */
export function saysOutOfMemory(output: string): boolean {
  return OUT_OF_MEMORY.test(output)
}

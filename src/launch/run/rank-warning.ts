/** Warns, before the first job of several ranks starts, if its ranks cannot find each other. */
import type { JobSpec } from '../../core/job/job-spec.ts'
import { once } from '../../lib/once.ts'
import { runCommand } from '../../lib/process/run-command.ts'
import { findMissingPmi, namesPmi } from '../../platform/mpi/pmi.ts'
import type { Allocation } from '../allocation.ts'
import type { Reporter } from '../launch-events.ts'

/** Limit for the scheduler's answer, so that it does not delay jobs. */
const COMMAND_TIMEOUT_MS = 10_000

/**
 * @returns a function to call before each job starts; Slurm is asked once and the answer reported
 *   once
 */
export function createRankWarning({ mpi, scheduler }: Allocation, report: Reporter): (job: JobSpec) => Promise<void> {
  const ask = once(async () => {
    const message = await findMissingPmi(async (words) => (await runCommand(words, COMMAND_TIMEOUT_MS)).stdout)
    if (message !== undefined) report({ kind: 'problem', message })
  })
  return async ({ numNodes, ranksPerNode, mpiFlags }) => {
    if (numNodes * ranksPerNode === 1 || mpi?.name !== 'srun' || scheduler.name !== 'slurm') return
    if (!namesPmi([...(mpi.flags ?? []), ...mpiFlags], process.env)) await ask()
  }
}

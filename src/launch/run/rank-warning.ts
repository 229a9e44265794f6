/** Says, before the first job of several ranks starts, what keeps its ranks from finding each other. */
import type { JobSpec } from '../../core/job/job-spec.ts'
import { once } from '../../lib/once.ts'
import { runCommand } from '../../lib/process/run-command.ts'
import { findMissingPmi, namesPmi } from '../../platform/mpi/pmi.ts'
import type { Allocation } from '../allocation.ts'
import type { Reporter } from '../launch-events.ts'

/** Asked for its configuration, a scheduler should not hold up a job. */
const COMMAND_TIMEOUT_MS = 10_000

/** @returns to be called with each job before it starts; Slurm is asked once, and the answer is told once */
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

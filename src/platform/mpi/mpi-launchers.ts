/** The MPI launchers by their name in bjob.yaml. */
import { requestError } from '../../core/text/errors.ts'
import { aprun } from './aprun.ts'
import { fluxRun } from './flux-run.ts'
import { hydra } from './hydra.ts'
import { jsrun } from './jsrun.ts'
import type { MpiLauncher, MpiName } from './mpi.ts'
import { createMpiTemplate } from './mpi-template.ts'
import { openmpi } from './openmpi.ts'
import { pals } from './pals.ts'
import { srun } from './srun.ts'

const LAUNCHERS: Readonly<Record<MpiName, MpiLauncher>> = { srun, openmpi, hydra, pals, aprun, jsrun, flux: fluxRun }

/** @throws BjobError `unknown-mpi-launcher` */
export function findMpiLauncher(name: string): MpiLauncher {
  const found = Object.entries(LAUNCHERS).find(([key]) => key === name)
  if (found !== undefined) return found[1]
  throw requestError('unknown-mpi-launcher', `'${name}' is not an MPI launcher`, {
    path: 'bjob.yaml',
    field: 'mpi',
    hint: `Choose one of: auto, ${Object.keys(LAUNCHERS).join(', ')}, or write a list of words.`,
  })
}

/**
 * Creates a launcher from a list of words: a known name with flags for every run (`[srun,
 * --mpi=pmi2]`),
 * or a site's own command with variables (see mpi-template.ts).
 * @throws BjobError `unknown-variable` or `empty-template`
 */
export function readMpiWords(words: readonly string[]): MpiLauncher {
  const [name, ...flags] = words
  const known = Object.entries(LAUNCHERS).find(([key]) => key === name)?.[1]
  if (known === undefined || flags.some((flag) => flag.includes('{'))) return createMpiTemplate(words)
  return {
    ...known,
    flags,
    buildInvocation: (run) => known.buildInvocation({ ...run, mpiFlags: [...flags, ...run.mpiFlags] }),
  }
}

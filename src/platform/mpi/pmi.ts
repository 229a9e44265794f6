/**
 * How srun's ranks find each other: by a plug-in of Slurm that speaks PMI. Without one, each rank of an MPI program takes itself for the whole
 * program, "rank 0 of 1", and says nothing of it.
 */
import { type Environment, readVariable } from '../schedulers/scheduler.ts'

const CONFIGURATION = ['scontrol', 'show', 'config']
const PLUGINS = ['srun', '--mpi=list']
/** What a list names beside plug-ins that speak PMI. */
const NO_PMI = new Set(['none', 'openmpi'])

/** Whether srun is told which plug-in to take. */
export function namesPmi(flags: readonly string[], env: Environment): boolean {
  return flags.some((flag) => /^--mpi(=|$)/.test(flag)) || readVariable(env, 'SLURM_MPI_TYPE') !== undefined
}

/**
 * Asks Slurm why ranks that srun starts without a `--mpi` would not find each other.
 * @param run runs a command and gives what it printed
 * @returns one line, or undefined where they do, or where Slurm does not say
 */
export async function findMissingPmi(run: (words: readonly string[]) => Promise<string>): Promise<string | undefined> {
  const byDefault = /^MpiDefault\s*=\s*(\S+)\s*$/m.exec(await run(CONFIGURATION))?.[1]
  if (byDefault !== 'none') return undefined
  const plugins = parsePlugins(await run(PLUGINS)).filter((name) => !NO_PMI.has(name))
  const choice = ['pmix', 'pmi2'].find((name) => plugins.includes(name)) ?? plugins[0] ?? 'pmi2'
  const known = plugins.length === 0 ? '' : `, which has ${plugins.join(', ')}`
  return `srun starts ranks without PMI here (MpiDefault=none), so each would be rank 0 of 1. Set \`mpi: [srun, --mpi=${choice}]\` in bjob.yaml, or mpi_flags of the job, to a plug-in that your MPI library supports (\`srun --mpi=list\`${known})`
}

/** A name a line, after a title; older versions begin each line with `srun: `. */
function parsePlugins(output: string): string[] {
  return output.split('\n').flatMap((line) => /^(?:srun:)?\s+(\w+)\s*$/.exec(line)?.[1] ?? [])
}

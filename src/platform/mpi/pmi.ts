/**
 * Detects srun without PMI. srun's ranks find each other through a PMI plug-in of Slurm. Without
 * one, each rank runs silently as "rank 0 of 1".
 */
import { type Environment, readVariable } from '../schedulers/scheduler.ts'

const CONFIGURATION = ['scontrol', 'show', 'config']
const PLUGINS = ['srun', '--mpi=list']
/** Entries of the list that do not provide PMI. */
const NO_PMI = new Set(['none', 'openmpi'])

/** True if srun is told which plug-in to use. */
export function namesPmi(flags: readonly string[], env: Environment): boolean {
  return flags.some((flag) => /^--mpi(=|$)/.test(flag)) || readVariable(env, 'SLURM_MPI_TYPE') !== undefined
}

/**
 * Asks Slurm if ranks started without `--mpi` cannot find each other.
 * @param run runs a command and returns its output
 * @returns one line of explanation, or undefined if they can or Slurm gives no answer
 */
export async function findMissingPmi(run: (words: readonly string[]) => Promise<string>): Promise<string | undefined> {
  const byDefault = /^MpiDefault\s*=\s*(\S+)\s*$/m.exec(await run(CONFIGURATION))?.[1]
  if (byDefault !== 'none') return undefined
  const plugins = parsePlugins(await run(PLUGINS)).filter((name) => !NO_PMI.has(name))
  const choice = ['pmix', 'pmi2'].find((name) => plugins.includes(name)) ?? plugins[0] ?? 'pmi2'
  const known = plugins.length === 0 ? '' : `, which has ${plugins.join(', ')}`
  return `srun starts ranks without PMI here (MpiDefault=none), so each would be rank 0 of 1. Set \`mpi: [srun, --mpi=${choice}]\` in bjob.yaml, or mpi_flags of the job, to a plug-in that your MPI library supports (\`srun --mpi=list\`${known})`
}

/** One name per line after a title; older versions start each line with `srun: `. */
function parsePlugins(output: string): string[] {
  return output.split('\n').flatMap((line) => /^(?:srun:)?\s+(\w+)\s*$/.exec(line)?.[1] ?? [])
}

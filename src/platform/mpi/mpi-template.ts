/**
 * An MPI launcher defined in bjob.yaml as a list of words with variables in braces:
 * `[mpirun, -n, '{ranks}', -H, '{hosts}']`.
 */
import { requestError } from '../../core/text/errors.ts'
import { foldHostList } from '../hostlist.ts'
import {
  type MpiLauncher,
  type MpiRun,
  buildThreadEnvironment,
  checkRun,
  countCoresPerRank,
  countRanks,
} from './mpi.ts'

const VARIABLES: ReadonlyMap<string, (run: MpiRun) => string | number> = new Map(
  Object.entries<(run: MpiRun) => string | number>({
    ranks: countRanks,
    ranks_per_node: (run) => run.ranksPerNode,
    nodes: (run) => run.hosts.length,
    hosts: (run) => run.hosts.join(','),
    host_list: (run) => foldHostList(run.hosts),
    threads: (run) => run.threadsPerRank,
    threads_per_core: (run) => run.threadsPerCore,
    cores: countCoresPerRank,
    gpus: (run) => run.gpusPerRank,
    gpus_per_node: (run) => run.gpusPerRank * run.ranksPerNode,
    affinity: (run) => run.cpuAffinity,
    env: (run) => run.forwardEnv.join(','),
  }),
)

/** Variables that expand to several words and must stand alone. */
const LISTS: ReadonlyMap<string, (run: MpiRun) => readonly string[]> = new Map([
  ['{mpi_flags}', (run: MpiRun) => run.mpiFlags],
  ['{command}', (run: MpiRun) => run.command],
])

/**
 * Creates a launcher from a site's words. `{mpi_flags}` and `{command}` must stand alone; if
 * omitted, they are appended.
 * @throws BjobError `unknown-variable` or `empty-template`, when the template is read
 */
export function createMpiTemplate(words: readonly string[], field = 'mpi'): MpiLauncher {
  if (words.length === 0) throw requestError('empty-template', `${field} is an empty list`, { field })
  for (const word of words) if (!LISTS.has(word)) checkVariables(word, field)
  const missing = [...LISTS.keys()].filter((list) => !words.includes(list))
  // A template that places the command itself has its flags before it.
  const template = words.includes('{command}')
    ? words.flatMap((word) => (word === '{command}' ? [...missing, word] : [word]))
    : [...words, ...missing]
  return {
    name: 'template',
    buildInvocation(run) {
      checkRun(run)
      const args = template.flatMap((word) => LISTS.get(word)?.(run) ?? [expandWord(word, run)])
      return { args, env: buildThreadEnvironment(run) }
    },
  }
}

function expandWord(word: string, run: MpiRun): string {
  return word.replaceAll(/\{(\w+)\}/g, (whole, name: string) => String(VARIABLES.get(name)?.(run) ?? whole))
}

function checkVariables(word: string, field: string): void {
  const unknown = [...word.matchAll(/\{([^{}]*)\}/g)].find(([, name]) => !VARIABLES.has(name ?? ''))
  if (unknown === undefined) return
  const known = [...[...VARIABLES.keys()].map((name) => `{${name}}`), ...LISTS.keys()].join(' ')
  const isMisplaced = LISTS.has(unknown[0])
  const reason = isMisplaced ? `${unknown[0]} must be a separate word` : `${unknown[0]} is not a variable`
  throw requestError('unknown-variable', `${field}: ${reason}, in '${word}'`, { field, hint: `Use ${known}.` })
}

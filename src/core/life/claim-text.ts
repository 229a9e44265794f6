/**
 * What the history says of a claim: what begins, and what it was given, as `attempt 1 on node[01-04], 256 cores, 16 GPUs`; of an attempt, what is run,
 * on a line of its own after `$ `. It is there for people, in the job's folder, and figures of how nodes were used are made from it.
 */

export interface Claim {
  /** What begins: `attempt 1`, `preprocess`, `stage-in`. */
  readonly what: string
  /** The nodes as a host list (see platform/hostlist.ts). */
  readonly nodes: string
  /** Of all nodes together; not whole where jobs share cores. */
  readonly cores: number
  readonly gpus: number
  /** What is run, as a shell would take it: variables that bjob sets beside its own BJOB_ ones, and the words. */
  readonly command?: string
}

/** More of a command does not go into the history. */
const LONGEST_COMMAND = 2000

const CLAIM =
  /^(attempt \d+|preprocess|postprocess|stage-in|stage-out) on (\S+), (\d+(?:\.\d+)?) cores?(?:, (\d+) GPUs?)?$/

export function formatClaim({ what, nodes, cores, gpus, command }: Claim): string {
  const given = [countOf(Number(cores.toFixed(3)), 'core'), ...(gpus === 0 ? [] : [countOf(gpus, 'GPU')])]
  const said = `${what} on ${[nodes, ...given].join(', ')}`
  if (command === undefined) return said
  // A newline inside a word would look like the next line of the history.
  const line = command.replaceAll('\n', ' ')
  return `${said}\n$ ${line.length > LONGEST_COMMAND ? `${line.slice(0, LONGEST_COMMAND)} …` : line}`
}

/** @returns undefined for what is no claim */
export function parseClaim(message: string): Claim | undefined {
  const [first = '', second] = message.split('\n')
  const [, what, nodes, cores, gpus] = CLAIM.exec(first) ?? []
  if (what === undefined || nodes === undefined) return undefined
  const command = second?.startsWith('$ ') === true ? { command: second.slice(2) } : {}
  return { what, nodes, cores: Number(cores), gpus: Number(gpus ?? 0), ...command }
}

function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

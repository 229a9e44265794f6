/**
 * What the history says of a claim: what begins, and what it was given, as `attempt 1 on node[01-04], 256 cores, 16 GPUs`. It is there for people, in
 * the job's folder, and figures of how nodes were used are made from it.
 */

export interface Claim {
  /** What begins: `attempt 1`, `preprocess`. */
  readonly what: string
  /** The nodes as a host list (see platform/hostlist.ts). */
  readonly nodes: string
  /** Of all nodes together; not whole where jobs share cores. */
  readonly cores: number
  readonly gpus: number
}

const CLAIM = /^(attempt \d+|preprocess|postprocess) on (\S+), (\d+(?:\.\d+)?) cores?(?:, (\d+) GPUs?)?$/

export function formatClaim({ what, nodes, cores, gpus }: Claim): string {
  const given = [countOf(Number(cores.toFixed(3)), 'core'), ...(gpus === 0 ? [] : [countOf(gpus, 'GPU')])]
  return `${what} on ${[nodes, ...given].join(', ')}`
}

/** @returns undefined for what is no claim */
export function parseClaim(message: string): Claim | undefined {
  const [, what, nodes, cores, gpus] = CLAIM.exec(message) ?? []
  if (what === undefined || nodes === undefined) return undefined
  return { what, nodes, cores: Number(cores), gpus: Number(gpus ?? 0) }
}

function countOf(count: number, noun: string): string {
  return `${count} ${noun}${count === 1 ? '' : 's'}`
}

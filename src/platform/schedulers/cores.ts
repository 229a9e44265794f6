/**
 * Derives cores from processors, for schedulers that do not say if processors are hardware threads.
 */
import type { AllocatedNode } from './scheduler.ts'

/** The kernel's view of the launcher's node. */
export interface Processors {
  /** Processors that this process may use: one entry per core with its hardware threads. */
  readonly allowed: readonly (readonly number[])[]
  /** Cores of the whole machine. */
  readonly cores: number
  readonly threads: number
}

/**
 * Scheduler's processors per core of this node. A scheduler counts threads if it assigns all
 * threads that this process may use, or more processors than the machine has cores.
 */
export function countCpusPerCore(told: number, { allowed, cores, threads }: Processors): number {
  const perCore = cores === 0 ? 1 : Math.round(threads / cores)
  const own = allowed.reduce((sum, core) => sum + core.length, 0)
  return perCore > 1 && (told > cores || (told === own && own > allowed.length)) ? perCore : 1
}

/**
 * Converts processors to cores on nodes that equal the first one. Nodes whose scheduler reports
 * cores stay unchanged.
 */
export function countCores(
  nodes: readonly AllocatedNode[],
  head: string,
  read: () => Processors,
): readonly AllocatedNode[] {
  const own = nodes.find(({ name }) => name === head)
  if (own?.cores === undefined || own.cpusPerCore !== undefined || own.coreIds !== undefined) return nodes
  const cpusPerCore = countCpusPerCore(own.cores, read())
  if (cpusPerCore === 1) return nodes
  return nodes.map((node) =>
    node.cores === undefined
      ? node
      : { ...node, cpusPerCore, cores: Math.max(1, Math.floor(node.cores / cpusPerCore)) },
  )
}

/** Cores, where a scheduler counts processors and does not tell whether they are hardware threads. */
import type { AllocatedNode } from './scheduler.ts'

/** What the kernel says of the node that the launcher runs on. */
export interface Processors {
  /** Those that this process may use, one entry a core with its hardware threads. */
  readonly allowed: readonly (readonly number[])[]
  /** Of the whole machine. */
  readonly cores: number
  readonly threads: number
}

/**
 * How many of the scheduler's processors are one core of this node: a scheduler that hands out all of this process's threads, or more than the
 * machine has cores, counts threads.
 */
export function countCpusPerCore(told: number, { allowed, cores, threads }: Processors): number {
  const perCore = cores === 0 ? 1 : Math.round(threads / cores)
  const own = allowed.reduce((sum, core) => sum + core.length, 0)
  return perCore > 1 && (told > cores || (told === own && own > allowed.length)) ? perCore : 1
}

/** The nodes with cores for processors, as far as the first node is like all of them; those whose scheduler has told stay as they are. */
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

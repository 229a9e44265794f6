/**
 * Binds a single-rank job with `cpu_affinity: depth` to its cores through taskset(1) of util-linux,
 * because Node.js cannot set the affinity of its children. MPI launchers bind their own ranks.
 */
import type { NodeShape } from '../../core/placement/node-need.ts'
import type { NodeShare } from '../../core/placement/node-pool.ts'
import { groupByCore, readAllowedCpus } from '../../lib/process/cpu-list.ts'

export interface Pin {
  readonly cores: readonly number[]
  /**
   * True if the core ids are the kernel's; otherwise they index the cores the agent may use, from
   * 0.
   */
  readonly areNumbers: boolean
  /** Number of cores to share out, which may count hardware threads if the site says so. */
  readonly total: number
}

/** @returns undefined for a share without cores of its own (packed jobs) */
export function pinTo({ coreIds }: NodeShare, { cores, coreIds: numbers }: NodeShape): Pin | undefined {
  return coreIds.length === 0 ? undefined : { cores: coreIds, areNumbers: numbers !== undefined, total: cores }
}

/**
 * The command prefix for the pin. Returns the command unchanged if the node has fewer cores than
 * `total`.
 */
export function pinCommand(
  words: readonly string[],
  { cores, areNumbers, total }: Pin,
  allowed: readonly (readonly number[])[] = groupByCore(readAllowedCpus()),
): readonly string[] {
  const units = total <= allowed.length ? allowed : allowed.flat().map((cpu) => [cpu])
  const cpus = areNumbers ? cores : cores.flatMap((core) => units[core] ?? [])
  return cpus.length < cores.length ? words : ['taskset', '--cpu-list', cpus.join(','), ...words]
}

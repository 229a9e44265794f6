/**
 * Binds a job of one rank to the cores it was given, with `cpu_affinity: depth`: by taskset(1) of util-linux, which any Linux has, because Node
 * cannot set its children's affinity. Ranks of an MPI job are bound by their launcher.
 */
import type { NodeShape } from '../../core/placement/node-need.ts'
import type { NodeShare } from '../../core/placement/node-pool.ts'
import { groupByCore, readAllowedCpus } from '../../lib/process/cpu-list.ts'

export interface Pin {
  readonly cores: readonly number[]
  /** Whether the scheduler told the kernel's numbers of the cores; else they count those that the agent may use, from 0. */
  readonly areNumbers: boolean
  /** How many cores of the node are given out: as many as it has hardware threads, where the site says so. */
  readonly total: number
}

/** @returns undefined for a share without cores of its own: jobs packed more densely than there are cores */
export function pinTo({ coreIds }: NodeShare, { cores, coreIds: numbers }: NodeShape): Pin | undefined {
  return coreIds.length === 0 ? undefined : { cores: coreIds, areNumbers: numbers !== undefined, total: cores }
}

/** The words that run a command there; the command as it is where the node has fewer cores than are given out. */
export function pinCommand(
  words: readonly string[],
  { cores, areNumbers, total }: Pin,
  allowed: readonly (readonly number[])[] = groupByCore(readAllowedCpus()),
): readonly string[] {
  const units = total <= allowed.length ? allowed : allowed.flat().map((cpu) => [cpu])
  const cpus = areNumbers ? cores : cores.flatMap((core) => units[core] ?? [])
  return cpus.length < cores.length ? words : ['taskset', '--cpu-list', cpus.join(','), ...words]
}

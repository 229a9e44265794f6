/**
 * Binds a job of one rank to the cores it was given, with `cpu_affinity: depth`: by taskset(1) of util-linux, which any Linux has, because Node
 * cannot set its children's affinity. Ranks of an MPI job are bound by their launcher.
 */
import type { NodeShare } from '../../core/placement/node-pool.ts'
import { readAllowedCpus } from '../../lib/process/cpu-list.ts'

export interface Pin {
  readonly cores: readonly number[]
  /** Whether the scheduler told the kernel's numbers of the cores; else they count those that the agent may use, from 0. */
  readonly areNumbers: boolean
}

/** @returns undefined for a share without cores of its own: jobs packed more densely than there are cores */
export function pinTo({ coreIds }: NodeShare, areNumbers: boolean): Pin | undefined {
  return coreIds.length === 0 ? undefined : { cores: coreIds, areNumbers }
}

/** The words that run a command there; the command as it is where the node has fewer cores than are given out. */
export function pinCommand(
  words: readonly string[],
  { cores, areNumbers }: Pin,
  allowed = readAllowedCpus(),
): readonly string[] {
  const cpus = areNumbers ? cores : cores.flatMap((core) => allowed[core] ?? [])
  return cpus.length < cores.length ? words : ['taskset', '--cpu-list', cpus.join(','), ...words]
}

/**
 * The processors of this machine: the kernel's lists (`0-3,8`), and the cores that they belong to.
 */
import fs from 'node:fs'

/**
 * Processors that this process may use, in order; empty if the kernel does not report them
 * (proc_pid_status(5), Cpus_allowed_list).
 */
export function readAllowedCpus(status = '/proc/self/status'): number[] {
  return parseCpuList(/^Cpus_allowed_list:\s*(\S+)$/m.exec(readOrNothing(status) ?? '')?.[1] ?? '')
}

/** Processors online on this machine; empty if the kernel does not report them. */
export function readOnlineCpus(file = '/sys/devices/system/cpu/online'): number[] {
  return parseCpuList(readOrNothing(file) ?? '')
}

/**
 * Groups processors by core, in the order of the first ones. Without topology information
 * (/sys/devices/system/cpu), each is its own core.
 * @param folder the kernel's folder of processors
 */
export function groupByCore(cpus: readonly number[], folder = '/sys/devices/system/cpu'): number[][] {
  const cores = new Map<string, number[]>()
  for (const cpu of cpus) {
    const siblings = readOrNothing(`${folder}/cpu${cpu}/topology/thread_siblings_list`) ?? String(cpu)
    const core = cores.get(siblings)
    if (core === undefined) cores.set(siblings, [cpu])
    else core.push(cpu)
  }
  return [...cores.values()]
}

function readOrNothing(file: string): string | undefined {
  try {
    return fs.readFileSync(file, 'utf8').trim()
  } catch {
    return undefined
  }
}

/** Parses `0-2,8` to 0, 1, 2, 8; empty for other text. */
export function parseCpuList(text: string): number[] {
  const cpus: number[] = []
  for (const part of text.split(',')) {
    const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(part) ?? []
    if (first === undefined) return []
    for (let cpu = Number(first); cpu <= Number(last); cpu++) cpus.push(cpu)
  }
  return cpus
}

/** The processors of this machine: lists of them as the kernel writes these (`0-3,8`), and which of them share a core. */
import fs from 'node:fs'

/** The processors that this process may use, in order; none where the kernel does not tell (proc_pid_status(5), Cpus_allowed_list). */
export function readAllowedCpus(status = '/proc/self/status'): number[] {
  return parseCpuList(/^Cpus_allowed_list:\s*(\S+)$/m.exec(readOrNothing(status) ?? '')?.[1] ?? '')
}

/** All that this machine has and uses; none where the kernel does not tell. */
export function readOnlineCpus(file = '/sys/devices/system/cpu/online'): number[] {
  return parseCpuList(readOrNothing(file) ?? '')
}

/**
 * Groups processors by the core whose hardware threads they are, in the order of their first ones; each is a core of its own where the kernel
 * does not tell (/sys/devices/system/cpu, topology).
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

/** `0-2,8` is 0, 1, 2, 8; none for anything else. */
export function parseCpuList(text: string): number[] {
  const cpus: number[] = []
  for (const part of text.split(',')) {
    const [, first, last = first] = /^(\d+)(?:-(\d+))?$/.exec(part) ?? []
    if (first === undefined) return []
    for (let cpu = Number(first); cpu <= Number(last); cpu++) cpus.push(cpu)
  }
  return cpus
}

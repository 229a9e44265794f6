/** Lists of processors as the kernel writes them: `0-3,8`. */
import fs from 'node:fs'

/** The processors that this process may use, in order; none where the kernel does not tell (proc_pid_status(5), Cpus_allowed_list). */
export function readAllowedCpus(status = '/proc/self/status'): number[] {
  try {
    return parseCpuList(/^Cpus_allowed_list:\s*(\S+)$/m.exec(fs.readFileSync(status, 'utf8'))?.[1] ?? '')
  } catch {
    return []
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

/**
 * The number of processes in this control group that the kernel killed for lack of memory: cgroup
 * v2's `memory.events`, v1's `memory.oom_control`.
 */
import fs from 'node:fs'

let file: string | undefined

/** @returns undefined if there is no such counter */
export function readOomKills(): number | undefined {
  file ??= candidates(readText('/proc/self/cgroup')).find((name) => parseOomKills(readText(name)) !== undefined) ?? ''
  return file === '' ? undefined : parseOomKills(readText(file))
}

/**
 * Possible locations of the counter from /proc/self/cgroup; inside a container the path may be the
 * host's.
 */
export function candidates(cgroups: string): string[] {
  const lines = cgroups.split('\n').map((line) => /^\d+:([^:]*):(.*)$/.exec(line) ?? [])
  return lines.flatMap(([, controllers, folder]) => {
    if (controllers === '')
      return [`/sys/fs/cgroup${folder}/memory.events`, `/sys/fs/cgroup/unified${folder}/memory.events`]
    if (controllers?.split(',').includes('memory') !== true) return []
    return [`/sys/fs/cgroup/memory${folder}/memory.oom_control`, '/sys/fs/cgroup/memory/memory.oom_control']
  })
}

/** @returns undefined if the file has no such counter, as before kernel 4.13 */
export function parseOomKills(text: string): number | undefined {
  const [, count] = /^oom_kill (\d+)$/m.exec(text) ?? []
  return count === undefined ? undefined : Number(count)
}

function readText(file: string): string {
  try {
    return fs.readFileSync(file, 'utf8')
  } catch {
    return ''
  }
}

/**
 * Counts the calls of bjob's own processes that change or look up a name in a site, by strace. What
 * a job does itself (its program's start, its own files) is left out.
 */
import fs from 'node:fs'

/**
 * strace(1): every call that takes a file's name; `--seccomp-bpf` spares the traced process all the
 * others.
 */
const STRACE = ['strace', '-f', '--seccomp-bpf', '-ttt', '-e', 'trace=%file', '-s', '0'] as const

export interface NameCall {
  /** Unix time. */
  readonly seconds: number
  /** `openat`, `mkdir`, … */
  readonly call: string
  /** Below the site's folder; of a rename the first that is. */
  readonly path: string
  /** Made between fork and exec, to become a job's process. */
  readonly isChild: boolean
}

/** `words` under strace, which writes to `file`. */
export function tracedWords(words: readonly string[], file: string): string[] {
  return [...STRACE, '-o', file, ...words]
}

/** The names in `folder` that `file` holds. */
export function readTrace(file: string, folder: string): NameCall[] {
  const calls: NameCall[] = []
  /**
   * By process (or thread), while it lives: it is a job's once it has started a program that is not
   * Node.
   */
  const alive = new Map<string, { calls: NameCall[]; isJob: boolean }>()
  const bury = (process: string): void => {
    const { calls: own, isJob } = alive.get(process) ?? { calls: [], isJob: false }
    alive.delete(process)
    for (const call of own) calls.push(isJob ? { ...call, isChild: true } : call)
  }
  for (const line of fs.readFileSync(file, 'utf8').split('\n')) {
    const [, process = '', time = '', rest = ''] = /^(\d+) +(\d+\.\d+) (.*)$/.exec(line) ?? []
    if (rest.startsWith('+++')) bury(process)
    const call = /^([a-z]\w*)\(/.exec(rest)?.[1]
    if (call === undefined) continue
    let life = alive.get(process)
    if (life === undefined) alive.set(process, (life = { calls: [], isJob: false }))
    const paths = [...rest.matchAll(/"([^"]*)"/g)].map(([, text = '']) => text)
    if (call === 'execve') life.isJob ||= !/(^|\/)(node|strace)$/.test(paths[0] ?? '')
    const inside = paths.find((text) => text === folder || text.startsWith(`${folder}/`))
    // A job's own program looks names up after its start.
    if (inside === undefined || life.isJob) continue
    life.calls.push({ seconds: Number(time), call, path: inside.slice(folder.length + 1), isChild: false })
  }
  for (const process of alive.keys()) bury(process)
  return calls.sort((one, other) => one.seconds - other.seconds)
}

/** How many calls there are of each kind, most first. */
export function countByCall(calls: readonly NameCall[]): Map<string, number> {
  const counts = new Map<string, number>()
  for (const { call } of calls) counts.set(call, (counts.get(call) ?? 0) + 1)
  return new Map([...counts].sort(([, one], [, other]) => other - one))
}

/**
 * The protocol between a launcher and its agents: JSON Lines on the agent's standard input and
 * output.
 */
import type { Exit } from './attempt.ts'
import type { OomKills } from './oom-watch.ts'
import type { Pin } from './pinning.ts'

/** Messages to the agent. */
export type Order =
  /** The launcher's own environment: jobs get it on every node, however the agent was started. */
  | { readonly order: 'environment'; readonly variables: Readonly<Record<string, string | undefined>> }
  | {
      readonly order: 'start'
      /** Identifies the attempt in later messages. */
      readonly key: number
      readonly words: readonly string[]
      readonly cwd: string
      /** Additions to the agent's own environment; null removes a variable. */
      readonly environment: Readonly<Record<string, string | null>>
      /** The file for standard output and error. */
      readonly output: string
      readonly pin?: Pin | undefined
    }
  /** Sends TERM, and KILL after `graceMs`. A second order can only shorten the grace. */
  | { readonly order: 'stop'; readonly key: number; readonly graceMs: number }
  /** The launcher's lease holds for another `limitMs`. Answered by `alive`. */
  | { readonly order: 'beat'; readonly limitMs: number }
  /** Kills the processes of a dead launcher on this node. Answered by `cleared`. */
  | { readonly order: 'clear'; readonly launcher: string }
  /** Kills all attempts and exits. */
  | { readonly order: 'end' }

/** An end, with the kernel's out-of-memory counters where they may explain it. */
export type MeasuredExit = Exit & { readonly oomKills?: OomKills | undefined }

/**
 * Messages from the agent: an attempt has ended (`cut-off`: killed because no beat came in time),
 * or a beat has arrived.
 */
export type Notice =
  | { readonly key: number; readonly exit: MeasuredExit | { readonly kind: 'cut-off' } }
  | { readonly alive: true }
  /** `isWhole`: no process of that launcher runs here any more. */
  | { readonly cleared: string; readonly isWhole: boolean }

/**
 * Splits a stream into lines and passes each parsed line to `take`. Lines that are not JSON come
 * from another program and go to `other`.
 */
export function lineReader<Message>(
  take: (message: Message) => void,
  other: (line: string) => void = () => {},
): (text: string) => void {
  let rest = ''
  return (text) => {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      if (line.startsWith('{')) take(JSON.parse(line) as Message)
      else if (line !== '') other(line)
    }
  }
}

/** What a launcher and its agents say to each other: JSON Lines through the agent's standard input and output. */
import type { Exit } from './attempt.ts'
import type { OomKills } from './oom-watch.ts'
import type { Pin } from './pinning.ts'

/** To the agent. */
export type Order =
  /** The launcher's own environment: jobs get the same one on every node, whatever started the agent. */
  | { readonly order: 'environment'; readonly variables: Readonly<Record<string, string | undefined>> }
  | {
      readonly order: 'start'
      /** Names the attempt in what follows. */
      readonly key: number
      readonly words: readonly string[]
      readonly cwd: string
      /** Beside what the agent's own environment has; null takes a variable away. */
      readonly environment: Readonly<Record<string, string | null>>
      /** The file for standard output and error. */
      readonly output: string
      readonly pin?: Pin | undefined
    }
  /** TERM, after `graceMs` KILL. Given again it can only hurry. */
  | { readonly order: 'stop'; readonly key: number; readonly graceMs: number }
  /** The launcher's lease holds: all is well for `limitMs` from now. Answered by `alive`. */
  | { readonly order: 'beat'; readonly limitMs: number }
  /** Kill what a launcher that is dead has left running on this node. Answered by `cleared`. */
  | { readonly order: 'clear'; readonly launcher: string }
  /** Kill what runs, and go. */
  | { readonly order: 'end' }

/** An end, and what the kernel has counted, where that may be the reason. */
export type MeasuredExit = Exit & { readonly oomKills?: OomKills | undefined }

/** From the agent: an attempt is over (`cut-off`: it was killed, as no beat came in time), or a beat has come. */
export type Notice =
  | { readonly key: number; readonly exit: MeasuredExit | { readonly kind: 'cut-off' } }
  | { readonly alive: true }
  /** `isWhole`: nothing of that launcher runs here any more. */
  | { readonly cleared: string; readonly isWhole: boolean }

/** Cuts a stream of text into lines and hands each one, parsed, to `take`; what is no JSON is somebody else's and goes to `other`. */
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

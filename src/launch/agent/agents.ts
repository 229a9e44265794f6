/**
 * The launcher's end of its agents: on the head node as children, on the others through the scheduler's own launcher, once each, so that no
 * job pays for that. Hands out attempts and reports their ends.
 */
import { sleep } from '../../lib/sleep.ts'
import { AgentLink, type LinkExit } from './agent-link.ts'
import type { AttemptCommand, Exit } from './attempt.ts'
import { OomAccounts } from './oom-watch.ts'
import type { Pin } from './pinning.ts'

/** An agent that takes longer than that is not waited for. */
const CLEAR_MS = 15_000

/** A node and the words that run a command there; none on the launcher's own. */
export interface AgentNode {
  readonly name: string
  readonly prefix: readonly string[]
}

/** An attempt under way at an agent. */
export interface RemoteAttempt {
  readonly exit: Promise<AgentExit>
  /** TERM, after `graceMs` KILL; again, it can only hurry. */
  stop(graceMs: number): void
}

/** `lost`: nobody saw its end. */
export type AgentExit = Exit | Lost

export interface Lost {
  readonly kind: 'lost'
  readonly node: string
  /** Whether the agent of that node has died; else it has killed the attempt, because no beat came in time. */
  readonly hasAgentDied: boolean
}

export interface AgentCommand extends Omit<AttemptCommand, 'inherited'> {
  readonly node: string
  readonly pin?: Pin | undefined
}

export interface AgentEvents {
  /** The agent of a node is dead, and so is what it had started; it is being started again. */
  readonly onDown: (node: string) => void
  /** It has been started again. */
  readonly onUp: (node: string) => void
  /** It cannot be started any more. */
  readonly onLost: (node: string) => void
}

export class Agents {
  readonly #links: ReadonlyMap<string, AgentLink>
  readonly #oomAccounts = new OomAccounts()
  #count = 0

  /**
   * @param program the agent's file (see agent.ts)
   * @param silenceMs an agent that does not answer for this long has, by itself, killed its jobs
   */
  constructor(launcher: string, program: string, nodes: readonly AgentNode[], silenceMs: number, events: AgentEvents) {
    const command = [process.execPath, '--max-semi-space-size=1', program]
    const open = ({ name: node, prefix }: AgentNode, index: number): AgentLink =>
      new AgentLink(
        { launcher, node, index, words: [...prefix, ...command], isHead: prefix.length === 0, silenceMs },
        {
          onDown: () => events.onDown(node),
          onUp: () => events.onUp(node),
          onLost: () => events.onLost(node),
        },
      )
    this.#links = new Map(nodes.map((node, index) => [node.name, open(node, index)]))
  }

  /** The processes on the launcher's own node. */
  get headPids(): number[] {
    return this.#heads.map(({ pid }) => pid)
  }

  /** Whether the agent on the launcher's own node has ended before its first word: not one that is only slow to begin. */
  get haveFailed(): boolean {
    return this.#heads.some(({ hasFailed }) => hasFailed)
  }

  get #heads(): AgentLink[] {
    return [...this.#links.values()].filter(({ place }) => place.isHead)
  }

  start({ node, ...command }: AgentCommand): RemoteAttempt {
    const key = (this.#count += 1)
    const link = this.#links.get(node)
    if (link === undefined)
      return { exit: Promise.resolve({ kind: 'lost', node, hasAgentDied: false }), stop: () => {} }
    const exit = link.start(key, command).then((end) => this.#judge(node, end))
    return { exit, stop: (graceMs) => link.stop(key, graceMs) }
  }

  /** Tells all agents that the lease holds for `limitMs`; those that have not answered for too long are given up. */
  beat(limitMs: number): void {
    for (const link of this.#links.values()) link.beat(limitMs)
  }

  /**
   * Kills what a launcher that is dead has left running on these nodes.
   * @returns whether nothing is known to run any more
   */
  async clear(launcher: string): Promise<boolean> {
    const late = new AbortController()
    const all = Promise.all([...this.#links.values()].map((link) => link.clear(launcher)))
    const answers = await Promise.race([all, sleep(CLEAR_MS, late.signal)])
    late.abort()
    return answers?.every((isWhole) => isWhole) !== false
  }

  /** Lets the agents go; what still runs is killed. */
  end(): void {
    for (const link of this.#links.values()) link.end()
  }

  #judge(node: string, exit: LinkExit): AgentExit {
    if (exit.kind === 'died' || exit.kind === 'cut-off')
      return { kind: 'lost', node, hasAgentDied: exit.kind === 'died' }
    if (exit.kind === 'not-started') return exit
    const { oomKills, ...facts } = exit
    if (oomKills === undefined) return facts
    return this.#oomAccounts.explain(node, oomKills) ? { ...facts, isOutOfMemory: true } : facts
  }
}

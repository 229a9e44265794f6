/**
 * The launcher's interface to all its agents. Agents start once per launcher: as a child on the
 * head node, through the scheduler's own launcher elsewhere, so that jobs do not pay for that.
 */
import { sleep } from '../../lib/sleep.ts'
import { AgentLink, type LinkExit } from './agent-link.ts'
import type { AttemptCommand, Exit } from './attempt.ts'
import { OomAccounts } from './oom-watch.ts'
import type { Pin } from './pinning.ts'

/** Agents that take longer are not waited for. */
const CLEAR_MS = 15_000

/** A node and the command prefix that runs a program there; empty on the launcher's own node. */
export interface AgentNode {
  readonly name: string
  readonly prefix: readonly string[]
}

/** A running attempt. */
export interface RemoteAttempt {
  readonly exit: Promise<AgentExit>
  /** Sends TERM, and KILL after `graceMs`. A second call can only shorten the grace. */
  stop(graceMs: number): void
}

/** `lost`: the end was not observed. */
export type AgentExit = Exit | Lost

export interface Lost {
  readonly kind: 'lost'
  readonly node: string
  /** True if the node's agent died; false if it killed the attempt because no beat came in time. */
  readonly hasAgentDied: boolean
}

export interface AgentCommand extends Omit<AttemptCommand, 'inherited'> {
  readonly node: string
  readonly pin?: Pin | undefined
}

export interface AgentEvents {
  /** The agent of a node and all its processes are dead; a new agent is being started. */
  readonly onDown: (node: string) => void
  /** A new agent is running. */
  readonly onUp: (node: string) => void
  /** No agent can be started on the node. */
  readonly onLost: (node: string) => void
}

export class Agents {
  readonly #links: ReadonlyMap<string, AgentLink>
  readonly #oomAccounts = new OomAccounts()
  #count = 0

  /**
   * @param program path of agent.ts, compiled
   * @param silenceMs an agent that has been silent for this long has killed its jobs by itself
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

  /** Process ids on the launcher's own node. */
  get headPids(): number[] {
    return this.#heads.map(({ pid }) => pid)
  }

  /** True if the agent on the launcher's own node exited before its first message. */
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

  /**
   * Tells all agents that the lease holds for `limitMs`, and abandons agents that are silent for
   * too long.
   */
  beat(limitMs: number): void {
    for (const link of this.#links.values()) link.beat(limitMs)
  }

  /**
   * Kills the processes that a dead launcher left on these nodes.
   * @returns false if any may still run
   */
  async clear(launcher: string): Promise<boolean> {
    const late = new AbortController()
    const all = Promise.all([...this.#links.values()].map((link) => link.clear(launcher)))
    const answers = await Promise.race([all, sleep(CLEAR_MS, late.signal)])
    late.abort()
    return answers?.every((isWhole) => isWhole) !== false
  }

  /** Ends the agents, which kill their running attempts. */
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

/**
 * The launcher's end of its agents: on the head node as children, on the others through the scheduler's own launcher, once each, so that no
 * job pays for that. Hands out attempts, hears of their ends, and notices when a node is gone.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { findByEnvironment } from '../../lib/process/process-table.ts'
import { monotonicMs } from '../../lib/sleep.ts'
import { withoutTask } from '../../platform/schedulers/surrounding-job.ts'
import { type Measured, type Notice, type Order, lineReader } from './agent-protocol.ts'
import type { Command, Exit } from './attempt.ts'
import type { Pin } from './pinning.ts'
import { OomAccounts } from './oom-watch.ts'

/** Until an agent says its first word: a scheduler that starts a thousand of them at once takes its time. */
const START_MS = 120_000

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

/** `lost`: the node is gone, and its jobs with it. */
export type AgentExit = Exit | { readonly kind: 'lost'; readonly node: string }

export interface AgentCommand extends Omit<Command, 'inherited'> {
  readonly node: string
  readonly pin?: Pin | undefined
}

export interface AgentEvents {
  /** An agent on the launcher's own node is gone: its jobs may run on, and nothing watches the launcher. */
  readonly onHeadDeath: () => void
  readonly onNodeDeath: (node: string) => void
}

interface Agent {
  readonly node: string
  readonly process: ChildProcess
  readonly isHead: boolean
  readonly waiting: Map<number, (exit: AgentExit) => void>
  heardMs: number
  hasSpoken: boolean
  isGone: boolean
}

export class Agents {
  readonly #launcher: string
  readonly #agents: ReadonlyMap<string, Agent>
  readonly #events: AgentEvents
  readonly #silenceMs: number
  readonly #oomAccounts = new OomAccounts()
  #limitMs = 0
  #count = 0
  #isOver = false

  /**
   * @param program the agent's file (see agent.ts)
   * @param silenceMs an agent that does not answer for this long has, by itself, killed its jobs
   */
  constructor(launcher: string, program: string, nodes: readonly AgentNode[], silenceMs: number, events: AgentEvents) {
    this.#launcher = launcher
    this.#events = events
    this.#silenceMs = silenceMs
    const words = [process.execPath, '--max-semi-space-size=1', program]
    this.#agents = new Map(nodes.map(({ name, prefix }) => [name, this.#open(name, [...prefix, ...words])]))
  }

  /** The processes on the launcher's own node. */
  get headPids(): number[] {
    return [...this.#agents.values()].filter(({ isHead }) => isHead).map((agent) => agent.process.pid ?? 0)
  }

  /** Whether an agent on the launcher's own node has ended before its first word: not one that is only slow to begin. */
  get haveFailed(): boolean {
    return [...this.#agents.values()].some(({ isHead, isGone, hasSpoken }) => isHead && isGone && !hasSpoken)
  }

  start({ node, ...command }: AgentCommand): RemoteAttempt {
    const key = (this.#count += 1)
    const agent = this.#agents.get(node)
    if (agent === undefined || agent.isGone) return { exit: Promise.resolve({ kind: 'lost', node }), stop: () => {} }
    const exit = new Promise<AgentExit>((resolve) => agent.waiting.set(key, resolve))
    tell(agent, { order: 'start', key, ...command })
    return { exit, stop: (graceMs) => tell(agent, { order: 'stop', key, graceMs }) }
  }

  /** Tells all agents that the lease holds for `limitMs`; those that have not answered for too long are given up. */
  beat(limitMs: number): void {
    this.#limitMs = limitMs
    for (const agent of this.#agents.values()) {
      const patienceMs = agent.hasSpoken ? this.#silenceMs : Math.max(this.#silenceMs, START_MS)
      if (!agent.isHead && !agent.isGone && monotonicMs() - agent.heardMs > patienceMs) {
        abandon(agent)
        this.#die(agent, 0)
      }
      tell(agent, { order: 'beat', limitMs })
    }
  }

  /** Lets the agents go; what still runs is killed. */
  end(): void {
    this.#isOver = true
    for (const agent of this.#agents.values()) {
      tell(agent, { order: 'end' })
      agent.process.stdin?.end()
      if (agent.isHead) continue
      const patience = setTimeout(() => abandon(agent), this.#silenceMs)
      agent.process.once('exit', () => {
        clearTimeout(patience)
        abandon(agent)
      })
    }
  }

  #open(node: string, [file = '', ...args]: readonly string[]): Agent {
    const environment = { ...withoutTask(process.env), BJOB_LAUNCHER: this.#launcher }
    const child = spawn(file, args, { stdio: ['pipe', 'pipe', 'inherit'], detached: true, env: environment })
    const agent: Agent = {
      node,
      process: child,
      isHead: file === process.execPath,
      waiting: new Map(),
      heardMs: monotonicMs(),
      hasSpoken: false,
      isGone: false,
    }
    const hear = (notice: Notice): void => {
      agent.heardMs = monotonicMs()
      agent.hasSpoken = true
      if (!('key' in notice)) return
      agent.waiting.get(notice.key)?.(this.#judge(node, notice.exit))
      agent.waiting.delete(notice.key)
    }
    child.stdout?.setEncoding('utf8').on('data', lineReader(hear))
    child.stdin?.on('error', () => {})
    child.once('error', () => this.#die(agent, 0))
    // What the pipe led to on another node may live on for as long as its last beat allows.
    child.once('exit', () => this.#die(agent, agent.isHead ? 0 : this.#limitMs))
    if (!agent.isHead) tell(agent, { order: 'environment', variables: environment })
    return agent
  }

  #judge(node: string, exit: Measured | { readonly kind: 'cut-off' }): AgentExit {
    if (exit.kind === 'cut-off') return { kind: 'lost', node }
    const { oomKills, ...facts } = exit
    if (oomKills === undefined || facts.kind === 'not-started') return facts
    return this.#oomAccounts.explain(node, oomKills) ? { ...facts, isOutOfMemory: true } : facts
  }

  /** @param restMs after which none of its jobs runs any more */
  #die(agent: Agent, restMs: number): void {
    if (this.#isOver || agent.isGone) return
    agent.isGone = true
    // Jobs of an agent that was killed may still run: they are found by their environment.
    if (agent.isHead) killByLauncher(this.#launcher)
    const release = (): void => {
      for (const resolve of agent.waiting.values()) resolve({ kind: 'lost', node: agent.node })
      agent.waiting.clear()
    }
    if (restMs > 0 && agent.waiting.size > 0) setTimeout(release, restMs)
    else release()
    if (agent.isHead) this.#events.onHeadDeath()
    else this.#events.onNodeDeath(agent.node)
  }
}

/** A launcher that hangs, or a helper of one that is gone, may hold the pipes for ever: nobody here waits for that. */
function abandon({ process: child }: Agent): void {
  child.kill('SIGKILL')
  child.stdin?.destroy()
  child.stdout?.destroy()
  child.unref()
}

function tell(agent: Agent, order: Order): void {
  if (!agent.isGone && agent.process.stdin?.writable === true) agent.process.stdin.write(`${JSON.stringify(order)}\n`)
}

/** Kills every process on this node that a launcher's agents, or their jobs, have started and that does not hide it. */
export function killByLauncher(launcher: string): void {
  for (const pid of findByEnvironment('BJOB_LAUNCHER', launcher)) {
    try {
      process.kill(pid, 'SIGKILL')
    } catch {
      // It has ended by itself.
    }
  }
}

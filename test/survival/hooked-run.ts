/**
 * A job run by the launcher's own code, from claim to end, with the processes of its application
 * and of both hooks.
 */
import path from 'node:path'
import { specOf } from '../../src/core/index/job-entry.ts'
import { readApplication } from '../../src/site/applications.ts'
import { createLauncher } from '../../src/site/launcher/launchers.ts'
import type { Site } from '../../src/site/site.ts'
import { readEntry } from '../../src/site/view/scan.ts'
import { type AgentCommand, type AgentExit, Agents, type RemoteAttempt } from '../../src/launch/agent/agents.ts'
import { findAllocation } from '../../src/launch/allocation.ts'
import { JobRun } from '../../src/launch/run/job-run.ts'
import { LeaseKeeper } from '../../src/launch/lease.ts'
import { NodePool } from '../../src/core/placement/node-pool.ts'
import { requestOf } from '../../src/core/placement/placement-request.ts'

const AGENT = path.join(import.meta.dirname, '../../dist/agent.cjs')
const NODE = 'here'

/** The started processes that have not ended. */
const underWay = new Set<Promise<AgentExit>>()

class SharedAgents extends Agents {
  override start(command: AgentCommand): RemoteAttempt {
    const attempt = super.start(command)
    underWay.add(attempt.exit)
    void attempt.exit.finally(() => underWay.delete(attempt.exit))
    return attempt
  }
}

/**
 * A dead launcher's own agent would kill what it had started; a shared one does not, and that ends
 * by itself, within moments.
 */
export async function processesEnd(): Promise<void> {
  await Promise.all(underWay)
}

let agents: SharedAgents | undefined

/** One pair of agents serves all points; it ends with this process. */
function sharedAgents(): SharedAgents {
  agents ??= new SharedAgents('survival', AGENT, [{ name: NODE, prefix: [] }], 1e9, {
    onDown: () => {},
    onUp: () => {},
    onLost: () => {},
  })
  return agents
}

/**
 * Runs the job as a launcher does that has room for it; one that is not there to be run is left
 * alone.
 */
export async function runJob(site: Site, id: string, launcher: string): Promise<void> {
  await createLauncher(site, launcher, {})
  const lease = await LeaseKeeper.start(site, launcher, () => [], { onBeat: () => {}, onLost: () => {} })
  try {
    const entry = await readEntry(site, id)
    if (entry === undefined) return
    const found = await findAllocation(site.settings, { slots: 1 })
    const nodes = found.nodes.slice(0, 1).map((node) => ({ ...node, name: NODE }))
    const allocation = { ...found, nodes, head: NODE }
    const request = requestOf(id, specOf(entry))
    const pool = new NodePool(nodes)
    const free = pool.findNodes(request)
    if (free === undefined) throw new Error('no room')
    const assignment = pool.place(request, free)
    const context = {
      site,
      launcher,
      lease,
      agents: sharedAgents(),
      report: () => {},
      warnOfRanks: async () => {},
      applicationOf: (name: string) => readApplication(site.disk, site.layout, name),
      allocation,
    }
    const candidate = {
      id,
      born: entry.born,
      revision: entry.revision,
      request,
      spec: entry.spec,
      arrival: 0,
      order: 0,
    }
    await new JobRun(candidate, assignment, context, () => {}).run()
  } finally {
    await lease.end('done')
  }
}

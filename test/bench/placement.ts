/**
 * How fast a head node decides: the launcher's own queue and room, on a clock that runs as fast as
 * they do. Nothing is started.
 */
import type { PlacementRequest } from '../../src/core/placement/node-need.ts'
import { type SimulatedJob, SimulatedLauncher } from '../rig/simulated-launcher.ts'
import { type Bench, type Scenario, atLeast, makeFigure } from './scenario.ts'

const CORES = 64
const GPUS = 4

const KINDS: readonly {
  readonly what: string
  readonly ask: (at: number, nodes: number) => Partial<PlacementRequest>
}[] = [
  { what: 'serial jobs', ask: () => ({}) },
  {
    what: 'all kinds: 1 in 500 on up to an eighth of the nodes, 1 in 20 with a GPU, packed and threaded ones',
    ask: (at, nodes) => {
      if (at % 500 === 0)
        return { nodes: Math.max(2, nodes >> (3 + ((at / 500) % 8))), ranksPerNode: 4, exclusive: true }
      if (at % 20 === 1) return { gpusPerRank: 1 }
      if (at % 10 === 2) return { packing: 16 }
      return at % 10 === 3 ? { threadsPerRank: 8 } : {}
    },
  },
]

export const placement: Scenario = {
  name: 'placement',
  about: 'decisions a second of one core: which job starts on which cores, on 4,096 nodes of 64 cores, 1,000,000 jobs',
  async run(bench) {
    for (const kind of KINDS) measure(bench, kind)
    await Promise.resolve()
  },
}

function measure(bench: Bench, { what, ask }: (typeof KINDS)[number]): void {
  const [nodeCount, jobCount] = bench.isSmall ? [256, 20_000] : [4096, 1_000_000]
  const nodes = Array.from({ length: nodeCount }, (_, at) => ({ name: `n${at}`, cores: CORES, gpus: GPUS }))
  let used = 0
  const launcher = new SimulatedLauncher(nodes, ({ shares }, _, seconds) => {
    for (const { coreIds } of shares) used += coreIds.length * seconds
  })
  const jobs = Array.from({ length: jobCount }, (_, at): SimulatedJob => {
    const id = `w/j${at}`
    // Scattered, and shorter than was asked for, as runs are.
    const wallSeconds = 60 * (1 + ((at * 7919) % 10))
    const seconds = Math.ceil(wallSeconds * (0.2 + 0.7 * (((at * 104_729) % 1000) / 1000)))
    const asked = ask(at, nodeCount)
    // Written out as a launcher's own are: a copy of a copy is an object in two pieces.
    return {
      id,
      nodes: asked.nodes ?? 1,
      ranksPerNode: asked.ranksPerNode ?? 1,
      threadsPerRank: asked.threadsPerRank ?? 1,
      threadsPerCore: 1,
      gpusPerRank: asked.gpusPerRank ?? 0,
      packing: asked.packing,
      exclusive: asked.exclusive,
      wallSeconds,
      priority: 0,
      seconds,
    }
  })
  launcher.add(jobs)
  const begin = process.cpuUsage()
  let started = launcher.fill()
  while (launcher.endOne()) started += launcher.fill()
  const { user, system } = process.cpuUsage(begin)
  const rate = started / ((user + system) / 1e6)
  if (started !== jobCount) throw new Error(`${jobCount - started} jobs were never started`)
  const utilization = used / (nodeCount * CORES * (launcher.nowMs / 1000))
  bench.report(makeFigure({ what, samples: [rate] }, 'decisions per CPU second', undefined, atLeast(100_000)))
  bench.note(`${jobCount} jobs on ${nodeCount} nodes; cores in use ${(utilization * 100).toFixed(0)} % of the time`)
}

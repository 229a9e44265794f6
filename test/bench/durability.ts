/** The cost of surviving a crash of the node: `durability: node` against `process`, in turn. */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { BenchSite } from './bench-site.ts'
import { compete } from './contest.ts'
import { type Bench, type Build, type Place, type Scenario, makeFigure } from './scenario.ts'

const SLOTS = os.availableParallelism()
const DURABILITIES = ['process', 'node'] as const
type Durability = (typeof DURABILITIES)[number]

/** One task each, on a site of its own; a sample is what it took. */
const TASKS: readonly { readonly what: string; readonly run: (site: BenchSite, count: number) => Promise<number> }[] = [
  { what: 'one job spawned, whole process', run: async (site) => (await site.spawnMany(1, 'none')).ms },
  { what: 'many jobs spawned at once', run: async (site, count) => (await site.spawnMany(count, 'none')).ms },
  {
    what: 'the same run to their ends',
    run: async (site, count) => {
      await site.spawnMany(count, 'none')
      const begin = Date.now()
      await site.run(['launch', '--quiet', '--idle-seconds', '0.1', '--slots', String(SLOTS)])
      return (await site.lastEndMs()) - begin
    },
  },
]

export const durability: Scenario = {
  name: 'durability',
  about: 'what durability: node costs beside process: one spawn, many at once, and trivial jobs run to their ends',
  async run(bench) {
    for (const build of bench.builds) for (const place of bench.places) await measure(bench, build, place)
  },
}

async function measure(bench: Bench, build: Build, place: Place): Promise<void> {
  const count = bench.isSmall ? 50 : 200
  for (const { what, run } of TASKS) {
    const contestants = DURABILITIES.map((kind) => ({
      what: `${build.name} on ${place.name}, ${what}, durability: ${kind}`,
      run: async () => run(await makeSite(build, place, kind), count),
    }))
    const [process, node] = await compete(contestants, bench.isSmall ? 1 : 5)
    if (node !== undefined) bench.report(makeFigure(node, 'ms', process))
  }
}

async function makeSite(build: Build, place: Place, kind: Durability): Promise<BenchSite> {
  const site = await BenchSite.make(build, place)
  fs.appendFileSync(path.join(site.root, 'bjob.yaml'), `\ndurability: ${kind}\n`)
  return site
}

/** What a short command costs beyond starting Node: whole processes. */
import { BenchSite } from './bench-site.ts'
import { runToEnd } from './bench-command.ts'
import { type Contestant, compete } from './contest.ts'
import { type Bench, type Build, type Place, type Scenario, makeFigure } from './scenario.ts'

const NODE = 'node -e 0'
const BUDGETS: Readonly<Record<string, string>> = { 'spawn of one job': '1.3 ×' }

export const startUp: Scenario = {
  name: 'start-up',
  about: 'bjob spawn, ls and --help against node -e 0',
  async run(bench) {
    const [place] = bench.places
    if (place === undefined) return
    const own: Contestant[] = []
    for (const build of bench.builds) own.push(...(await contestantsOf(build, place)))
    const contestants = [{ what: NODE, run: async () => (await runToEnd([process.execPath, '-e', '0'])).ms }, ...own]
    const [node, ...others] = await compete(contestants, bench.isSmall ? 3 : 25)
    report(bench, node, others)
  },
}

function report(
  bench: Bench,
  node: { what: string; samples: readonly number[] } | undefined,
  others: readonly { what: string; samples: readonly number[] }[],
): void {
  for (const series of others) {
    const budget = Object.entries(BUDGETS).find(([name]) => series.what.includes(name))?.[1]
    bench.report(makeFigure(series, 'ms', node, budget))
  }
}

async function contestantsOf(build: Build, place: Place): Promise<Contestant[]> {
  const site = await BenchSite.make(build, place)
  await site.spawnMany(20, 'none')
  const commands: readonly (readonly [string, (round: number) => string[]])[] = [
    ['spawn of one job', (round) => ['spawn', '--app', 'none', '--name', `one${round + 1}`]],
    ['ls of 20 jobs', () => ['ls', '--limit', '20']],
    ['--help', () => ['--help']],
  ]
  return commands.map(([what, args]) => ({
    what: `${build.name} ${what}`,
    run: async (round) => (await site.run(args(round))).ms,
  }))
}

/**
 * The cost of a job and of a query in trees of very different sizes, each in turn with the
 * smallest.
 */
import { runToEnd } from './bench-command.ts'
import { type Contestant, compete } from './contest.ts'
import {
  type Bench,
  type Budget,
  type Build,
  type Place,
  type Scenario,
  type Series,
  atLeastTimes,
  atMost,
  atMostTimes,
  makeFigure,
} from './scenario.ts'
import { type Question, type Tree, growTree, questionsFor } from './trees.ts'

/** The maximum cost of a job in the largest tree, relative to the smallest. */
const GROWTH = 1.2
const RUNNABLE = 100_000
const MEMORY_MB = 250

export const size: Scenario = {
  name: 'size',
  about: "spawn, run, ls, results, why, kill, fsck, a launcher's start and memory, with 1,000 to 100,000 jobs",
  async run(bench) {
    const [place] = bench.places
    const sizes = bench.isSmall ? [50, 200] : [1000, 10_000, RUNNABLE]
    for (const build of bench.builds) if (place !== undefined) await measureSizes(bench, build, place, sizes, 5)
  },
}

/** @param rounds of each question, after one that is not counted */
export async function measureSizes(
  bench: Bench,
  build: Build,
  place: Place,
  sizes: readonly number[],
  rounds: number,
): Promise<void> {
  const trees: Tree[] = []
  for (const count of sizes) trees.push(await growTree(build, place, count))
  const spawned = trees.map(({ count, spawnMs }) => ({
    what: nameOf(build, 'spawn --from, a job', count),
    samples: [spawnMs],
  }))
  reportGrowth(bench, spawned, 'ms/job', atMostTimes(GROWTH))
  for (const question of questionsFor(bench.isSmall ? 20 : 200))
    await measureQuestion(bench, build, trees, question, bench.isSmall ? 1 : rounds)
  await measureCheck(bench, build, trees)
  for (const { count, memoryMB } of trees) {
    const series = { what: nameOf(build, "launcher's peak memory", count), samples: memoryMB }
    bench.report(makeFigure(series, 'MB', undefined, count === RUNNABLE ? atMost(MEMORY_MB) : undefined))
  }
}

async function measureQuestion(
  bench: Bench,
  build: Build,
  trees: readonly Tree[],
  { what, unit, about, ask }: Question,
  rounds: number,
): Promise<void> {
  const own = trees.map((tree): Contestant => ({ what: nameOf(build, what, tree.count), run: () => ask(tree) }))
  const node = { what: 'node -e 0', run: async () => (await runToEnd([process.execPath, '-e', '0'])).ms }
  const [bare, ...series] = await compete([node, ...own], rounds)
  const budget = unit === 'ms' ? atMostTimes(GROWTH) : atLeastTimes(1 / GROWTH)
  reportGrowth(bench, series, unit, about === 'some' ? budget : undefined, unit === 'ms' ? bare : undefined)
  if (about === 'all') reportPerJob(bench, trees, series)
}

/** Once: it reads every file there is. */
async function measureCheck(bench: Bench, build: Build, trees: readonly Tree[]): Promise<void> {
  const series: Series[] = []
  for (const { count, site } of trees)
    series.push({ what: nameOf(build, 'fsck', count), samples: [(await site.run(['fsck'])).ms] })
  reportGrowth(bench, series, 'ms')
  reportPerJob(bench, trees, series)
}

/** Commands that visit all jobs: the cost per job in the largest tree, against the smallest. */
function reportPerJob(bench: Bench, trees: readonly Tree[], series: readonly Series[]): void {
  const perJob = series.map(({ what, samples }, at): Series => {
    const { count } = trees[at] ?? { count: NaN }
    return { what: `${what}, a job`, samples: samples.map((ms) => (ms * 1000) / count) }
  })
  const [smallest] = perJob
  const largest = perJob.at(-1)
  if (largest !== undefined) bench.report(makeFigure(largest, 'µs/job', smallest, atMostTimes(GROWTH)))
}

/** Each against the smallest tree, the largest with the budget; the smallest against `bare`. */
function reportGrowth(bench: Bench, series: readonly Series[], unit: string, budget?: Budget, bare?: Series): void {
  const [smallest] = series
  for (const one of series) {
    const other = one === smallest ? bare : smallest
    bench.report(makeFigure(one, unit, other, one === series.at(-1) ? budget : undefined))
  }
}

function nameOf(build: Build, what: string, count: number): string {
  return `${build.name} ${what}, ${count.toLocaleString('en')} jobs`
}

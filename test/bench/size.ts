/** What questions and a launcher's start cost in trees of very different sizes. Each size is measured in turn with the smallest, and with node -e 0. */
import fs from 'node:fs'
import { BenchSite } from './bench-site.ts'
import { endCommand, readLines, runToEnd } from './bench-command.ts'
import { type Contestant, compete } from './contest.ts'
import { type Bench, type Build, type Place, type Scenario, type Series, makeFigure } from './scenario.ts'

const NEW_ENDS = 10
/** Jobs that are run to see what one costs beside all the others. */
const RUN = 200

export const size: Scenario = {
  name: 'size',
  about: "ls, results, spawn, a launcher's start and memory, and running jobs, in trees of 1,000 to 100,000 jobs",
  async run(bench) {
    const [place] = bench.places
    if (place === undefined) return
    const sizes = bench.isSmall ? [50, 200] : [1000, 10_000, 100_000]
    for (const build of bench.builds) await measure(bench, build, place, sizes)
  },
}

async function measure(bench: Bench, build: Build, place: Place, sizes: readonly number[]): Promise<void> {
  const trees: Tree[] = []
  for (const count of sizes) trees.push(await makeTree(bench, build, place, count))
  const nodeSeries = 'node -e 0'
  for (const [what, unit, ask] of questionsFor(bench.isSmall)) {
    const own = trees.map((tree): Contestant => ({
      what: `${build.name} ${what}, ${tree.count} jobs`,
      run: () => ask(tree),
    }))
    const node = { what: nodeSeries, run: async () => (await runToEnd([process.execPath, '-e', '0'])).ms }
    const [first, ...series] = await compete([node, ...own], bench.isSmall ? 1 : 5)
    reportSeries(bench, series, unit, first)
  }
  for (const tree of trees) {
    const samples = tree.memoryMB
    bench.report(
      makeFigure(
        { what: `${build.name} launcher's peak memory, ${tree.count} jobs`, samples },
        'MB',
        undefined,
        tree.count === 100_000 ? '250 MB' : undefined,
      ),
    )
  }
}

/** Each against the smallest tree; that one, where it is a time, against node. */
function reportSeries(bench: Bench, series: readonly Series[], unit: string, node: Series | undefined): void {
  const [smallest] = series
  for (const one of series) {
    const other = one !== smallest ? smallest : unit === 'ms' ? node : undefined
    bench.report(makeFigure(one, unit, other))
  }
}

interface Tree {
  readonly count: number
  readonly site: BenchSite
  /** How many names have been taken beside the first `count`. */
  extra: number
  killed: number
  readonly memoryMB: number[]
}

/** Jobs that can all run, none of which ends by itself. */
async function makeTree(bench: Bench, build: Build, place: Place, count: number): Promise<Tree> {
  const site = await BenchSite.make(build, place)
  const { ms } = await site.spawnMany(count, 'hold')
  bench.report(makeFigure({ what: `${build.name} spawn --from of ${count} jobs`, samples: [ms / count] }, 'ms/job'))
  await site.run(['results', '--cursor', 'cursor'])
  const tree = { count, site, extra: 0, killed: 0, memoryMB: [] as number[] }
  const cold = await startToFirstJob(tree)
  bench.report(
    makeFigure({ what: `${build.name} first launcher's start to its first job, ${count} jobs`, samples: [cold] }, 'ms'),
  )
  return tree
}

type Question = readonly [what: string, unit: string, ask: (tree: Tree) => Promise<number>]

function questionsFor(isSmall: boolean): readonly Question[] {
  const run = isSmall ? 20 : RUN
  return [
    ['ls --by-state', 'ms', async ({ site }) => (await site.run(['ls', '--by-state'])).ms],
    ['ls --limit 20', 'ms', async ({ site }) => (await site.run(['ls', '--limit', '20'])).ms],
    ['results with nothing new', 'ms', async ({ site }) => (await site.run(['results', '--cursor', 'cursor'])).ms],
    [`results with ${NEW_ENDS} new ends`, 'ms', resultsOfNew],
    [
      'spawn of one job',
      'ms',
      async (tree) => (await tree.site.run(['spawn', '--app', 'hold', '--name', `extra${tree.extra++}`])).ms,
    ],
    [
      `spawn of ${run} more jobs`,
      'ms',
      async (tree) => (await tree.site.spawnMany(run, 'hold', 'default', `more${tree.extra++}-`)).ms,
    ],
    ["launcher's start to its first job", 'ms', startToFirstJob],
    [`running ${run} jobs beside the others`, 'jobs/s', (tree) => runBeside(tree, run)],
  ]
}

async function resultsOfNew(tree: Tree): Promise<number> {
  const ids = Array.from({ length: NEW_ENDS }, () => `default/job${tree.killed++}`)
  await tree.site.run(['kill', ...ids])
  const { ms, stdout } = await tree.site.run(['results', '--cursor', 'cursor'])
  const told = stdout.trim().split('\n').length
  if (told !== NEW_ENDS) throw new Error(`${told} ends were told of ${NEW_ENDS}`)
  return ms
}

async function startToFirstJob(tree: Tree): Promise<number> {
  const begin = performance.now()
  const launcher = tree.site.start(['launch', '--persistent', '--slots', '2', '--json'])
  await new Promise<void>((resolve, reject) => {
    readLines(launcher, (line) => {
      if (line.includes('"job-started"')) resolve()
    })
    launcher.once('exit', () => reject(new Error('the launcher ended before its first job')))
  })
  const ms = performance.now() - begin
  const peak = /VmHWM:\s+(\d+) kB/.exec(fs.readFileSync(`/proc/${launcher.pid ?? 0}/status`, 'utf8'))?.[1]
  tree.memoryMB.push(Number(peak) / 1000)
  await endCommand(launcher)
  return ms
}

/** From the first start to the last end, as the launcher tells them. */
async function runBeside(tree: Tree, count: number): Promise<number> {
  const workflow = `run${tree.extra++}`
  await tree.site.spawnMany(count, 'none', workflow)
  const launcher = tree.site.start(['launch', '--persistent', '--slots', '2', '--json', '--workflow', workflow])
  const started: number[] = []
  const ended: number[] = []
  await new Promise<void>((resolve, reject) => {
    readLines(launcher, (line) => {
      if (line.includes('"job-started"')) started.push(performance.now())
      if (line.includes('"job-ended"')) ended.push(performance.now())
      if (ended.length === count) resolve()
    })
    launcher.once('exit', () => reject(new Error('the launcher ended before its jobs')))
  })
  await endCommand(launcher)
  return (count / ((ended.at(-1) ?? NaN) - (started[0] ?? NaN))) * 1000
}

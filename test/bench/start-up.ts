/**
 * The cost of each command beyond the start of Node, packed and installed as for users: whole
 * processes, in a site of 20 jobs.
 */
import fs from 'node:fs'
import path from 'node:path'
import { runToEnd } from './bench-command.ts'
import { BenchSite } from './bench-site.ts'
import { type Contestant, compete } from './contest.ts'
import { type Bench, type Build, type Place, type Scenario, type Series, atMostTimes, makeFigure } from './scenario.ts'

const LIMIT = atMostTimes(1.3)

/**
 * Words of each command that has an end of its own. Not here: launch, tune and doctor, which take
 * the time that they are for.
 */
const COMMANDS: readonly (readonly [what: string, words: (round: number) => readonly string[]])[] = [
  ['spawn', (round) => ['spawn', '--app', 'none', '--name', `one${round}`]],
  ['--version', () => ['--version']],
  ['--help', () => ['--help']],
  ['spawn --help', () => ['spawn', '--help']],
  ['tune --help', () => ['tune', '--help']],
  ['alone', () => []],
  ['init', (round) => ['init', `inner${round}`]],
  ['app ls', () => ['app', 'ls']],
  ['app add', (round) => ['app', 'add', `app${round}`, '--executable', 'true']],
  ['ls', () => ['ls', '--limit', '20']],
  ['ls --by-state', () => ['ls', '--by-state']],
  ['ls launchers', () => ['ls', 'launchers']],
  ['show', () => ['show', 'job1']],
  ['history', () => ['history', 'job1']],
  ['why', () => ['why', 'job1']],
  ['path', () => ['path', 'job1']],
  ['cat', () => ['cat', 'job1', 'job.yaml']],
  ['log', () => ['log', 'job0']],
  ['watch', () => ['watch']],
  ['wait', () => ['wait', 'job0']],
  ['results', () => ['results', '--cursor', 'cursor']],
  ['session', () => ['session']],
  ['kill', (round) => ['kill', `one${round}`]],
  ['retry', (round) => ['retry', `one${round}`]],
  ['set', (round) => ['set', `one${round}`, `priority=${round + 2}`]],
  ['dep', (round) => ['dep', 'job0', `one${round}`]],
  ['clone', (round) => ['clone', 'job1', '--as', `twin${round}`]],
  ['submit --dry-run', () => ['submit', '-n', '1', '-t', '10', '--dry-run']],
  ['report --json', () => ['report', '--json']],
  ['fsck', () => ['fsck']],
  ['rm', (round) => ['rm', `twin${round}`]],
]

export const startUp: Scenario = {
  name: 'start-up',
  about: 'every command, packed and installed, against node -e 0',
  async run(bench) {
    const [place] = bench.places
    if (place === undefined) return
    const node: Contestant = {
      what: 'node -e 0',
      run: async () => (await runToEnd([process.execPath, '-e', '0'])).ms,
    }
    for (const build of bench.builds) {
      const installed = await install(bench, build, place)
      const own = await contestantsOf(installed, place)
      const [bare, ...series] = await compete([node, ...own], bench.isSmall ? 2 : 15)
      if (bare !== undefined) report(bench, build, bare, series)
    }
  },
}

/** spawn and the slowest have to keep to the budget; the others are beside it. */
function report(bench: Bench, build: Build, bare: Series, series: readonly Series[]): void {
  const figures = series.map((one) => makeFigure(one, 'ms', bare))
  const ratioOf = (figure: (typeof figures)[number]): number => figure.against?.ratio ?? NaN
  const [spawn] = figures
  const slowest = figures.toSorted((one, other) => ratioOf(other) - ratioOf(one))
  for (const figure of slowest) bench.report(figure === spawn ? { ...figure, budget: LIMIT } : figure)
  const [worst] = slowest
  if (worst === undefined) return
  const what = `${build.name}: the slowest of ${figures.length} commands, ${worst.what.replace(`${build.name} `, '')}`
  bench.report({ ...worst, what, budget: LIMIT })
}

/** As `npm install -g` leaves it. Where that cannot be done, the checkout itself is measured. */
async function install(bench: Bench, build: Build, place: Place): Promise<Build> {
  const checkout = path.resolve(build.program, '../..')
  const prefix = fs.mkdtempSync(path.join(place.folder, 'installed-'))
  try {
    const pack = ['npm', 'pack', '--silent', '--ignore-scripts', '--pack-destination', prefix]
    const archive = (await runToEnd(pack, { cwd: checkout })).stdout.trim()
    const words = ['npm', 'install', '-g', '--silent', '--ignore-scripts', '--prefer-offline', '--prefix', prefix]
    await runToEnd([...words, path.join(prefix, archive)], { cwd: prefix })
    return { name: build.name, program: path.join(prefix, 'lib/node_modules/bjob/bin/bjob.js') }
  } catch (error) {
    bench.note(`measured as built, not as installed: ${error instanceof Error ? error.message : String(error)}`)
    return build
  }
}

async function contestantsOf(build: Build, place: Place): Promise<Contestant[]> {
  const site = await BenchSite.make(build, place)
  await site.spawnMany(20, 'none')
  await site.run(['launch', '--quiet', '--idle-seconds', '0.5'])
  return COMMANDS.map(([what, words]) => ({
    what: `${build.name} ${what}`,
    // The first round is number -1.
    run: async (round) => (await site.run(words(round + 1))).ms,
  }))
}

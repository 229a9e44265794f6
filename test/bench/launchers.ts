/**
 * Many launchers on one tree: how much more they run than one does, and how often two reach for the
 * same job.
 */
import { runToEnd } from './bench-command.ts'
import { BenchSite } from './bench-site.ts'
import { type Bench, type Build, type Place, type Scenario, atMost, makeFigure } from './scenario.ts'

const NUMBERS = [1, 4, 16]

export const launchers: Scenario = {
  name: 'launchers',
  about:
    'jobs of 0.2 s a second run by 1, 4 and 16 launchers of two slots on one tree, and claims that another one was first with',
  async run(bench) {
    const [place] = bench.places
    if (place === undefined) return
    const perLauncher = bench.isSmall ? 6 : 60
    for (const build of bench.builds) await measure(bench, build, place, perLauncher)
  },
}

async function measure(bench: Bench, build: Build, place: Place, perLauncher: number): Promise<void> {
  const rates = NUMBERS.map(() => [] as number[])
  const lost = NUMBERS.map(() => [] as number[])
  for (let round = 0; round < (bench.isSmall ? 1 : 3); round++) {
    for (const [index, number] of NUMBERS.entries()) {
      const { perSecond, outrunPercent } = await runTogether(build, place, number, number * perLauncher)
      rates[index]?.push(perSecond)
      lost[index]?.push(outrunPercent)
    }
  }
  const [alone = []] = rates
  for (const [index, number] of NUMBERS.entries()) {
    const what = `${build.name}: ${number} launcher${number === 1 ? '' : 's'}`
    const other = number === 1 ? undefined : { what: '1 launcher', samples: alone }
    bench.report(makeFigure({ what, samples: rates[index] ?? [] }, 'jobs/s', other))
    if (number === 1) continue
    bench.report(makeFigure({ what: `${what}, claims lost`, samples: lost[index] ?? [] }, '%', undefined, atMost(5)))
  }
}

/** All are started at once, when all jobs are there: no moment is worse. */
async function runTogether(
  build: Build,
  place: Place,
  number: number,
  count: number,
): Promise<{ perSecond: number; outrunPercent: number }> {
  const site = await BenchSite.make(build, place)
  await site.spawnMany(count, 'nap')
  const begun = Date.now()
  const words = site.words(['launch', '--json', '--idle-seconds', '2', '--slots', '2'])
  const outputs = await Promise.all(Array.from({ length: number }, () => runToEnd(words, site.options)))
  const outrun = outputs.reduce((sum, { stdout }) => sum + outrunOf(stdout), 0)
  return {
    perSecond: (count / ((await site.lastEndMs()) - begun)) * 1000,
    outrunPercent: (outrun / (outrun + count)) * 100,
  }
}

function outrunOf(stdout: string): number {
  const summary = JSON.parse(stdout.trim().split('\n').at(-1) ?? '') as { outrun: number }
  return summary.outrun
}

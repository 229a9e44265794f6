/**
 * Trivial jobs a second, born to ended, everything durable, against what only starts the same
 * processes and forgets them.
 */
import os from 'node:os'
import { BenchSite } from './bench-site.ts'
import { type Contestant, compete } from './contest.ts'
import { peersOf } from './peers.ts'
import { type Build, type Place, type Scenario, type Series, atLeastTimes, makeFigure } from './scenario.ts'

const SLOTS = os.availableParallelism()

export const throughput: Scenario = {
  name: 'throughput',
  about: 'trivial jobs a second, against xargs, posix_spawn from C, a loop in Node, GNU parallel, Optuna and jug',
  async run(bench) {
    const count = bench.isSmall ? 100 : 2000
    const phases = new Map<
      string,
      { readonly spawn: Series & { samples: number[] }; readonly launch: Series & { samples: number[] } }
    >()
    const own = bench.builds.flatMap((build) =>
      bench.places.map((place): Contestant => {
        const what = `${build.name} on ${place.name}`
        const spawn = { what: `${what}, spawn --from only`, samples: [] as number[] }
        const launch = { what: `${what}, launch only`, samples: [] as number[] }
        phases.set(what, { spawn, launch })
        return {
          what,
          run: async (round) => {
            const { spawnMs, launchMs } = await runJobs(build, place, count)
            if (round >= 0) {
              spawn.samples.push((count / spawnMs) * 1000)
              launch.samples.push((count / launchMs) * 1000)
            }
            return (count / (spawnMs + launchMs)) * 1000
          },
        }
      }),
    )
    const peers = await peersOf(bench, count, SLOTS)
    const [xargs, ...others] = await compete([...peers, ...own], bench.isSmall ? 1 : 5)
    if (xargs !== undefined) bench.report(makeFigure(xargs, 'jobs/s'))
    for (const one of others) {
      const parts = phases.get(one.what)
      bench.report(makeFigure(one, 'jobs/s', xargs, parts === undefined ? undefined : atLeastTimes(1)))
      if (parts === undefined) continue
      for (const part of [parts.spawn, parts.launch]) bench.report(makeFigure(part, 'jobs/s', xargs))
    }
  },
}

/** The start of the launcher is part of it; its end, which waits for more work, is not. */
async function runJobs(build: Build, place: Place, count: number): Promise<{ spawnMs: number; launchMs: number }> {
  const site = await BenchSite.make(build, place)
  const { ms: spawnMs } = await site.spawnMany(count, 'none')
  const begin = Date.now()
  await site.run(['launch', '--quiet', '--idle-seconds', '0.1', '--slots', String(SLOTS)])
  return { spawnMs, launchMs: (await site.lastEndMs()) - begin }
}

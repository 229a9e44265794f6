/** Trivial jobs a second, born to ended, everything durable, against what only starts the same processes and forgets them. */
import os from 'node:os'
import path from 'node:path'
import { hasCommand } from '../../src/lib/run-command.ts'
import { BenchSite } from './bench-site.ts'
import { runToEnd } from './bench-command.ts'
import { type Contestant, compete } from './contest.ts'
import { type Build, type Place, type Scenario, type Series, makeFigure } from './scenario.ts'

const SLOTS = os.availableParallelism()

export const throughput: Scenario = {
  name: 'throughput',
  about: 'trivial jobs a second, against xargs, a bare loop of child_process.spawn, and GNU parallel',
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
    const peers = peersOf(count, bench.places[0]?.folder ?? os.tmpdir())
    if (!hasCommand('parallel')) bench.note('GNU parallel is not installed')
    const series = await compete([...peers, ...own], bench.isSmall ? 1 : 5)
    const [xargs, ...others] = series
    for (const one of others) {
      const isOwn = phases.has(one.what)
      bench.report(makeFigure(one, 'jobs/s', xargs, isOwn ? '1 ×' : undefined))
      const parts = phases.get(one.what)
      if (parts === undefined) continue
      for (const part of [parts.spawn, parts.launch]) bench.report(makeFigure(part, 'jobs/s', xargs))
    }
    const loop = series.find(({ what }) => what.startsWith('child_process'))
    const first = series.find(({ what }) => phases.has(what))
    if (loop !== undefined && first !== undefined) bench.report(makeFigure(first, 'jobs/s', loop))
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

const LOOP = `
const { spawn } = require('node:child_process')
let left = Number(process.argv[1])
const next = () => { if (left-- > 0) spawn('true', { stdio: 'ignore' }).on('exit', next) }
for (let slot = 0; slot < Number(process.argv[2]); slot++) next()
`

/** xargs first. */
function peersOf(count: number, folder: string): Contestant[] {
  const input = `${Array.from({ length: count }, (_, index) => index).join('\n')}\n`
  const slots = String(SLOTS)
  const commands: [what: string, words: string[], input: string][] = [
    [`xargs -P${slots} -n1 true`, ['xargs', `-P${slots}`, '-n1', 'true'], input],
    ['child_process.spawn in a loop', [process.execPath, '-e', LOOP, String(count), slots], ''],
  ]
  if (hasCommand('parallel')) {
    commands.push(['parallel', ['parallel', `-j${slots}`, 'true'], input])
    commands.push([
      'parallel --joblog',
      ['parallel', `-j${slots}`, '--joblog', path.join(folder, 'joblog'), 'true'],
      input,
    ])
  }
  return commands.map(([what, words, given]) => ({
    what,
    run: async () => (count / (await runToEnd(words, { input: given })).ms) * 1000,
  }))
}

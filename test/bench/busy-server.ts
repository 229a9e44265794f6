/**
 * Jobs a second where every metadata call takes a millisecond longer: what counts is how many calls
 * are under way at once, and how many follow each other.
 */
import fs from 'node:fs'
import path from 'node:path'
import { runToEnd } from './bench-command.ts'
import { BenchSite } from './bench-site.ts'
import { type Build, type Place, type Scenario, atLeast, makeFigure } from './scenario.ts'

const CALL_MS = '1'
/** As a node of a cluster has cores. */
const SLOTS = '32'

export const busyServer: Scenario = {
  name: 'busy-server',
  about: `jobs spawned, and run by one launcher of ${SLOTS} slots, a second where each metadata call takes ${CALL_MS} ms longer`,
  async run(bench) {
    const [place] = bench.places
    if (place === undefined) return
    const build = await buildSlow(place)
    const [count, rounds] = bench.isSmall ? [50, 1] : [1000, 3]
    const spawned = { slow: [] as number[], fast: [] as number[] }
    const ran = { slow: [] as number[], fast: [] as number[] }
    for (let round = 0; round < rounds; round++) {
      for (const [server, callMs] of [
        ['fast', '0'],
        ['slow', CALL_MS],
      ] as const) {
        const site = await BenchSite.make({ ...build, environment: { BENCH_CALL_MS: callMs } }, place)
        spawned[server].push((count / (await site.spawnMany(count, 'none')).ms) * 1000)
        const begun = Date.now()
        await site.run(['launch', '--quiet', '--idle-seconds', '0.5', '--slots', SLOTS])
        ran[server].push((count / ((await site.lastEndMs()) - begun)) * 1000)
      }
    }
    for (const [what, { slow, fast }, least] of [
      ['spawn --from', spawned, 500],
      [`launch --slots ${SLOTS}`, ran, 200],
    ] as const) {
      const other = { what: 'the same without that', samples: fast }
      bench.report(makeFigure({ what, samples: slow }, 'jobs/s', other, atLeast(least)))
    }
  },
}

/**
 * This checkout's command, bundled with the slow disk, in a folder that looks like an installed
 * package.
 */
async function buildSlow(place: Place): Promise<Build> {
  const folder = fs.mkdtempSync(path.join(place.folder, 'slow-'))
  for (const name of ['dist', 'templates', 'package.json']) fs.symlinkSync(path.resolve(name), path.join(folder, name))
  fs.mkdirSync(path.join(folder, 'bin'))
  fs.symlinkSync(path.resolve('bin/agent.js'), path.join(folder, 'bin/agent.js'))
  const program = path.join(folder, 'bin', 'bjob.cjs')
  const options = ['--bundle', '--platform=node', '--target=node20', '--format=cjs', '--alias:graceful-fs=node:fs']
  const words = [path.resolve('node_modules/.bin/esbuild'), 'test/bench/slow-main.ts', ...options]
  await runToEnd([...words, '--external:koffi', '--log-level=warning', `--outfile=${program}`])
  return { name: 'bjob', program }
}

/**
 * The load that waiting puts on the file system: name calls a second of a launcher with nothing to
 * do, and of drivers that wait for results.
 */
import path from 'node:path'
import { hasCommand } from '../../src/lib/process/run-command.ts'
import { sleep } from '../../src/lib/sleep.ts'
import { endCommand, readLines, startCommand } from './bench-command.ts'
import { BenchSite } from './bench-site.ts'
import { countByCall, readTrace, tracedWords } from './name-trace.ts'
import { type Build, type Place, type Scenario, atMost, makeFigure } from './scenario.ts'

const WAITING = [
  ['launch', ['launch', '--persistent', '--quiet', '--workflow', 'none']],
  ['results --follow', ['results', '--follow', '--cursor', 'cursor']],
  ['wait', ['wait', '--quiet']],
] as const

export const idle: Scenario = {
  name: 'idle',
  about: 'name calls a second of an idle launcher, bjob results --follow and bjob wait',
  async run(bench) {
    if (!hasCommand('strace')) return bench.lacks('strace')
    const [place] = bench.places
    if (place === undefined) return
    const sizes = bench.isSmall ? [10, 40] : [100, 10_000]
    const [startSeconds, seconds] = bench.isSmall ? [3, 3] : [8, 20]
    for (const build of bench.builds) {
      const counts = new Map<string, number[]>()
      for (const size of sizes) {
        for (const [what, count, kinds] of await watchIdle(build, place, size, startSeconds, seconds)) {
          const samples = [...(counts.get(what) ?? []), count / seconds]
          counts.set(what, samples)
          const title = `${build.name} ${what}, ${size} jobs${kinds === '' ? '' : `: ${kinds}`}`
          const few = { what: `${sizes[0]} jobs`, samples: samples.slice(0, 1) }
          bench.report(
            makeFigure(
              { what: title, samples: samples.slice(-1) },
              'calls/s',
              samples.length > 1 ? few : undefined,
              atMost(5),
            ),
          )
        }
      }
    }
  },
}

type Count = readonly [what: string, calls: number, kinds: string]

/** All at once, in one site that nothing changes. */
async function watchIdle(
  build: Build,
  place: Place,
  size: number,
  startSeconds: number,
  seconds: number,
): Promise<Count[]> {
  const site = await BenchSite.make(build, place)
  await site.spawnMany(size, 'none')
  const running = WAITING.map(([what, args]) => {
    const file = path.join(place.folder, `${path.basename(site.root)}-idle-${args[0]}.strace`)
    const child = startCommand(tracedWords(site.words(args), file), site.options)
    readLines(child, () => {})
    return { what, file, child }
  })
  await sleep(startSeconds * 1000)
  const from = Date.now() / 1000
  await sleep(seconds * 1000)
  const counts = running.map(({ what, file }): Count => {
    const calls = readTrace(file, site.root).filter((call) => call.seconds >= from && call.seconds < from + seconds)
    const kinds = [...countByCall(calls)].map(([call, count]) => `${call} ${count}`).join(', ')
    return [what, calls.length, kinds]
  })
  await Promise.all(running.map(({ child }) => endCommand(child)))
  return counts
}

/**
 * How fast jobs are made, against what only makes their folders and files: from C and from Node.
 */
import fs from 'node:fs'
import path from 'node:path'
import { BenchSite } from './bench-site.ts'
import { runToEnd } from './bench-command.ts'
import { type Contestant, compete } from './contest.ts'
import { buildLimits, runLimit } from './limits.ts'
import { type Bench, type Place, type Scenario, makeFigure } from './scenario.ts'

/** The same calls as in limits.c. */
const NODE = `
const fs = require('node:fs')
const [count, parent] = [Number(process.argv[1]), process.argv[2]]
const text = 'state: CREATED\\nattempt: 0\\nrevision: 1\\nhistory:\\n  - 2026-11-23T21:06:06.447Z CREATED spawned\\n'
const begun = performance.now()
for (let at = 0; at < count; at++) {
  const aside = parent + '/.new-' + at
  fs.mkdirSync(aside)
  for (const name of ['/job.yaml', '/state.yaml']) fs.writeFileSync(aside + name, text, { flag: 'wx' })
  fs.renameSync(aside, parent + '/job' + at)
}
console.log((performance.now() - begun) / 1000)
`

export const folders: Scenario = {
  name: 'folders',
  about: 'jobs spawned a second, against a folder with two files made by C and by Node',
  async run(bench) {
    const count = bench.isSmall ? 100 : 5000
    const limits = await buildLimits(bench)
    for (const place of bench.places) await measure(bench, place, count, limits)
  },
}

async function measure(bench: Bench, place: Place, count: number, limits: string | undefined): Promise<void> {
  const fresh = (): string => fs.mkdtempSync(path.join(place.folder, 'folders-'))
  const words = [process.execPath, '-e', NODE, String(count)]
  const node = {
    what: `Node on ${place.name}`,
    run: async () => count / Number((await runToEnd([...words, fresh()])).stdout),
  }
  const contestants: Contestant[] = [node]
  if (limits !== undefined)
    contestants.push({
      what: `C on ${place.name}`,
      run: async () => count / (await runLimit(limits, ['folders', String(count), fresh()])),
    })
  for (const build of bench.builds)
    contestants.push({
      what: `${build.name} spawn --from on ${place.name}, whole process`,
      run: async () => {
        const site = await BenchSite.make(build, place)
        return (count / (await site.spawnMany(count, 'none')).ms) * 1000
      },
    })
  const [first, ...others] = await compete(contestants, bench.isSmall ? 1 : 5)
  if (first !== undefined) bench.report(makeFigure(first, 'folders/s'))
  for (const series of others) bench.report(makeFigure(series, 'folders/s', first))
}

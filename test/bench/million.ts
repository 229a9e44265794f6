/** As `size`, with a million jobs: it takes long, some ten gigabytes and three million files. */
import fs from 'node:fs'
import type { Scenario } from './scenario.ts'
import { measureSizes } from './size.ts'

const JOBS = 1_000_000
/** A folder and two files a job, each of them a block of 4 KiB. */
const FILES_A_JOB = 3
const BYTES_A_FILE = 4096

export const million: Scenario = {
  name: 'million',
  about: 'as size, with 1,000 and 1,000,000 jobs, on the last disk',
  async run(bench) {
    const count = bench.isSmall ? 500 : JOBS
    const place = bench.places.at(-1)
    if (place === undefined) return
    const { bavail, bsize, ffree } = fs.statfsSync(place.folder)
    if (ffree < count * FILES_A_JOB || bavail * bsize < count * FILES_A_JOB * BYTES_A_FILE)
      return bench.note(`${place.name} has no room for ${count} jobs`)
    for (const build of bench.builds) await measureSizes(bench, build, place, [bench.isSmall ? 50 : 1000, count], 3)
  },
}

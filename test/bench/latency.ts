/**
 * How soon a new job runs where a slot is free, and how soon a driver sees its end; in turn with a
 * process that this one starts itself.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import { openSite } from '../../src/index.ts'
import { sleep } from '../../src/lib/sleep.ts'
import { endCommand, readLines } from './bench-command.ts'
import { BenchSite } from './bench-site.ts'
import { type Bench, type Build, type Place, type Scenario, atMost, makeFigure } from './scenario.ts'
import { quantile } from './statistics.ts'

const BUDGET = atMost(50)

/**
 * Milliseconds from the call that asks for a process until it runs, and from its end until that is
 * known.
 */
interface Delays {
  readonly start: number
  readonly end: number
}

export const latency: Scenario = {
  name: 'latency',
  about: 'spawn to running on a free slot, and exit to bjob results --follow',
  async run(bench) {
    const count = bench.isSmall ? 5 : 50
    for (const build of bench.builds) for (const place of bench.places) await measure(bench, build, place, count)
  },
}

async function measure(bench: Bench, build: Build, place: Place, count: number): Promise<void> {
  const site = await BenchSite.make(build, place)
  const launcher = site.start(['launch', '--persistent', '--quiet', '--slots', '2'])
  const driver = site.start(['results', '--follow', '--cursor', 'cursor', '--file', 'job.out'])
  try {
    readLines(launcher, () => {})
    const ends = new Ends(driver)
    const own: Delays[] = []
    const bare: Delays[] = []
    const client = await openSite(site.root)
    // The first rounds find everything cold.
    for (let round = -3; round < count; round++) {
      const begun = now()
      const job = await client.spawn({ name: `job${round + 3}`, application: 'clock' })
      const { ranAt, seenAt } = await ends.of(job.id)
      const bareDelays = await startBare()
      if (round >= 0) {
        own.push({ start: ranAt - begun, end: seenAt - ranAt })
        bare.push(bareDelays)
      }
      // Not always at the same moment of anybody's timer.
      await sleep(20 + Math.random() * 60)
    }
    await client.close()
    const where = `${build.name} on ${place.name}`
    report(
      bench,
      `${where}, spawn to running`,
      own.map(({ start }) => start),
      bare.map(({ start }) => start),
    )
    report(
      bench,
      `${where}, running to its end seen`,
      own.map(({ end }) => end),
      bare.map(({ end }) => end),
    )
  } finally {
    await Promise.all([endCommand(launcher), endCommand(driver)])
  }
}

function report(bench: Bench, what: string, samples: readonly number[], bare: readonly number[]): void {
  bench.report(makeFigure({ what, samples }, 'ms', { what: 'child_process.spawn', samples: bare }, BUDGET))
  const tail = quantile(samples, 0.9)
  const bareTail = { what: 'child_process.spawn, 90%', samples: [quantile(bare, 0.9)] }
  bench.report(makeFigure({ what: `${what}, 90%`, samples: [tail] }, 'ms', bareTail, BUDGET))
  bench.report(makeFigure({ what: `${what}, worst of ${samples.length}`, samples: [Math.max(...samples)] }, 'ms'))
}

interface SeenEnd {
  /** When the job's program told the time, on the wall clock of this machine. */
  readonly ranAt: number
  readonly seenAt: number
}

/** The ends that `bjob results --follow` prints. */
class Ends {
  readonly #seen = new Map<string, SeenEnd>()
  readonly #waiting = new Map<string, (end: SeenEnd) => void>()
  readonly #exited: Promise<never>

  constructor(driver: ChildProcess) {
    this.#exited = new Promise((_, reject) => {
      driver.once('exit', () => reject(new Error('bjob results ended')))
    })
    this.#exited.catch(() => {})
    readLines(driver, (line) => {
      const seenAt = now()
      const { id, content } = JSON.parse(line) as { id: string; content: string }
      const end = { ranAt: Number(content) / 1e6, seenAt }
      this.#seen.set(id, end)
      this.#waiting.get(id)?.(end)
    })
  }

  async of(id: string): Promise<SeenEnd> {
    const end = this.#seen.get(id)
    if (end !== undefined) return end
    return Promise.race([this.#exited, new Promise<SeenEnd>((resolve) => this.#waiting.set(id, resolve))])
  }
}

async function startBare(): Promise<Delays> {
  const begun = now()
  const child = spawn('date', ['+%s%N'], { stdio: ['ignore', 'pipe', 'inherit'] })
  let output = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
  })
  await new Promise((resolve) => child.once('close', resolve))
  const ranAt = Number(output) / 1e6
  return { start: ranAt - begun, end: now() - ranAt }
}

/** The wall clock, finer than a millisecond. */
function now(): number {
  return performance.timeOrigin + performance.now()
}

/**
 * The gain of a driver from one `bjob session`: calls a second against a process each, and the
 * delay until it gets an end.
 */
import type { ChildProcess } from 'node:child_process'
import { sleep } from '../../src/lib/sleep.ts'
import { endCommand, readLines } from './bench-command.ts'
import { BenchSite } from './bench-site.ts'
import { type Contestant, compete } from './contest.ts'
import { type Bench, type Build, type Place, type Scenario, atMost, makeFigure } from './scenario.ts'
import { quantile } from './statistics.ts'

export const session: Scenario = {
  name: 'session',
  about: 'calls a second to one bjob session, against a bjob process each; exit to the line that the driver reads',
  async run(bench) {
    for (const build of bench.builds)
      for (const place of bench.places) {
        await measureCalls(bench, build, place)
        await measureEnds(bench, build, place)
      }
  },
}

type Request = Readonly<Record<string, unknown>>

interface Message {
  readonly id?: number
  readonly of?: number
  readonly end?: { readonly id: string; readonly content: string }
  readonly error?: unknown
}

/** The driver's end of a session. */
class Session {
  readonly #child: ChildProcess
  readonly #waiting = new Map<number, () => void>()
  #count = 0
  #failure: unknown
  onEnd: (id: string, content: string) => void = () => {}

  constructor(site: BenchSite) {
    this.#child = site.start(['session'])
    readLines(this.#child, (line) => {
      const message = JSON.parse(line) as Message
      if (message.error !== undefined) this.#failure = message.error
      if (message.end !== undefined) this.onEnd(message.end.id, message.end.content)
      if (message.id !== undefined) this.#waiting.get(message.id)?.()
    })
  }

  /** Writes all, then waits for all replies. */
  async ask(requests: readonly Request[]): Promise<void> {
    const replies = requests.map((request) => {
      const id = ++this.#count
      this.#child.stdin?.write(`${JSON.stringify({ ...request, id })}\n`)
      return new Promise<void>((resolve) => this.#waiting.set(id, resolve))
    })
    await Promise.all(replies)
    if (this.#failure !== undefined) throw new Error(JSON.stringify(this.#failure))
  }

  /** Asks for ends as they happen; its reply comes when it is over. */
  follow(): void {
    this.#child.stdin?.write('{"op": "results", "id": "ends", "file": "job.out"}\n')
  }

  async close(): Promise<void> {
    await endCommand(this.#child)
  }
}

async function measureCalls(bench: Bench, build: Build, place: Place): Promise<void> {
  const site = await BenchSite.make(build, place)
  const one = new Session(site)
  const [apart, together, alone] = bench.isSmall ? [5, 20, 2] : [200, 2000, 20]
  let born = 0
  const spawn = (): Request => ({ op: 'spawn', job: { application: 'none', name: `job${born++}` } })
  const perSecond = async (count: number, work: () => Promise<unknown>): Promise<number> => {
    const begun = performance.now()
    await work()
    return (count / (performance.now() - begun)) * 1000
  }
  const where = `${build.name} on ${place.name}`
  const contestants: Contestant[] = [
    {
      what: 'bjob spawn, a process each',
      run: () =>
        perSecond(alone, async () => {
          for (let count = 0; count < alone; count++)
            await site.run(['spawn', '--app', 'none', '--name', `job${born++}`])
        }),
    },
    {
      what: `${where}, spawn, each after the reply to the last`,
      run: () =>
        perSecond(apart, async () => {
          for (let count = 0; count < apart; count++) await one.ask([spawn()])
        }),
    },
    {
      what: `${where}, spawn, ${together} written at once`,
      run: () => perSecond(together, () => one.ask(Array.from({ length: together }, spawn))),
    },
    {
      what: `${where}, get, each after the reply to the last`,
      run: () =>
        perSecond(apart, async () => {
          for (let count = 0; count < apart; count++) await one.ask([{ op: 'get', job: 'default/job0' }])
        }),
    },
  ]
  try {
    const [processes, ...others] = await compete(contestants, bench.isSmall ? 1 : 5)
    for (const series of others) bench.report(makeFigure(series, 'calls/s', processes))
  } finally {
    await one.close()
  }
}

async function measureEnds(bench: Bench, build: Build, place: Place): Promise<void> {
  const site = await BenchSite.make(build, place)
  const launcher = site.start(['launch', '--persistent', '--quiet', '--slots', '2'])
  readLines(launcher, () => {})
  const driver = new Session(site)
  const delays: number[] = []
  try {
    driver.follow()
    // The first rounds find everything cold.
    for (let round = -3; round < (bench.isSmall ? 3 : 50); round++) {
      const name = `clock${round + 3}`
      const seen = new Promise<number>((resolve) => {
        driver.onEnd = (id, content) => {
          // The job has told the time, in nanoseconds of the wall clock, and then ended.
          if (id === `default/${name}`) resolve(performance.timeOrigin + performance.now() - Number(content) / 1e6)
        }
      })
      await driver.ask([{ op: 'spawn', job: { application: 'clock', name } }])
      const delay = await seen
      if (round >= 0) delays.push(delay)
      await sleep(20 + Math.random() * 60)
    }
  } finally {
    await Promise.all([endCommand(launcher), driver.close()])
  }
  const what = `${build.name} on ${place.name}, running to the line of its end`
  bench.report(makeFigure({ what, samples: delays }, 'ms', undefined, atMost(50)))
  bench.report(makeFigure({ what: `${what}, 90%`, samples: [quantile(delays, 0.9)] }, 'ms', undefined, atMost(50)))
}

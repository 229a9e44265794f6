/**
 * How many calls that change or look up a name a job costs from birth to end: the difference of two
 * sizes, so that what a command costs cancels out.
 */
import path from 'node:path'
import { hasCommand } from '../../src/lib/process/run-command.ts'
import { runToEnd } from './bench-command.ts'
import { BenchSite, recordLines } from './bench-site.ts'
import { type NameCall, countByCall, readTrace, tracedWords } from './name-trace.ts'
import { type Bench, type Build, type Place, type Scenario, atMost, makeFigure } from './scenario.ts'

const PHASES = ['born', 'claimed', 'started', 'ended', 'other'] as const
type Phase = (typeof PHASES)[number]
type PhaseCalls = Readonly<Record<Phase, readonly NameCall[]>>

export const nameCalls: Scenario = {
  name: 'name-calls',
  about: "file-system calls that change or look up a name, a job: by strace, of bjob's own processes",
  async run(bench) {
    if (!hasCommand('strace')) return bench.lacks('strace')
    const [place] = bench.places
    if (place === undefined) return
    const sizes = bench.isSmall ? ([10, 40] as const) : ([100, 10_000] as const)
    for (const build of bench.builds) await measure(bench, build, place, sizes)
  },
}

async function measure(
  bench: Bench,
  build: Build,
  place: Place,
  [few, many]: readonly [number, number],
): Promise<void> {
  const small = await traceJobs(build, place, few)
  const large = await traceJobs(build, place, many)
  const perJob = (count: (calls: PhaseCalls) => number): number => (count(large) - count(small)) / (many - few)
  const what = `${build.name}: calls a job, between ${few} and ${many} jobs`
  const total = perJob((calls) => PHASES.reduce((sum, phase) => sum + calls[phase].length, 0))
  bench.report(makeFigure({ what, samples: [total] }, 'calls/job', undefined, atMost(25)))
  for (const phase of PHASES) {
    const sample = perJob((calls) => calls[phase].length)
    const kinds = [...countByCall(large[phase]).keys()]
      .map((call) => ({ call, count: perJob((calls) => countByCall(calls[phase]).get(call) ?? 0) }))
      .filter(({ count }) => count >= 0.005)
      .map(({ call, count }) => `${call} ${Number(count.toFixed(2))}`)
    bench.report(makeFigure({ what: `${what}, ${phase}: ${kinds.join(', ')}`, samples: [sample] }, 'calls/job'))
  }
  bench.report(
    makeFigure(
      {
        what: `${build.name}: calls in all with ${few} jobs`,
        samples: [PHASES.reduce((sum, phase) => sum + small[phase].length, 0)],
      },
      'calls',
    ),
  )
}

async function traceJobs(build: Build, place: Place, count: number): Promise<PhaseCalls> {
  const site = await BenchSite.make(build, place)
  const trace = async (args: readonly string[], input: string): Promise<NameCall[]> => {
    const file = path.join(place.folder, `${path.basename(site.root)}-${args[0] ?? ''}.strace`)
    await runToEnd(tracedWords(site.words(args), file), { ...site.options, input })
    return readTrace(file, site.root)
  }
  const spawned = await trace(['spawn', '--from', '-'], recordLines(count, 'none'))
  const launched = await trace(['launch', '--quiet', '--idle-seconds', '1'], '')
  await site.lastEndMs()
  return { born: spawned, ...splitByPhase(launched) }
}

/**
 * A job is claimed until its output is opened, started with that and what its process does before
 * exec, and ended with all that follows.
 */
function splitByPhase(calls: readonly NameCall[]): Readonly<Record<Exclude<Phase, 'born'>, NameCall[]>> {
  const phases = {
    claimed: [] as NameCall[],
    started: [] as NameCall[],
    ended: [] as NameCall[],
    other: [] as NameCall[],
  }
  const started = new Set<string>()
  for (const call of calls) {
    const folder = /^jobs\/[^/]+\/[^/]+/.exec(call.path)?.[0]
    if (folder === undefined) phases.other.push(call)
    else if (call.isChild || call.path.endsWith('/job.out')) {
      phases.started.push(call)
      started.add(folder)
    } else if (started.has(folder)) phases.ended.push(call)
    else phases.claimed.push(call)
  }
  return phases
}

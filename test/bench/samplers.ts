/**
 * The samplers against Optuna's: medians of the best value found, over seeds, with one and with
 * eight points pending. One table on standard output; progress on standard error. `--no-optuna`,
 * `--seeds N`, `--evaluations N`, `--only PROBLEM`.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { parseArgs } from 'node:util'
import { RandomStream } from '../../src/lib/random-stream.ts'
import { createSampler, SAMPLER_NAMES, type SamplerName } from '../../src/search/samplers/create-sampler.ts'
import type { Trial } from '../../src/search/samplers/trial-history.ts'
import { parseSpace } from '../../src/search/space/space.ts'
import { PROBLEMS, type Problem } from './samplers-problems.ts'

// From the repository's root, where npm runs its scripts: this file is bundled and has no place of
// its own.
const OPTUNA_SCRIPT = 'test/bench/samplers-optuna.py'

/** A search of either side, one point at a time. */
interface Contestant {
  ask(): Promise<Trial>
  /** Undefined: it failed. */
  tell(id: number, value: number | undefined): void
}

interface Side {
  readonly name: string
  start(problem: Problem, seed: number): Contestant
}

const { values: options } = parseArgs({
  options: {
    seeds: { type: 'string', default: '20' },
    evaluations: { type: 'string', default: '100' },
    only: { type: 'string' },
    sides: { type: 'string' },
    'no-optuna': { type: 'boolean', default: false },
    python: { type: 'string', default: '/usr/bin/python3' },
  },
})
const evaluations = Number(options.evaluations)
const seeds = Array.from({ length: Number(options.seeds) }, (_, seed) => seed)

function makeOwnSide(name: SamplerName): Side {
  return {
    name,
    start: (problem, seed) => {
      const sampler = createSampler(parseSpace(problem.space), name, { seed, evaluations })
      return {
        ask: async () => {
          const [trial] = sampler.ask(1)
          if (!trial) throw new Error(`${name} has no more points on ${problem.name}`)
          return trial
        },
        tell: (id, value) => sampler.tell(id, value === undefined ? { kind: 'failed' } : { kind: 'value', value }),
      }
    },
  }
}

async function startOptuna(): Promise<{ sides: Side[]; stop: () => Promise<void> }> {
  const child = spawn(options.python, [OPTUNA_SCRIPT], { stdio: ['pipe', 'pipe', 'inherit'] })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const send = (request: object): void => void child.stdin.write(`${JSON.stringify(request)}\n`)
  const sides = ['random', 'tpe', 'tpe-multivariate'].map((name) => ({
    name: `Optuna ${name}`,
    start: (problem: Problem, seed: number): Contestant => {
      send({ start: name, seed, parameters: problem.space.parameters })
      return {
        ask: async () => {
          send({ ask: 1 })
          const line = await lines.next()
          if (line.done) throw new Error('Optuna ended early')
          return JSON.parse(line.value) as Trial
        },
        tell: (id, value) => send({ tell: id, value: value ?? null }),
      }
    },
  }))
  const stop = async (): Promise<void> => {
    child.stdin.end()
    await once(child, 'exit')
  }
  return { sides, stop }
}

/**
 * Runs one search with `width` points pending, of which the oldest always ends first; returns the
 * best value found.
 */
async function search(problem: Problem, contestant: Contestant, width: number, seed: number): Promise<number> {
  const chances = new RandomStream(`chances ${seed}`)
  const pending: Trial[] = []
  let best = Infinity
  for (let asked = 0; asked < evaluations || pending.length > 0;) {
    while (pending.length < width && asked < evaluations) {
      pending.push(await contestant.ask())
      asked++
    }
    const trial = pending.shift()
    if (!trial) break
    const value = problem.evaluate(trial.point, chances.uniform())
    best = Math.min(best, value ?? Infinity)
    contestant.tell(trial.id, value)
  }
  return best
}

function median(values: readonly number[]): number {
  const sorted = [...values].sort((one, other) => one - other)
  const middle = sorted.length >> 1
  return sorted.length % 2 ? (sorted[middle] ?? NaN) : ((sorted[middle - 1] ?? NaN) + (sorted[middle] ?? NaN)) / 2
}

const optuna = options['no-optuna'] ? undefined : await startOptuna()
const own = SAMPLER_NAMES.filter((name) => !options.sides || options.sides.split(',').includes(name))
const sides = [...own.map(makeOwnSide), ...(optuna?.sides ?? [])]
process.stdout.write(`median of the best of ${evaluations} evaluations above the optimum, ${seeds.length} seeds\n\n`)
process.stdout.write(
  `| problem | pending | ${sides.map(({ name }) => name).join(' | ')} |\n|---|---|${'---|'.repeat(sides.length)}\n`,
)
const milliseconds = new Map<string, number>()
let searches = 0
for (const problem of PROBLEMS) {
  if (options.only && !options.only.split(',').includes(problem.name)) continue
  for (const width of [1, 8]) {
    const cells: string[] = []
    for (const side of sides) {
      const started = performance.now()
      const bests: number[] = []
      for (const seed of seeds) bests.push(await search(problem, side.start(problem, seed), width, seed))
      milliseconds.set(side.name, (milliseconds.get(side.name) ?? 0) + performance.now() - started)
      cells.push(median(bests).toPrecision(3))
    }
    searches++
    process.stdout.write(`| ${problem.name} | ${width} | ${cells.join(' | ')} |\n`)
  }
}
const costs = sides.map(({ name }) =>
  ((milliseconds.get(name) ?? 0) / (searches * seeds.length * evaluations)).toFixed(1),
)
process.stdout.write(`| ms an evaluation | | ${costs.join(' | ')} |\n`)
await optuna?.stop()

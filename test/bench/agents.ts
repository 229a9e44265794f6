/**
 * Serial jobs a second in a Slurm allocation: through bjob's agents, one a node, against an srun
 * for each. It needs a login node's shell; test/cluster/slurm makes one.
 */
import { hasCommand, runCommand } from '../../src/lib/process/run-command.ts'
import { BenchSite } from './bench-site.ts'
import { runToEnd } from './bench-command.ts'
import { type Contestant, compete } from './contest.ts'
import { type Bench, type Scenario, makeFigure } from './scenario.ts'

/** Both start as many at once on a node: what the rig's nodes have cores. */
const AT_ONCE = 4
const ANSWER_MS = 20_000

export const agents: Scenario = {
  name: 'agents',
  about: 'serial jobs a second on a node of a Slurm allocation, by agents against an srun each',
  async run(bench) {
    if (!hasCommand('salloc') || (await runCommand(['sinfo'], ANSWER_MS)).code !== 0)
      return bench.note('no Slurm answers here; test/cluster/slurm starts one')
    for (const nodes of bench.isSmall ? [1] : [1, 4]) await measure(bench, nodes)
  },
}

async function measure(bench: Bench, nodes: number): Promise<void> {
  const place = bench.places.at(-1)
  if (place === undefined) return
  // Where a cluster that is not the machine's own is found.
  const configuration = process.env['SLURM_CONF']
  const environment = configuration === undefined ? {} : { SLURM_CONF: configuration }
  const words = ['salloc', '--quiet', `--nodes=${nodes}`, '--exclusive', 'sh', '-c']
  const onNodes = nodes === 1 ? 'on 1 node' : `on each of ${nodes} nodes`
  const [slow, fast] = bench.isSmall ? [20, 60] : [60, 300]
  const srun: Contestant = {
    what: `an srun each ${onNodes}`,
    run: async () => {
      const one = 'srun --nodes=1 --ntasks=1 --overlap --mem=0 --cpu-bind=none true'
      // The time that salloc takes is nobody's.
      const script = `date +%s%N; seq ${slow * nodes} | xargs -P${AT_ONCE * nodes} -I{} ${one}; date +%s%N`
      const { stdout } = await runToEnd([...words, script], { environment })
      const [begin = NaN, end = NaN] = stdout.split('\n').map(Number)
      return slow / ((end - begin) / 1e9)
    },
  }
  const own = bench.builds.map((build): Contestant => ({
    what: `${build.name} ${onNodes}, its launcher's start included`,
    run: async () => {
      const site = await BenchSite.make({ ...build, environment }, place)
      await site.spawnMany(fast * nodes, 'none')
      const launch = site.words(['launch', '--quiet', '--idle-seconds', '0.1', '--slots', String(AT_ONCE)])
      const { stdout } = await runToEnd([...words, 'date +%s%N; exec "$@"', 'sh', ...launch], site.options)
      return fast / ((await site.lastEndMs()) / 1000 - Number.parseInt(stdout, 10) / 1e9)
    },
  }))
  const [first, ...others] = await compete([srun, ...own], bench.isSmall ? 1 : 3)
  if (first === undefined) return
  bench.report(makeFigure(first, 'jobs/s'))
  for (const series of others) bench.report(makeFigure(series, 'jobs/s', first))
}

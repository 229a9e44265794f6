/**
 * Reads the nodes of a Slurm job, or of the step that this process runs in, from the output
 * environment variables of sbatch(1) and srun(1).
 */
import { readVisibleGpus } from './gpu.ts'
import { expandHostList } from '../hostlist.ts'
import {
  type AllocatedNode,
  type DetectedAllocation,
  type AllocationTexts,
  type Environment,
  badAllocation,
  parseCount,
  readVariable,
} from './scheduler.ts'
import { countOf } from '../../lib/text/count-of.ts'

/**
 * Special steps, such as salloc's interactive shell, have the highest ids and stand for the whole
 * job.
 */
const FIRST_SPECIAL_STEP = 0xff_ff_ff_f0

/** Prints one line per node: name, CPUs, sockets, cores per socket, threads per core. */
export function nodeSizesCommand(nodeList: string): readonly string[] {
  return ['sinfo', '--noheader', '--Node', `--nodes=${nodeList}`, '--format=%n|%c|%X|%Y|%Z']
}

export function readJobId(env: Environment): string | undefined {
  return readVariable(env, 'SLURM_JOB_ID') ?? readVariable(env, 'SLURM_JOBID')
}

export function readNodeList(env: Environment): string | undefined {
  return readVariable(env, 'SLURM_JOB_NODELIST') ?? readVariable(env, 'SLURM_NODELIST')
}

/**
 * @param texts `output` is that of `nodeSizesCommand`; without it, a CPU may be a hardware thread
 */
export function readSlurmAllocation(env: Environment, texts: AllocationTexts): DetectedAllocation {
  const schedulerId = readJobId(env)
  const names = expandHostList(readNodeList(env) ?? '')
  if (names.length === 0) throw badAllocation('slurm', 'SLURM_JOB_NODELIST names no node')
  const cpus = expandCounts(env, 'SLURM_JOB_CPUS_PER_NODE', names.length)
  const cpusPerCore = parseCpusPerCore(texts.output ?? '')
  const gpus = readGpusPerNode(env)
  const visible = readVisibleGpus(env)
  const end = parseCount(readVariable(env, 'SLURM_JOB_END_TIME'))
  const part = readPart(env)
  const nodes = names.flatMap((name, at): AllocatedNode[] => {
    if (part !== undefined && !part.names.includes(name)) return []
    const ofJob = cpus?.[at]
    const own = part === undefined ? ofJob : Math.min(ofJob ?? Infinity, part.cpus)
    const perCore = cpusPerCore.get(name)
    const memoryMiB = readMemory(env, own)
    return [
      {
        name,
        ...(own !== undefined && Number.isFinite(own) && { cores: Math.max(1, Math.floor(own / (perCore ?? 1))) }),
        ...(perCore !== undefined && { cpusPerCore: perCore }),
        ...(gpus !== undefined && { gpus }),
        ...(memoryMiB !== undefined && { memoryMiB }),
      },
    ]
  })
  // Only this node's environment is known; other nodes of a shared allocation may have other
  // devices.
  if (nodes[0] !== undefined && visible !== undefined && visible.length === gpus)
    nodes[0] = { ...nodes[0], gpuIds: visible }
  return {
    ...(schedulerId !== undefined && { schedulerId }),
    nodes,
    // slurmd sets it in all its processes, to the node name in slurm.conf; a shell of salloc has
    // none.
    head: names.find((name) => name === readVariable(env, 'SLURMD_NODENAME')) ?? null,
    ...(end !== undefined && { endEpochSeconds: end }),
  }
}

interface Part {
  readonly names: readonly string[]
  /** On each of these nodes. */
  readonly cpus: number
}

/**
 * The step's part of the job. In a step with several tasks, each a launcher, a task's share of its
 * node.
 */
function readPart(env: Environment): Part | undefined {
  const step = readVariable(env, 'SLURM_STEP_ID')
  const list = readVariable(env, 'SLURM_STEP_NODELIST')
  if (step === undefined || list === undefined || Number(step) >= FIRST_SPECIAL_STEP) return undefined
  const names = expandHostList(list)
  const cpus = parseCount(readVariable(env, 'SLURM_CPUS_ON_NODE')) ?? Infinity
  if ((parseCount(readVariable(env, 'SLURM_STEP_NUM_TASKS')) ?? 1) === 1) return { names, cpus }
  const at = names.indexOf(readVariable(env, 'SLURMD_NODENAME') ?? '')
  if (at === -1) throw badAllocation('slurm', 'SLURMD_NODENAME is not in SLURM_STEP_NODELIST')
  const tasks = expandCounts(env, 'SLURM_STEP_TASKS_PER_NODE', names.length)?.[at] ?? 1
  return { names: names.slice(at, at + 1), cpus: Math.max(1, Math.floor(cpus / tasks)) }
}

/**
 * Expands `72(x2),36` to 72, 72, 36 (sbatch(1), SLURM_JOB_CPUS_PER_NODE) and checks the number of
 * nodes.
 */
function expandCounts(env: Environment, name: string, nodes: number): number[] | undefined {
  const text = readVariable(env, name)
  if (text === undefined) return undefined
  const counts: number[] = []
  for (const part of text.split(',')) {
    const match = /^(\d+)(?:\(x(\d+)\))?$/.exec(part.trim())
    const repeated = Number(match?.[2] ?? 1)
    if (match === null || repeated > nodes) throw badAllocation('slurm', `${name} is '${text}'`)
    for (let times = 0; times < repeated; times++) counts.push(Number(match[1]))
  }
  if (counts.length !== nodes) {
    const list = name.startsWith('SLURM_STEP') ? 'SLURM_STEP_NODELIST' : 'SLURM_JOB_NODELIST'
    throw badAllocation('slurm', `${name} has ${countOf(counts.length, 'node')}, ${list} ${nodes}`)
  }
  return counts
}

/**
 * Slurm's CPUs per core, by node. A node may be configured with one CPU per core, whatever its
 * threads.
 */
function parseCpusPerCore(output: string): Map<string, number> {
  const found = new Map<string, number>()
  for (const line of output.split('\n')) {
    const [name = '', ...sizes] = line.trim().split('|')
    const [cpus = 0, sockets = 0, cores = 0, threads = 0] = sizes.map((size) => parseCount(size) ?? 0)
    const isThreads = threads > 1 && cpus > sockets * cores
    if (cpus > 0 && sockets * cores > 0) found.set(name, isThreads ? threads : 1)
  }
  return found
}

/** `4`, `a100:4` or `a100:2,h100:2`; a plain count on the batch node. */
function readGpusPerNode(env: Environment): number | undefined {
  const onNode = parseCount(readVariable(env, 'SLURM_GPUS_ON_NODE'))
  if (onNode !== undefined) return onNode
  const ids = readVariable(env, 'SLURM_JOB_GPUS')
  if (ids !== undefined) return ids.split(',').length
  const asked = readVariable(env, 'SLURM_GPUS_PER_NODE')
  if (asked === undefined) return undefined
  const counts = asked.split(',').map((part) => parseCount(part.split(':').at(-1)) ?? 0)
  return counts.reduce((sum, count) => sum + count, 0)
}

/** MiB as requested from sbatch. `--mem=0` means all memory of a node and gives no number. */
function readMemory(env: Environment, cpus: number | undefined): number | undefined {
  const perNode = parseCount(readVariable(env, 'SLURM_MEM_PER_NODE'))
  if (perNode !== undefined) return perNode
  const perCpu = parseCount(readVariable(env, 'SLURM_MEM_PER_CPU'))
  return perCpu === undefined || cpus === undefined || !Number.isFinite(cpus) ? undefined : perCpu * cpus
}

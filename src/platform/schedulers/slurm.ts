/** Slurm: sbatch(1), squeue(1), scancel(1) and the output environment variables of sbatch(1). */
import { readVisibleGpus } from './gpu.ts'
import { expandHostList } from '../hostlist.ts'
import {
  type AllocatedNode,
  type BatchState,
  type BatchStatus,
  type Environment,
  type Scheduler,
  badAllocation,
  badOutput,
  completeStatus,
  parseCount,
  readVariable,
} from './scheduler.ts'
import { formatWalltime, parseWalltime } from './walltime.ts'

/** squeue(1), JOB STATE CODES. What is not here has ended. */
const STATES: Readonly<Record<string, BatchState>> = {
  PENDING: 'queued',
  REQUEUED: 'queued',
  REQUEUE_HOLD: 'queued',
  REQUEUE_FED: 'queued',
  RESV_DEL_HOLD: 'queued',
  SPECIAL_EXIT: 'queued',
  CONFIGURING: 'running',
  COMPLETING: 'running',
  RESIZING: 'running',
  RUNNING: 'running',
  SIGNALING: 'running',
  STAGE_OUT: 'running',
  STOPPED: 'running',
  SUSPENDED: 'running',
}

export const slurm: Scheduler = {
  name: 'slurm',
  directivePrefix: '#SBATCH',
  isInside: (env) => readJobId(env) !== undefined && readNodeList(env) !== undefined,
  isInstalled: (has) => has('sbatch'),
  allocationSources: () => ({}),

  readAllocation(env) {
    const schedulerId = readJobId(env)
    const names = expandHostList(readNodeList(env) ?? '')
    if (names.length === 0) throw badAllocation('slurm', 'SLURM_JOB_NODELIST names no node')
    const cores = expandCounts(readVariable(env, 'SLURM_JOB_CPUS_PER_NODE'), names.length)
    const gpus = readGpusPerNode(env)
    const visible = readVisibleGpus(env)
    const end = parseCount(readVariable(env, 'SLURM_JOB_END_TIME'))
    const nodes = names.map((name, at): AllocatedNode => {
      const memoryMiB = readMemory(env, cores?.[at])
      return {
        name,
        ...(cores?.[at] !== undefined && { cores: cores[at] }),
        ...(gpus !== undefined && { gpus }),
        // Only the batch node's environment is known here; another node of a shared allocation may hold other devices.
        ...(at === 0 && visible?.length === gpus && visible !== undefined && { gpuIds: visible }),
        ...(memoryMiB !== undefined && { memoryMiB }),
      }
    })
    return {
      ...(schedulerId !== undefined && { schedulerId }),
      nodes,
      // slurmd sets it for all that it starts, to the node's name in slurm.conf; salloc's shell stays where it was.
      head: names.find((name) => name === readVariable(env, 'SLURMD_NODENAME')) ?? null,
      ...(end !== undefined && { endEpochSeconds: end }),
    }
  },

  timeLeftCommand: (id) => ['squeue', '--noheader', `--jobs=${id}`, '--format=%L'],

  parseTimeLeft(output) {
    const text = output.trim()
    if (text === 'INVALID') return 0
    if (text === '' || text === 'NOT_SET') throw badOutput('slurm', 'the time left', output)
    return parseWalltime(text)
  },

  submitCommand: (scriptPath) => ({ args: ['sbatch', '--parsable', scriptPath] }),

  parseSubmitted(output) {
    // Plug-ins of a site print advice before the id; with --parsable the id is `12345` or `12345;cluster`.
    const id = output.split('\n').map((line) => /^(\d+)(?:;\S+)?$/.exec(line.trim())?.[1])
    const found = id.findLast((match) => match !== undefined)
    if (found === undefined) throw badOutput('slurm', "the new job's id", output)
    return found
  },

  statusCommand: (ids) => ['squeue', '--noheader', '--states=all', '--format=%i|%T', `--jobs=${ids.join(',')}`],

  parseStatus(output, ids) {
    const found = new Map<string, BatchStatus>()
    for (const line of output.split('\n')) {
      const [id, raw] = line.trim().split('|')
      if (id !== undefined && raw !== undefined) found.set(id, { state: STATES[raw] ?? 'ended', raw })
    }
    return completeStatus(found, ids)
  },

  cancelCommand: (ids) => ['scancel', ...ids],
  formatLimit: formatWalltime,
}

function readJobId(env: Environment): string | undefined {
  return readVariable(env, 'SLURM_JOB_ID') ?? readVariable(env, 'SLURM_JOBID')
}

function readNodeList(env: Environment): string | undefined {
  return readVariable(env, 'SLURM_JOB_NODELIST') ?? readVariable(env, 'SLURM_NODELIST')
}

/** `72(x2),36` is 72, 72, 36 (sbatch(1), SLURM_JOB_CPUS_PER_NODE); it has to fit the number of nodes. */
function expandCounts(text: string | undefined, nodes: number): number[] | undefined {
  if (text === undefined) return undefined
  const counts: number[] = []
  for (const part of text.split(',')) {
    const match = /^(\d+)(?:\(x(\d+)\))?$/.exec(part.trim())
    const repeated = Number(match?.[2] ?? 1)
    if (match === null || repeated > nodes) throw badAllocation('slurm', `SLURM_JOB_CPUS_PER_NODE is '${text}'`)
    for (let times = 0; times < repeated; times++) counts.push(Number(match[1]))
  }
  if (counts.length !== nodes) {
    throw badAllocation('slurm', `SLURM_JOB_CPUS_PER_NODE has ${counts.length} nodes, SLURM_JOB_NODELIST ${nodes}`)
  }
  return counts
}

/** `4`, `a100:4` or `a100:2,h100:2`, and on the batch node a plain count. */
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

/** MiB, as sbatch was asked for it; `--mem=0` means all of a node and tells no number. */
function readMemory(env: Environment, cores: number | undefined): number | undefined {
  const perNode = parseCount(readVariable(env, 'SLURM_MEM_PER_NODE'))
  if (perNode !== undefined) return perNode
  const perCore = parseCount(readVariable(env, 'SLURM_MEM_PER_CPU'))
  return perCore === undefined || cores === undefined ? undefined : perCore * cores
}

/** OpenPBS and PBS Professional (Polaris, Aurora): qsub(1B), qstat(1B), pbs_job_attributes(7B). */
import { readVisibleGpus } from './gpu.ts'
import {
  type BatchState,
  type BatchStatus,
  type Scheduler,
  badAllocation,
  badOutput,
  completeStatus,
  countHosts,
  parseCount,
  readVariable,
  quoteDirective,
} from './scheduler.ts'
import { formatHours, parseWalltime } from './walltime.ts'

/** pbs_job_attributes(7B), job_state; C is Torque's `completed`. */
const STATES: Readonly<Record<string, BatchState>> = {
  Q: 'queued',
  H: 'queued',
  W: 'queued',
  T: 'queued',
  M: 'unknown',
  B: 'running',
  R: 'running',
  S: 'running',
  U: 'running',
  E: 'running',
  F: 'ended',
  X: 'ended',
  C: 'ended',
}

export const pbs: Scheduler = {
  name: 'pbs',
  directivePrefix: '#PBS',
  variables: {
    id: ['PBS_JOBID'],
    names: /^PBS_\w+$/,
    plainNames: /^(?:NCPUS|ENVIRONMENT)$/,
    configuration: /^PBS_(?:CONF_\w+|EXEC|HOME|SERVER|DEFAULT|PRIMARY|AUTH_METHOD|DPREFIX|CLIENTRETRY)$/,
    task: /^PBS_(?:TASKNUM|NODENUM)$/,
  },
  formatOutput: (path) => (path.includes('^array_index^') ? undefined : quoteDirective(path)),
  // Cobalt has PBS's commands but not this variable; detection tries Cobalt first anyway.
  isInside: (env) => readVariable(env, 'PBS_JOBID') !== undefined,
  isInstalled: (has) => has('qsub') && has('pbsnodes'),

  allocationSources(env) {
    const nodeFilePath = readVariable(env, 'PBS_NODEFILE')
    return nodeFilePath === undefined ? {} : { nodeFilePath }
  },

  readAllocation(env, texts) {
    const schedulerId = readVariable(env, 'PBS_JOBID')
    const hosts = countHosts(texts.nodeFile ?? texts.hostName)
    if (hosts.size === 0) throw badAllocation('pbs', 'PBS_NODEFILE names no host')
    // NCPUS is 1 both for one processor and for qsub's default chunk on a whole node, so only
    // larger values count.
    const ncpus = parseCount(readVariable(env, 'NCPUS'))
    const cores = ncpus !== undefined && ncpus > 1 ? ncpus : undefined
    const visible = readVisibleGpus(env)
    const nodes = [...hosts.keys()].map((name, at) => ({
      name,
      ...(cores !== undefined && { cores }),
      ...(visible !== undefined && { gpus: visible.length }),
      ...(visible !== undefined && at === 0 && { gpuIds: visible }),
    }))
    return { ...(schedulerId !== undefined && { schedulerId }), nodes }
  },

  // Plain text instead of -F json: values with quotes or leading zeros have produced invalid JSON.
  timeLeftCommand: (id) => ['qstat', '-f', id],

  parseTimeLeft(output, nowSeconds) {
    const attributes = [...parseJobs(output).values()][0]
    const limit = attributes?.get('Resource_List.walltime')
    if (attributes === undefined) throw badOutput('pbs', 'the time left', output)
    if (limit === undefined) return Infinity
    // resources_used lags by the server's polling (minutes); the start time is exact but local. The
    // longer elapsed time is the safe one.
    const used = attributes.get('resources_used.walltime')
    const started = Date.parse(attributes.get('stime') ?? '')
    const elapsed = Math.max(
      used === undefined ? 0 : parseLimit(used),
      Number.isNaN(started) ? 0 : nowSeconds - started / 1000,
    )
    return Math.max(0, parseLimit(limit) - elapsed)
  },

  submitCommand: (scriptPath) => ({ args: ['qsub', scriptPath] }),

  parseSubmitted(output) {
    const id = output.trim().split('\n').at(-1)?.trim() ?? ''
    if (!/^\d+(?:\[\d*\])?(?:\.\S+)?$/.test(id)) throw badOutput('pbs', "the new job's id", output)
    return id
  },

  statusCommand: (ids) => ['qstat', '-x', '-f', ...ids],

  parseStatus(output, ids) {
    const jobs = parseJobs(output)
    const found = new Map<string, BatchStatus>()
    for (const [id, attributes] of jobs) {
      const raw = attributes.get('job_state') ?? ''
      const status: BatchStatus = { state: STATES[raw] ?? 'unknown', raw }
      found.set(id, status)
      // qstat prints the server's full name, but the stored id may have a shorter one.
      for (const asked of ids) if (readSequence(asked) === readSequence(id)) found.set(asked, status)
    }
    return completeStatus(found, ids)
  },

  cancelCommand: (ids) => ['qdel', ...ids],
  formatLimit: formatHours,
}

/** PBS durations: `HH:MM:SS`, `MM:SS`, or a bare number of seconds (pbs_resources(7B)). */
function parseLimit(text: string): number {
  return /^\d+$/.test(text) ? Number(text) : parseWalltime(text)
}

function readSequence(id: string): string {
  return id.split('.', 1)[0] ?? id
}

/**
 * `qstat -f`: a `Job Id:` line, then `    name = value` lines; long values continue after a tab.
 */
function parseJobs(output: string): Map<string, Map<string, string>> {
  const jobs = new Map<string, Map<string, string>>()
  let attributes: Map<string, string> | undefined
  for (const line of output.replaceAll('\n\t', '').split('\n')) {
    const id = /^Job Id:\s*(\S+)/.exec(line)?.[1]
    if (id !== undefined) {
      attributes = new Map()
      jobs.set(id, attributes)
      continue
    }
    const [, name, value] = /^\s+([\w.]+) = (.*)$/.exec(line) ?? []
    if (name !== undefined && value !== undefined) attributes?.set(name, value.trim())
  }
  return jobs
}

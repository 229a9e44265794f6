/**
 * IBM Spectrum LSF (Summit and its like): bsub, bjobs with a customized format, bkill, and the
 * environment variables of a batch job.
 */
import { readVisibleGpus } from './gpu.ts'
import {
  type BatchState,
  type BatchStatus,
  type Environment,
  type Scheduler,
  badAllocation,
  badOutput,
  completeStatus,
  countHosts,
  parseCount,
  readVariable,
  quoteDirective,
} from './scheduler.ts'
import { formatMinutes, parseWalltime } from './walltime.ts'

/** bjobs, STAT. */
const STATES: Readonly<Record<string, BatchState>> = {
  PEND: 'queued',
  PSUSP: 'queued',
  WAIT: 'queued',
  FWD_PEND: 'queued',
  PROV: 'running',
  RUN: 'running',
  USUSP: 'running',
  SSUSP: 'running',
  DONE: 'ended',
  EXIT: 'ended',
  // The host is unreachable (UNKWN) or the job was killed there (ZOMBI): LSF has no result yet.
  UNKWN: 'unknown',
  ZOMBI: 'unknown',
}

export const lsf: Scheduler = {
  name: 'lsf',
  directivePrefix: '#BSUB',
  variables: {
    id: ['LSB_JOBID'],
    names: /^(?:(?:LSB|LSF|LS|CSM|JSM|BSUB)_\w+|LSFUSER)$/,
    configuration:
      /^(?:LSF_(?:ENVDIR|CONFDIR|BINDIR|LIBDIR|SERVERDIR|TOP|VERSION|CLUSTER_NAME)|LSB_(?:CONFDIR|SHAREDIR|DEFAULT\w+))$/,
    task: /^(?:JSM_\w+|LS_JOBPID)$/,
  },
  // bsub(1) replaces %J and %I and has no escape for them.
  formatOutput: (path) => (/%[JI]/.test(path) ? undefined : quoteDirective(path)),
  isInside: (env) => readVariable(env, 'LSB_JOBID') !== undefined,
  isInstalled: (has) => has('bsub'),

  allocationSources(env) {
    const nodeFilePath = readVariable(env, 'LSB_DJOB_HOSTFILE')
    return nodeFilePath === undefined ? {} : { nodeFilePath }
  },

  readAllocation(env, texts) {
    const schedulerId = readVariable(env, 'LSB_JOBID')
    const hosts = [...readSlots(env, texts.nodeFile)]
    // With IBM's job step manager, the first host is a launch node that runs only the batch script.
    const isOnLaunchNode = readVariable(env, 'CSM_ALLOCATION_ID') !== undefined && hosts.length > 1
    if (isOnLaunchNode) hosts.shift()
    if (hosts.length === 0) throw badAllocation('lsf', 'LSB_MCPU_HOSTS and LSB_DJOB_HOSTFILE name no host')
    const visible = readVisibleGpus(env)
    const nodes = hosts.map(([name, cores], at) => ({
      name,
      cores,
      ...(visible !== undefined && { gpus: visible.length }),
      ...(visible !== undefined && at === 0 && { gpuIds: visible }),
    }))
    return { ...(schedulerId !== undefined && { schedulerId }), nodes, ...(isOnLaunchNode && { head: null }) }
  },

  timeLeftCommand: (id) => ['bjobs', '-noheader', '-o', "run_time runtimelimit delimiter='|'", id],

  parseTimeLeft(output) {
    const [used, limit] = output.trim().split('|')
    if (used === undefined || limit === undefined) throw badOutput('lsf', 'the time left', output)
    if (limit.trim() === '-' || limit.trim() === '') return Infinity
    const usedSeconds = /^\s*(\d+)\s*second/.exec(used)?.[1]
    const elapsed = usedSeconds === undefined ? parseWalltime(used) : Number(usedSeconds)
    return Math.max(0, parseLimit(limit, output) - elapsed)
  },

  submitCommand: (scriptPath) => ({ args: ['bsub'], stdinPath: scriptPath }),

  parseSubmitted(output) {
    const id = /Job <(\d+)> is submitted/.exec(output)?.[1]
    if (id === undefined) throw badOutput('lsf', "the new job's id", output)
    return id
  },

  statusCommand: (ids) => ['bjobs', '-a', '-noheader', '-o', "jobid stat delimiter='|'", ...ids],

  parseStatus(output, ids) {
    const found = new Map<string, BatchStatus>()
    for (const line of output.split('\n')) {
      const [id, raw] = line.trim().split('|')
      if (id !== undefined && raw !== undefined) found.set(id, { state: STATES[raw] ?? 'unknown', raw })
    }
    return completeStatus(found, ids)
  },

  cancelCommand: (ids) => ['bkill', ...ids],

  /** `[hours:]minutes` (bsub -W); seconds are not taken. */
  formatLimit(seconds) {
    const minutes = formatMinutes(seconds)
    return `${Math.floor(minutes / 60)}:${String(minutes % 60).padStart(2, '0')}`
  },
}

/**
 * Fractional minutes, with the host of a normalized limit after a slash (`3.0/hostA`), or
 * `HH:MM:SS` if LSB_HMS_TIME_FORMAT is set.
 */
function parseLimit(text: string, output: string): number {
  const bare = text.trim().split('/', 1)[0] ?? ''
  if (/^\d+:\d+:\d+$/.test(bare)) return parseWalltime(bare)
  const minutes = /^(\d+(?:\.\d+)?)(?:\s*minute\S*)?$/.exec(bare)?.[1]
  if (minutes === undefined) throw badOutput('lsf', 'the time left', output)
  return Math.round(Number(minutes) * 60)
}

/**
 * Slots per host: `LSB_MCPU_HOSTS` is `hostA 4 hostB 4`; the host file and `LSB_HOSTS` have one
 * word per slot.
 */
function readSlots(env: Environment, nodeFile: string | undefined): Map<string, number> {
  const words = readVariable(env, 'LSB_MCPU_HOSTS')?.split(/\s+/)
  if (words === undefined) return countHosts(nodeFile ?? (readVariable(env, 'LSB_HOSTS') ?? '').split(/\s+/).join('\n'))
  const slots = new Map<string, number>()
  for (let at = 0; at < words.length; at += 2) {
    const host = words[at]
    const count = parseCount(words[at + 1])
    if (host === undefined || count === undefined) throw badAllocation('lsf', `LSB_MCPU_HOSTS is '${words.join(' ')}'`)
    slots.set(host, count)
  }
  return slots
}

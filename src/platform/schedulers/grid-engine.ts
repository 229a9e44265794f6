/**
 * Grid Engine (Son of Grid Engine, Univa/Altair, Open Cluster Scheduler): qsub(1), qstat(1) with
 * `-xml`, qdel(1), sge_pe(5).
 */
import { readVisibleGpus } from './gpu.ts'
import {
  NO_VARIABLE,
  type AllocatedNode,
  type BatchState,
  type BatchStatus,
  type Scheduler,
  badAllocation,
  badOutput,
  completeStatus,
  parseCount,
  readVariable,
  quoteDirective,
} from './scheduler.ts'
import { formatHours, parseWalltime } from './walltime.ts'

export const gridEngine: Scheduler = {
  name: 'grid-engine',
  directivePrefix: '#$',
  variables: {
    id: ['JOB_ID'],
    names: /^SGE_\w+$/,
    plainNames:
      /^(?:JOB_ID|JOB_NAME|JOB_SCRIPT|PE|PE_HOSTFILE|NHOSTS|NQUEUES|NSLOTS|QUEUE|REQNAME|REQUEST|RESTARTED|ENVIRONMENT)$/,
    configuration:
      /^SGE_(?:ROOT|CELL|CLUSTER_NAME|ARCH|QMASTER_PORT|EXECD_PORT|LONG_QNAMES|LONG_JOB_NAMES|SINGLE_LINE|DEBUG_LEVEL)$/,
    task: NO_VARIABLE,
  },
  // qsub(1) replaces $HOME, $JOB_ID and others, and a comma starts another path.
  formatOutput: (path) => (/[$,]/.test(path) ? undefined : quoteDirective(path)),
  // JOB_ID alone is ambiguous; SGE_TASK_ID is set in every job (`undefined` outside an array).
  isInside: (env) => readVariable(env, 'JOB_ID') !== undefined && readVariable(env, 'SGE_TASK_ID') !== undefined,
  isInstalled: (has) => has('qsub') && has('qconf'),

  allocationSources(env) {
    const nodeFilePath = readVariable(env, 'PE_HOSTFILE')
    return nodeFilePath === undefined ? {} : { nodeFilePath }
  },

  readAllocation(env, texts) {
    const schedulerId = readVariable(env, 'JOB_ID')
    const visible = readVisibleGpus(env) ?? readVariable(env, 'SGE_HGR_gpu')?.split(/\s+/)
    const slots = texts.nodeFile === undefined ? new Map([[texts.hostName, 1]]) : parseHostFile(texts.nodeFile)
    if (slots.size === 0) throw badAllocation('grid-engine', 'PE_HOSTFILE names no host')
    const nodes = [...slots].map(([name, cores], at): AllocatedNode => ({
      name,
      cores,
      ...(visible !== undefined && { gpus: visible.length }),
      ...(visible !== undefined && at === 0 && { gpuIds: visible }),
    }))
    return { ...(schedulerId !== undefined && { schedulerId }), nodes }
  },

  timeLeftCommand: (id) => ['qstat', '-xml', '-j', id],

  parseTimeLeft(output, nowSeconds) {
    const began = readTag(output, 'JAT_start_time')
    if (began === undefined) throw badOutput('grid-engine', 'the time left', output)
    const limit = /<CE_name>h_rt<\/CE_name>.*?<CE_stringval>([^<]+)<\/CE_stringval>/s.exec(output)?.[1]
    if (limit === undefined || limit === 'INFINITY') return Infinity
    const limitSeconds = /^\d+$/.test(limit) ? Number(limit) : parseWalltime(limit)
    return Math.max(0, limitSeconds - (nowSeconds - readEpochSeconds(began, output)))
  },

  submitCommand: (scriptPath) => ({ args: ['qsub', '-terse', scriptPath] }),

  parseSubmitted(output) {
    const id = /^(\d+)(?:\.\S+)?$/m.exec(output.trim())?.[1]
    if (id === undefined) throw badOutput('grid-engine', "the new job's id", output)
    return id
  },

  // qstat lists all waiting and running jobs of the user; a list of ids fails if one is unknown.
  statusCommand: () => ['qstat', '-xml'],

  parseStatus(output, ids) {
    const found = new Map<string, BatchStatus>()
    for (const [job] of output.matchAll(/<job_list\b.*?<\/job_list>/gs)) {
      const id = readTag(job, 'JB_job_number')
      const raw = readTag(job, 'state')
      if (id !== undefined && raw !== undefined) found.set(id, { state: readState(raw), raw })
    }
    return completeStatus(found, ids)
  },

  cancelCommand: (ids) => ['qdel', ...ids],
  formatLimit: formatHours,
}

/**
 * qstat(1): combined letters; q, w and h wait, r and t run (s, S, T suspended), d is being deleted,
 * E failed to start.
 */
function readState(raw: string): BatchState {
  if (/[rtsST]/.test(raw)) return 'running'
  return /[qwhE]/.test(raw) ? 'queued' : 'unknown'
}

function readTag(xml: string, name: string): string | undefined {
  return new RegExp(`<${name}>([^<]*)</${name}>`).exec(xml)?.[1]?.trim()
}

/** Seconds since 1970; Univa prints milliseconds, and some versions a local date. */
function readEpochSeconds(text: string, output: string): number {
  if (/^\d+$/.test(text)) return Number(text) > 1e11 ? Number(text) / 1000 : Number(text)
  const parsed = Date.parse(text)
  if (Number.isNaN(parsed)) throw badOutput('grid-engine', 'when the job began', output)
  return parsed / 1000
}

/**
 * One `host slots queue processors` per line; a host may have a line per queue (sge_pe(5),
 * pe_hostfile).
 */
function parseHostFile(text: string): Map<string, number> {
  const slots = new Map<string, number>()
  for (const [at, line] of text.split('\n').entries()) {
    if (line.trim() === '') continue
    const [host = '', count] = line.trim().split(/\s+/)
    const here = parseCount(count)
    if (here === undefined) throw badAllocation('grid-engine', `line ${at + 1} of PE_HOSTFILE is '${line.trim()}'`)
    slots.set(host, (slots.get(host) ?? 0) + here)
  }
  return slots
}

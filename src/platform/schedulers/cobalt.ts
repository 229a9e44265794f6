/**
 * Cobalt (Theta, ThetaGPU, Cooley): qsub(1), qstat(1) with `--header`, qdel(1). Retired at ALCF;
 * kept for machines that still run it.
 */
import { expandHostList } from '../hostlist.ts'
import {
  NO_VARIABLE,
  type BatchState,
  type BatchStatus,
  type Scheduler,
  badAllocation,
  badOutput,
  completeStatus,
  countHosts,
  parseCount,
  readVariable,
} from './scheduler.ts'
import { formatMinutes, parseWalltime } from './walltime.ts'

const RUNNING = new Set(['starting', 'running', 'killing', 'exiting', 'preempting', 'preempted'])

export const cobalt: Scheduler = {
  name: 'cobalt',
  directivePrefix: '#COBALT',
  variables: {
    id: ['COBALT_JOBID'],
    names: /^COBALT_\w+$/,
    configuration: /^COBALT_(?:CONFIG_FILES|HOME)$/,
    task: NO_VARIABLE,
  },
  // Directives are split at blanks, even inside quotes.
  formatOutput: (path) => (/[\s$'"\\]/.test(path) ? undefined : path),
  isInside: (env) => readVariable(env, 'COBALT_JOBID') !== undefined,
  isInstalled: (has) => has('qsub') && has('cqsub'),

  allocationSources(env) {
    const nodeFilePath = readVariable(env, 'COBALT_NODEFILE')
    return nodeFilePath === undefined ? {} : { nodeFilePath }
  },

  readAllocation(env, texts) {
    const schedulerId = readVariable(env, 'COBALT_JOBID')
    // A cluster has a node file. On a Cray the partition name is the list of node numbers for aprun
    // -L:
    // 1001-1005,1030.
    const partition = readVariable(env, 'COBALT_PARTNAME')
    let names = [...countHosts(texts.nodeFile ?? '').keys()]
    const isCray = names.length === 0 && partition !== undefined && /^[\d,-]+$/.test(partition)
    if (isCray) names = expandHostList(`[${partition}]`)
    if (names.length === 0) throw badAllocation('cobalt', 'neither COBALT_NODEFILE nor COBALT_PARTNAME names a node')
    const end = parseCount(readVariable(env, 'COBALT_ENDTIME'))
    return {
      ...(schedulerId !== undefined && { schedulerId }),
      nodes: names.map((name) => ({ name })),
      // A Cray runs the batch script on a service node.
      ...(isCray && { head: null }),
      ...(end !== undefined && { endEpochSeconds: end }),
    }
  },

  timeLeftCommand: (id) => ['qstat', '--header', 'JobID:TimeRemaining', id],

  parseTimeLeft(output) {
    const left = parseTable(output)[0]?.[1]
    if (left === undefined || !/^[\d:]+$/.test(left)) throw badOutput('cobalt', 'the time left', output)
    return parseWalltime(left)
  },

  submitCommand: (scriptPath) => ({ args: ['qsub', '--mode', 'script', scriptPath] }),

  parseSubmitted(output) {
    const id = output.trim().split('\n').at(-1)?.trim() ?? ''
    if (!/^\d+$/.test(id)) throw badOutput('cobalt', "the new job's id", output)
    return id
  },

  statusCommand: (ids) => ['qstat', '--header', 'JobID:State', ...ids],

  parseStatus(output, ids) {
    const found = new Map<string, BatchStatus>()
    for (const [id, raw] of parseTable(output)) {
      if (id !== undefined && raw !== undefined) found.set(id, { state: readState(raw), raw })
    }
    return completeStatus(found, ids)
  },

  cancelCommand: (ids) => ['qdel', ...ids],

  /** Whole minutes: qsub -t accepts them or HH:MM:SS, and treats 0 as the queue's maximum. */
  formatLimit: (seconds) => String(Math.max(1, formatMinutes(seconds))),
}

function readState(raw: string): BatchState {
  if (raw === 'queued' || raw.endsWith('hold')) return 'queued'
  if (RUNNING.has(raw)) return 'running'
  return raw === 'done' ? 'ended' : 'unknown'
}

/** The rows below qstat's header and its line of `=`. */
function parseTable(output: string): string[][] {
  const lines = output.split('\n')
  const rule = lines.findIndex((line) => /^=+$/.test(line.trim()))
  if (rule === -1) return []
  return lines.slice(rule + 1).flatMap((line) => (line.trim() === '' ? [] : [line.trim().split(/\s+/)]))
}

/**
 * Flux: flux-batch(1), flux-jobs(1), flux-job(1), flux-cancel(1), flux-resource(1), and the
 * resource set of Flux RFC 20.
 */
import * as v from 'valibot'
import { isObject } from '../../lib/shapes.ts'
import { expandHostList } from '../hostlist.ts'
import {
  type AllocatedNode,
  type BatchState,
  type BatchStatus,
  type Scheduler,
  badAllocation,
  badOutput,
  completeStatus,
  readVariable,
  quoteDirective,
} from './scheduler.ts'

/** flux-jobs(1), JOB STATUS. */
const STATES: Readonly<Record<string, BatchState>> = {
  DEPEND: 'queued',
  PRIORITY: 'queued',
  SCHED: 'queued',
  RUN: 'running',
  CLEANUP: 'running',
  COMPLETED: 'ended',
  FAILED: 'ended',
  CANCELED: 'ended',
  TIMEOUT: 'ended',
}

/** Output of `flux job timeleft` for a job without a limit: UINT_MAX. */
const NO_LIMIT_SECONDS = 4_294_967_295

const resourceSet = v.object({
  execution: v.object({
    R_lite: v.array(
      v.object({
        rank: v.string(),
        children: v.pipe(
          v.custom<unknown>(isObject),
          v.object({ core: v.optional(v.string()), gpu: v.optional(v.string()) }),
        ),
      }),
    ),
    nodelist: v.array(v.string()),
  }),
})

export const flux: Scheduler = {
  name: 'flux',
  directivePrefix: '# flux:',
  variables: {
    id: ['FLUX_ENCLOSING_ID', 'FLUX_JOB_ID'],
    names: /^FLUX_\w+$/,
    // FLUX_URI is the instance that Flux commands talk to.
    configuration:
      /^FLUX_(?:URI|CONNECTOR_PATH|EXEC_PATH|MODULE_PATH|PMI_LIBRARY_PATH|CONF_DIR|RC_EXTRA|SSH|SSH_RCMD|F58_FORCE_ASCII)$/,
    task: /^FLUX_(?:(?:JOB|TASK)_\w+|KVS_NAMESPACE)$/,
  },
  // flux-submit(1): directives are split like a shell command, and {{…}} in a name is replaced.
  formatOutput: (path) => (path.includes('{{') ? undefined : quoteDirective(path)),
  isInside: (env) => readVariable(env, 'FLUX_URI') !== undefined,
  isInstalled: (has) => has('flux'),
  allocationSources: () => ({ command: ['flux', 'resource', 'R', '--states=up'] }),

  readAllocation(env, texts) {
    // The initial program of a batch job runs beside the instance's jobs; the enclosing id is its
    // own.
    const schedulerId = readVariable(env, 'FLUX_ENCLOSING_ID') ?? readVariable(env, 'FLUX_JOB_ID')
    const nodes = readResourceSet(texts.output ?? '')
    if (nodes.length === 0) throw badAllocation('flux', 'flux resource R has no node')
    return { ...(schedulerId !== undefined && { schedulerId }), nodes }
  },

  // Without an id, the command prints the time left to the enclosing instance, which is the
  // allocation.
  timeLeftCommand: () => ['flux', 'job', 'timeleft'],

  parseTimeLeft(output) {
    const text = output.trim()
    if (!/^\d+$/.test(text)) throw badOutput('flux', 'the time left', output)
    const seconds = Number(text)
    return seconds >= NO_LIMIT_SECONDS ? Infinity : seconds
  },

  submitCommand: (scriptPath) => ({ args: ['flux', 'batch', scriptPath] }),

  parseSubmitted(output) {
    const id = output.trim().split('\n').at(-1)?.trim() ?? ''
    if (!/^(?:\u0192|f)[1-9A-HJ-NP-Za-km-z]+$|^\d+$/u.test(id)) throw badOutput('flux', "the new job's id", output)
    return id
  },

  // f58plain: depending on the terminal's encoding, ids start with `f` or `ƒ`; ids are compared
  // without it.
  statusCommand: (ids) => ['flux', 'jobs', '-a', '--no-header', '--format={id.f58plain} {id.dec} {status}', ...ids],

  parseStatus(output, ids) {
    const found = new Map<string, BatchStatus>()
    for (const line of output.split('\n')) {
      const [base58, decimal, raw] = line.trim().split(/\s+/)
      if (base58 === undefined || decimal === undefined || raw === undefined) continue
      const status: BatchStatus = { state: STATES[raw] ?? 'unknown', raw }
      for (const id of ids) if (id === decimal || `f${id.slice(1)}` === base58) found.set(id, status)
    }
    return completeStatus(found, ids)
  },

  cancelCommand: (ids) => ['flux', 'cancel', ...ids],

  /** A Flux standard duration (RFC 23). */
  formatLimit: (seconds) => (seconds === Infinity ? '0' : `${Math.ceil(seconds)}s`),
}

function readResourceSet(text: string): AllocatedNode[] {
  let parsed
  try {
    parsed = v.parse(resourceSet, JSON.parse(text))
  } catch {
    throw badOutput('flux', 'its resources', text)
  }
  const names = parsed.execution.nodelist.flatMap(expandHostList)
  const entries = parsed.execution.R_lite.flatMap((entry) => expandIds(entry.rank).map((rank) => ({ rank, entry })))
  // The nodelist is in rank order (RFC 20), independent of the order of the groups.
  entries.sort((a, b) => a.rank - b.rank)
  if (entries.length !== names.length) throw badAllocation('flux', `${entries.length} ranks have ${names.length} names`)
  return entries.map(({ entry }, at) => {
    const coreIds = expandIds(entry.children.core ?? '')
    const gpuIds = expandIds(entry.children.gpu ?? '').map(String)
    return { name: names[at] ?? '', cores: coreIds.length, coreIds, gpus: gpuIds.length, gpuIds }
  })
}

/** An idset (RFC 22): `0-3,7`, with or without brackets. */
function expandIds(text: string): number[] {
  const bare = text.replace(/^\[|\]$/g, '')
  return bare === '' ? [] : expandHostList(`[${bare}]`).map(Number)
}

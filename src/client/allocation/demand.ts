/** The jobs that an allocation of some shape could run, and those that never fit. Pure. */
import type { NodeShape } from '../../core/placement/node-need.ts'
import { requestError } from '../../core/text/errors.ts'
import { type JobEntry, specOf } from '../../core/index/job-entry.ts'
import { requestOf } from '../../core/placement/placement-request.ts'
import { explainUnfit } from '../../core/placement/placement.ts'
import { isEnded } from '../../core/life/states.ts'
import { type Settings, drainSeconds } from '../../site/settings.ts'
import { countOf } from '../../lib/text/count-of.ts'

/** The part of a request to the scheduler that matters to jobs. */
export interface AllocationShape {
  readonly nodes: number
  readonly minutes: number
  readonly jobMode: 'auto' | 'serial' | 'mpi'
}

export interface Demand {
  /** Jobs that could start in such an allocation, possibly after their parents. */
  readonly waiting: readonly JobEntry[]
  /** Jobs owned by a launcher. */
  readonly held: readonly JobEntry[]
  /** Reasons of the other jobs: `w/wide needs 3 nodes, the allocation has 2`. */
  readonly misfits: readonly string[]
}

/** Resources that bjob.yaml does not define are assumed to suffice. */
const UNKNOWN = 1e9

export function measureDemand(entries: readonly JobEntry[], shape: AllocationShape, settings: Settings): Demand {
  const { cores = UNKNOWN, gpus = UNKNOWN, memory_mib: memoryMiB } = settings.node
  const nodes = Array.from({ length: shape.nodes }, (): NodeShape => ({ name: '', cores, gpus, memoryMiB }))
  // Jobs must be over when the launcher stops the remaining ones.
  const seconds = shape.minutes * 60 - drainSeconds(settings)
  const waiting: JobEntry[] = []
  const held: JobEntry[] = []
  const misfits: string[] = []
  for (const entry of entries) {
    if (isEnded(entry.state) || entry.broken !== undefined) continue
    const job = specOf(entry)
    const isSerial = job.numNodes * job.ranksPerNode === 1
    // Without a known specification, the job may fit.
    if (entry.spec !== undefined && shape.jobMode !== 'auto' && (shape.jobMode === 'serial') !== isSerial) continue
    const unfit = entry.spec === undefined ? undefined : explainUnfit(requestOf(entry.id, job), nodes, seconds)
    if (entry.launcher !== undefined) held.push(entry)
    else if (unfit === undefined) waiting.push(entry)
    else misfits.push(`${entry.id} ${unfit.message}`)
  }
  return { waiting, held, misfits }
}

/**
 * Refuses an allocation that would be idle.
 * @throws BjobError `no-runnable-job`
 */
export function checkDemand({ waiting, misfits }: Demand, { nodes, minutes }: AllocationShape): void {
  if (waiting.length > 0) return
  if (misfits.length === 0) {
    throw requestError('no-runnable-job', 'no runnable job matches, so an allocation would be idle', {
      hint: 'spawn jobs first; `bjob ls --by-state` counts them',
    })
  }
  const shape = `${countOf(nodes, 'node')} for ${countOf(minutes, 'minute')}`
  throw requestError('no-runnable-job', `no job fits into ${shape}: ${describeMisfits(misfits)}`, {
    hint: "request more with -n and -t, or reduce the jobs' needs with `bjob set`",
  })
}

/** The first one, and the number of the rest. */
export function describeMisfits(misfits: readonly string[]): string {
  const others = misfits.length - 1
  const more = others === 1 ? '; 1 more does not fit either' : `; ${others} more do not fit either`
  return `${misfits[0] ?? ''}${others > 0 ? more : ''}`
}

/** The jobs whose parents have all ended or are gone. */
export function withoutParents(waiting: readonly JobEntry[], all: readonly JobEntry[]): JobEntry[] {
  const open = new Set(all.filter(({ state }) => !isEnded(state)).map(({ id }) => id))
  return waiting.filter((entry) => {
    const { waitForParents, parents } = specOf(entry)
    return !waitForParents || !parents.some((parent) => open.has(parent))
  })
}

/** Derives a placement request from a job's specification. */
import { MOST_PACKED, type PlacementRequest, countCoresPerNode } from './node-need.ts'
import { type DeathKind, isSuspect } from '../life/deaths.ts'
import type { JobSpec } from '../job/job-spec.ts'

/** A job's request. A job of several nodes takes them whole; a job of one node shares it. */
export function requestOf(id: string, job: JobSpec, deaths?: readonly DeathKind[]): PlacementRequest {
  return {
    id,
    nodes: job.numNodes,
    ranksPerNode: job.ranksPerNode,
    threadsPerRank: job.threadsPerRank,
    threadsPerCore: job.threadsPerCore,
    gpusPerRank: job.gpusPerRank,
    packing: job.nodePackingCount > 1 ? Math.min(job.nodePackingCount, MOST_PACKED) : undefined,
    exclusive: job.numNodes > 1,
    alone: isSuspect(deaths, job.crashLimit) || undefined,
    wallSeconds: job.wallTimeMinutes * 60,
    priority: job.priority,
  }
}

/**
 * The order of starting: priority, then width (nodes, whole nodes, cores, packing), then run time.
 * Negative if `a` comes first, 0 for equal requests.
 */
export function compareUrgency(a: PlacementRequest, b: PlacementRequest): number {
  return (
    b.priority - a.priority ||
    b.nodes - a.nodes ||
    Number(b.exclusive === true) - Number(a.exclusive === true) ||
    countCoresPerNode(b) - countCoresPerNode(a) ||
    (a.packing ?? Number.MAX_VALUE) - (b.packing ?? Number.MAX_VALUE) ||
    b.wallSeconds - a.wallSeconds
  )
}

/**
 * Decides which jobs start now and where, or why not. Pure and deterministic: the launcher provides
 * waiting jobs, running jobs and remaining time.
 */
import {
  type FreeResources,
  type NodeShape,
  type PlacementRequest,
  countCoresPerNode,
  countGpusPerNode,
  fitsShape,
} from './node-need.ts'
import type { Assignment, NodePool, NodeShare } from './node-pool.ts'
import type { Waiting, WaitingLine } from './waiting-line.ts'
import { countOf } from '../../lib/text/count-of.ts'

/** A running job. */
export interface RunningJob {
  readonly assignment: Assignment
  /** By its wall time; 0 or less if exceeded. */
  readonly endsInSeconds: number
}

/** Nodes reserved for the first waiting job that does not fit. */
export interface Reservation {
  readonly request: PlacementRequest
  /** Expected time until its last node is free. */
  readonly startsInSeconds: number
  /** By node index, resources that jobs may use even if they end after startsInSeconds. */
  readonly spare: ReadonlyMap<number, FreeResources>
}

/** Maximum number of wall times of one shape to try around a reservation. */
const LOOK_AHEAD = 64

/**
 * Starts fitting jobs in order and fills gaps without delaying the first job that does not fit:
 * EASY backfilling (Lifka, The ANL/IBM SP scheduling system, 1995; Mu'alem and Feitelson, 2001). A
 * job starts only if its wall time fits the remaining time; otherwise it leaves the line, because
 * time only shrinks. The first job that does not fit gets a reservation; later jobs start only if
 * they end before it, or use resources it does not need. A job beyond its wall time counts as about
 * to end, so its nodes are not refilled and the reservation holds even with inaccurate wall times.
 * @param timeLeftSeconds of the allocation, Infinity without an end
 * @param reserve called for the first job that does not fit if a later one could start, see
 *   `reserveNodes`; without a result it blocks nobody
 * @param start called for each started job in order, after it has left the line and its resources
 *   are taken
 * @returns the reservation for the first job that does not fit
 */
export function chooseStarts<Item extends Waiting>(
  line: WaitingLine<Item>,
  pool: NodePool,
  timeLeftSeconds: number,
  reserve: (request: PlacementRequest) => Reservation | undefined,
  start: (item: Item, assignment: Assignment) => void,
): Reservation | undefined {
  const turns = line.turns()
  let blocked: PlacementRequest | undefined
  let reservation: Reservation | undefined
  for (let { shape } = turns; shape?.head !== undefined; { shape } = turns) {
    const item = shape.head
    const { request } = item
    if (request.wallSeconds > timeLeftSeconds) {
      shape.dropGroup()
      turns.goOn()
      continue
    }
    const free = pool.findNodes(request)
    if (blocked !== undefined && reservation === undefined && free !== undefined) {
      reservation = reserve(blocked)
      // A job that cannot end in this allocation waits for the next one and does not block others.
      const endsInSeconds = (reservation?.startsInSeconds ?? Infinity) + blocked.wallSeconds
      if (endsInSeconds > timeLeftSeconds || endsInSeconds === Infinity) reservation = blocked = undefined
    }
    const isInTheWay = reservation !== undefined && request.wallSeconds > reservation.startsInSeconds
    const spare = isInTheWay ? reservation?.spare : undefined
    const nodes = spare === undefined ? free : pool.findNodes(request, spare)
    if (nodes !== undefined) {
      const assignment = pool.place(request, nodes)
      shape.take()
      turns.goOn()
      if (spare !== undefined) takeSpare(assignment, spare)
      start(item, assignment)
    } else if (isInTheWay && shape.skipped < LOOK_AHEAD && free !== undefined) {
      // It would delay the reserved job; a shorter job of its shape may not.
      shape.skipGroup()
      turns.goOn()
    } else {
      turns.pass()
      blocked ??= request
    }
  }
  return reservation
}

/**
 * The earliest expected time at which the request's nodes are free, and the resources that jobs may
 * still use beyond it.
 * @returns undefined if unknown: too few nodes, or resources held by unlisted jobs
 */
export function reserveNodes(
  request: PlacementRequest,
  pool: NodePool,
  running: readonly RunningJob[],
): Reservation | undefined {
  const endsByNode = groupByNode(running)
  const candidates: Candidate[] = []
  for (let node = 0; node < pool.nodeCount; node++) {
    const freeInSeconds = findFreeTime(request, node, pool, endsByNode.get(node) ?? [])
    if (freeInSeconds !== undefined) candidates.push({ node, freeInSeconds })
  }
  // Free nodes come before overrun ones, also at 0 seconds, so that the choice settles on draining
  // nodes.
  candidates.sort((a, b) => a.freeInSeconds - b.freeInSeconds || a.node - b.node)
  const chosen = candidates.slice(0, request.nodes)
  const last = chosen.at(-1)
  if (last === undefined || chosen.length < request.nodes) return undefined
  const startsInSeconds = Math.max(0, last.freeInSeconds)
  const spare = new Map<number, FreeResources>()
  for (const { node } of chosen) {
    spare.set(node, measureSpare(request, node, pool, endsByNode.get(node) ?? [], startsInSeconds))
  }
  return { request, startsInSeconds, spare }
}

/** The reason why a request can never start on these nodes. */
export interface Unfit {
  readonly reason: 'too-wide' | 'too-many-cores' | 'too-many-gpus' | 'too-much-memory' | 'too-long'
  /** One line that follows the job's name: `needs 8 nodes, the allocation has 4`. */
  readonly message: string
}

/**
 * Explains why a request can never start on these nodes, even if all are free; undefined if it can.
 * @param timeLimitSeconds of the allocation, Infinity without an end
 */
export function explainUnfit(
  request: PlacementRequest,
  nodes: readonly NodeShape[],
  timeLimitSeconds = Infinity,
): Unfit | undefined {
  if (request.nodes > nodes.length) {
    return {
      reason: 'too-wide',
      message: `needs ${countOf(request.nodes, 'node')}, the allocation has ${nodes.length}`,
    }
  }
  const fitting = nodes.filter((shape) => fitsShape(request, shape)).length
  if (fitting < request.nodes) return explainShape(request, nodes, fitting)
  if (request.wallSeconds > timeLimitSeconds) {
    const message = `needs ${request.wallSeconds} s, the allocation has ${Math.floor(timeLimitSeconds)} s left`
    return { reason: 'too-long', message }
  }
  return undefined
}

interface Candidate {
  readonly node: number
  /** -1 for free now. */
  readonly freeInSeconds: number
}

interface ShareEnd {
  readonly share: NodeShare
  readonly endsInSeconds: number
}

function groupByNode(running: readonly RunningJob[]): Map<number, ShareEnd[]> {
  const byNode = new Map<number, ShareEnd[]>()
  for (const { assignment, endsInSeconds } of running) {
    for (const share of assignment.shares) {
      const end = { share, endsInSeconds: Math.max(0, endsInSeconds) }
      const ends = byNode.get(share.node)
      if (ends === undefined) byNode.set(share.node, [end])
      else ends.push(end)
    }
  }
  return byNode
}

/**
 * Seconds until the node fits, by the expected ends of its jobs; -1 for now, undefined for never.
 */
function findFreeTime(
  request: PlacementRequest,
  node: number,
  pool: NodePool,
  ends: readonly ShareEnd[],
): number | undefined {
  const free = pool.readFree(node)
  if (free === undefined) return undefined
  if (pool.fitsFree(request, node, free)) return -1
  for (const { share, endsInSeconds } of [...ends].sort((a, b) => a.endsInSeconds - b.endsInSeconds)) {
    addShare(free, share)
    if (pool.fitsFree(request, node, free)) return endsInSeconds
  }
  return undefined
}

/** Free resources when the reservation starts, minus its own. */
function measureSpare(
  request: PlacementRequest,
  node: number,
  pool: NodePool,
  ends: readonly ShareEnd[],
  atSeconds: number,
): FreeResources {
  const free = pool.readFree(node) ?? { cores: 0, gpus: 0, memoryMiB: 0, occupancy: 0 }
  for (const { share, endsInSeconds } of ends) if (endsInSeconds <= atSeconds) addShare(free, share)
  subtract(free, pool.measure(request, node))
  return free
}

function addShare(free: FreeResources, share: NodeShare): void {
  free.cores += share.coreIds.length
  free.gpus += share.gpuIds.length
  free.memoryMiB += share.memoryMiB
  free.occupancy += share.occupancy
}

function subtract(free: FreeResources, taken: FreeResources): void {
  free.cores -= taken.cores
  free.gpus -= taken.gpus
  free.memoryMiB -= taken.memoryMiB
  free.occupancy -= taken.occupancy
}

function takeSpare(assignment: Assignment, spare: ReadonlyMap<number, FreeResources>): void {
  for (const share of assignment.shares) {
    const free = spare.get(share.node)
    if (free === undefined) continue
    subtract(free, {
      cores: share.coreIds.length,
      gpus: share.gpuIds.length,
      memoryMiB: share.memoryMiB,
      occupancy: share.occupancy,
    })
  }
}

function explainShape(request: PlacementRequest, nodes: readonly NodeShape[], fitting: number): Unfit {
  const has =
    fitting === 0
      ? 'no node of the allocation has'
      : `only ${countOf(fitting, 'node')} of the allocation ${fitting === 1 ? 'has' : 'have'}`
  const countWith = (enough: (shape: NodeShape) => boolean) => nodes.filter(enough).length
  const cores = countCoresPerNode(request)
  const gpus = countGpusPerNode(request)
  const memoryMiB = request.memoryMiBPerNode ?? 0
  if (request.packing === undefined && countWith((shape) => shape.cores >= cores) < request.nodes) {
    return { reason: 'too-many-cores', message: `needs ${countOf(cores, 'core')} per node, ${has} that many` }
  }
  if (countWith((shape) => shape.gpus >= gpus) < request.nodes) {
    return { reason: 'too-many-gpus', message: `needs ${countOf(gpus, 'GPU')} per node, ${has} that many` }
  }
  if (countWith((shape) => (shape.memoryMiB ?? Infinity) >= memoryMiB) < request.nodes) {
    return { reason: 'too-much-memory', message: `needs ${memoryMiB} MiB per node, ${has} that much` }
  }
  const message = `needs ${countOf(request.nodes, 'node')} with ${countOf(cores, 'core')}, ${countOf(gpus, 'GPU')} and ${memoryMiB} MiB each, ${has} all of that`
  return { reason: 'too-wide', message }
}

/**
 * Which jobs start now, on what, and why not. Pure and deterministic: the launcher says what waits, what runs and how long is left, and gets
 * the same answer every time.
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

/** A job that runs. */
export interface RunningJob {
  readonly assignment: Assignment
  /** By its wall time; 0 or less for one that has overrun it. */
  readonly endsInSeconds: number
}

/** Nodes kept for the first job in order that has no room yet. */
export interface Reservation {
  readonly request: PlacementRequest
  /** When its last node is expected to be free. */
  readonly startsInSeconds: number
  /** By node number, what of it jobs may take that end after startsInSeconds. */
  readonly spare: ReadonlyMap<number, FreeResources>
}

/** How many wall times of one shape are tried around a reservation. */
const LOOK_AHEAD = 64

/**
 * Starts what fits, in order, and fills the gaps without delaying the first job that does not fit: EASY backfilling (Lifka, The ANL/IBM SP
 * scheduling system, 1995; Mu'alem and Feitelson, 2001). A job starts only if its wall time fits what is left of the allocation; one that does not
 * leaves the line, because time only gets shorter. The first job without room gets a reservation; later ones start beside it only if they end
 * before, or take what it does not need. A job that has overrun its wall time counts as about to end, so its nodes are not refilled and the
 * reservation holds even where wall times are guesses.
 * @param timeLeftSeconds of the allocation, Infinity without an end
 * @param reserve asked for the first job without room when a later one could take some, see `reserveNodes`; without an answer it holds nobody up
 * @param start hears of each job that starts, in order; it has left the line, and its resources are taken from the pool
 * @returns the reservation that is kept for the first job without room
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
      // What cannot end within this allocation waits for the next one, where it is the first, and holds nobody up here.
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
      // It would delay the reserved job; a shorter one of its shape may not.
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
 * The earliest time at which the request's nodes are expected to be free, and what jobs may still take there beyond that time.
 * @returns undefined where it cannot be said: not enough such nodes are up, or something holds them that is not listed
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
  // Free now comes before overrun, which is also 0 seconds away: the choice settles on the nodes that are draining.
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

/** Why a request can never start on these nodes. */
export interface Unfit {
  readonly reason: 'too-wide' | 'too-many-cores' | 'too-many-gpus' | 'too-much-memory' | 'too-long'
  /** One line that goes on after the job's name: `asks for 8 nodes, the allocation has 4`. */
  readonly message: string
}

/**
 * Why a request can never start on these nodes, even when all of them are free; undefined when it can.
 * @param timeLimitSeconds of the allocation, Infinity without an end
 */
export function explainUnfit(
  request: PlacementRequest,
  nodes: readonly NodeShape[],
  timeLimitSeconds = Infinity,
): Unfit | undefined {
  if (request.nodes > nodes.length) {
    return { reason: 'too-wide', message: `needs ${countNodes(request.nodes)}, the allocation has ${nodes.length}` }
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

/** Seconds until the node has room, by giving back its jobs in the order of their ends; -1 for now, undefined for never. */
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

/** What is free when the reservation starts, less what it takes. */
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
      : `only ${countNodes(fitting)} of the allocation ${fitting === 1 ? 'has' : 'have'}`
  const countWith = (enough: (shape: NodeShape) => boolean) => nodes.filter(enough).length
  const cores = countCoresPerNode(request)
  const gpus = countGpusPerNode(request)
  const memoryMiB = request.memoryMiBPerNode ?? 0
  if (request.packing === undefined && countWith((shape) => shape.cores >= cores) < request.nodes) {
    return { reason: 'too-many-cores', message: `needs ${cores} cores per node, ${has} that many` }
  }
  if (countWith((shape) => shape.gpus >= gpus) < request.nodes) {
    return { reason: 'too-many-gpus', message: `needs ${gpus} GPUs per node, ${has} that many` }
  }
  if (countWith((shape) => (shape.memoryMiB ?? Infinity) >= memoryMiB) < request.nodes) {
    return { reason: 'too-much-memory', message: `needs ${memoryMiB} MiB per node, ${has} that much` }
  }
  const message = `needs ${countNodes(request.nodes)} with ${cores} cores, ${gpus} GPUs and ${memoryMiB} MiB each, ${has} all of that`
  return { reason: 'too-wide', message }
}

function countNodes(count: number): string {
  return count === 1 ? '1 node' : `${count} nodes`
}

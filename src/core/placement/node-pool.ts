/**
 * The free cores, GPUs and memory of an allocation, assigned by id and never twice. A tournament
 * tree finds the first suitable node in O(log n), which suffices for thousands of nodes.
 */
import {
  type NodeShape,
  type PlacementRequest,
  type FreeResources,
  OCCUPANCY_UNITS,
  countCoresPerNode,
  countGpusPerNode,
  measureNeed,
  fitsShape,
  isWithin,
} from './node-need.ts'
import { FreeIds, type Numbers, RoomTree, shareNumbers } from './free-resources.ts'

/** A job's share of one node. */
export interface NodeShare {
  /** Its index in the pool. */
  readonly node: number
  readonly name: string
  readonly coreIds: readonly number[]
  readonly gpuIds: readonly string[]
  readonly memoryMiB: number
  /** In OCCUPANCY_UNITS. */
  readonly occupancy: number
}

/** A job's resources, one share per node, in pool order. Return them with `release`. */
export interface Assignment {
  readonly requestId: string
  readonly shares: readonly NodeShare[]
}

/** An assignment that records its release. */
class Grant implements Assignment {
  readonly requestId: string
  readonly shares: readonly NodeShare[]
  isHeld = true

  constructor(requestId: string, shares: readonly NodeShare[]) {
    this.requestId = requestId
    this.shares = shares
  }
}

const NO_IDS: readonly string[] = []
const NO_NUMBERS = { all: [], alone: [] }

export class NodePool {
  readonly #shapes: readonly NodeShape[]
  readonly #coreIds: readonly Numbers<number>[]
  readonly #gpuIds: readonly Numbers<string>[]
  readonly #coreSets: FreeIds
  readonly #gpuSets: FreeIds
  readonly #memoryMiB: Float64Array
  readonly #occupancy: Int32Array
  readonly #isDown: Uint8Array
  readonly #tree: RoomTree
  #liveCount = 0
  /** Number of available nodes without any job. */
  #emptyCount: number

  constructor(nodes: readonly NodeShape[]) {
    this.#shapes = nodes
    this.#coreIds = shareNumbers(nodes.map((node) => node.coreIds ?? Array.from({ length: node.cores }, (_, id) => id)))
    this.#gpuIds = shareNumbers(
      nodes.map((node) => node.gpuIds ?? Array.from({ length: node.gpus }, (_, id) => `${id}`)),
    )
    this.#coreSets = new FreeIds(nodes.map((node) => node.cores))
    this.#gpuSets = new FreeIds(nodes.map((node) => node.gpus))
    this.#memoryMiB = Float64Array.from(nodes, (node) => node.memoryMiB ?? Infinity)
    this.#occupancy = new Int32Array(nodes.length).fill(OCCUPANCY_UNITS)
    this.#isDown = new Uint8Array(nodes.length)
    this.#tree = new RoomTree(nodes.length)
    this.#emptyCount = nodes.length
    for (let node = 0; node < nodes.length; node++) this.#updateTree(node)
  }

  /** The available nodes. */
  get nodes(): NodeShape[] {
    return this.#shapes.filter((_, node) => this.#isDown[node] === 0)
  }

  /** Number of jobs with resources. */
  get liveCount(): number {
    return this.#liveCount
  }

  /**
   * The first nodes, in pool order, that fit. Jobs fill a node before the next one, so that whole
   * nodes stay free for wide jobs.
   * @param limits maximum use of some nodes (by index), for a job that must respect a reservation
   * @returns their indexes, undefined if they do not fit now
   */
  findNodes(request: PlacementRequest, limits?: ReadonlyMap<number, FreeResources>): readonly number[] | undefined {
    const isWhole = request.exclusive === true || request.alone === true
    if (isWhole && request.nodes > this.#emptyCount) return undefined
    let found: number[] | undefined
    // A lower bound for every shape; the leaf is checked against its own shape.
    const cores = request.packing === undefined ? countCoresPerNode(request) : 0
    const gpus = countGpusPerNode(request)
    const memoryMiB = request.memoryMiBPerNode ?? 0
    const occupancy = isWhole ? OCCUPANCY_UNITS : Math.floor(OCCUPANCY_UNITS / (request.packing ?? Infinity))
    for (let from = 0; (found?.length ?? 0) < request.nodes;) {
      const node = this.#tree.findFirst(from, cores, gpus, memoryMiB, occupancy)
      if (node === -1) return undefined
      if (this.#hasRoom(request, node, limits?.get(node))) {
        // Most jobs use one node; an empty array would reserve 17 elements at the first push.
        if (found === undefined) found = [node]
        else found.push(node)
      }
      from = node + 1
    }
    return found ?? []
  }

  /** Assigns nodes just returned by `findNodes`. */
  place(request: PlacementRequest, nodes: readonly number[]): Assignment {
    this.#liveCount += 1
    return new Grant(
      request.id,
      nodes.map((node) => this.#take(request, node)),
    )
  }

  /** Returns the resources of an assignment. A second release is a bug and throws. */
  release(assignment: Assignment): void {
    if (!(assignment instanceof Grant) || !assignment.isHeld) throw new Error(`${assignment.requestId} holds nothing`)
    assignment.isHeld = false
    this.#liveCount -= 1
    for (const share of assignment.shares) {
      const { node } = share
      this.#coreSets.give(node, share.coreIds, this.#coreIds[node] ?? NO_NUMBERS)
      this.#gpuSets.give(node, share.gpuIds, this.#gpuIds[node] ?? NO_NUMBERS)
      this.#change(node, share.memoryMiB, share.occupancy)
    }
  }

  /** Excludes a node; running jobs release their shares as usual. False for an unknown name. */
  removeNode(name: string): boolean {
    const node = this.#shapes.findIndex((shape, at) => shape.name === name && this.#isDown[at] === 0)
    if (node === -1) return false
    this.#isDown[node] = 1
    if (this.#occupancy[node] === OCCUPANCY_UNITS) this.#emptyCount -= 1
    this.#updateTree(node)
    return true
  }

  /** Includes an excluded node again. False for an unknown name. */
  restoreNode(name: string): boolean {
    const node = this.#shapes.findIndex((shape, at) => shape.name === name && this.#isDown[at] === 1)
    if (node === -1) return false
    this.#isDown[node] = 0
    if (this.#occupancy[node] === OCCUPANCY_UNITS) this.#emptyCount += 1
    this.#updateTree(node)
    return true
  }

  /** Free resources of a node, undefined for an excluded one. */
  readFree(node: number): FreeResources | undefined {
    if (this.#isDown[node] !== 0) return undefined
    return {
      cores: this.#coreSets.count(node),
      gpus: this.#gpuSets.count(node),
      memoryMiB: this.#memoryMiB[node] ?? 0,
      occupancy: this.#occupancy[node] ?? 0,
    }
  }

  /** True if the request fits the node with these free resources. */
  fitsFree(request: PlacementRequest, node: number, free: FreeResources): boolean {
    const shape = this.#shapes[node]
    if (shape === undefined || !fitsShape(request, shape)) return false
    return isWithin(measureNeed(request, shape), free)
  }

  /** The part of a node that the request takes. */
  measure(request: PlacementRequest, node: number): FreeResources {
    const shape = this.#shapes[node]
    if (shape === undefined) throw new Error(`unknown node ${node}`)
    return measureNeed(request, shape)
  }

  get nodeCount(): number {
    return this.#shapes.length
  }

  #hasRoom(request: PlacementRequest, node: number, limit: FreeResources | undefined): boolean {
    const shape = this.#shapes[node]
    if (shape === undefined || this.#isDown[node] !== 0 || !fitsShape(request, shape)) return false
    const need = measureNeed(request, shape)
    return (
      need.cores <= this.#coreSets.count(node) &&
      need.gpus <= this.#gpuSets.count(node) &&
      need.memoryMiB <= (this.#memoryMiB[node] ?? 0) &&
      need.occupancy <= (this.#occupancy[node] ?? 0) &&
      (limit === undefined || isWithin(need, limit))
    )
  }

  #take(request: PlacementRequest, node: number): NodeShare {
    const need = this.measure(request, node)
    const share = {
      node,
      name: this.#shapes[node]?.name ?? '',
      coreIds: this.#coreSets.take(node, need.cores, this.#coreIds[node] ?? NO_NUMBERS),
      gpuIds: need.gpus === 0 ? NO_IDS : this.#gpuSets.take(node, need.gpus, this.#gpuIds[node] ?? NO_NUMBERS),
      memoryMiB: need.memoryMiB,
      occupancy: need.occupancy,
    }
    this.#change(node, -need.memoryMiB, -need.occupancy)
    return share
  }

  #change(node: number, memoryMiB: number, occupancy: number): void {
    const before = this.#occupancy[node] ?? 0
    const after = before + occupancy
    this.#memoryMiB[node] = (this.#memoryMiB[node] ?? 0) + memoryMiB
    this.#occupancy[node] = after
    if (this.#isDown[node] === 0) {
      if (before === OCCUPANCY_UNITS) this.#emptyCount -= 1
      if (after === OCCUPANCY_UNITS) this.#emptyCount += 1
    }
    this.#updateTree(node)
  }

  #updateTree(node: number): void {
    if (this.#isDown[node] !== 0) {
      this.#tree.set(node, -1, -1, -1, -1)
      return
    }
    this.#tree.set(
      node,
      this.#coreSets.count(node),
      this.#gpuSets.count(node),
      this.#memoryMiB[node] ?? 0,
      this.#occupancy[node] ?? 0,
    )
  }
}

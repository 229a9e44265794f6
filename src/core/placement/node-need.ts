/** What a node has, what a job asks for, and what that takes of the node. */

/** One node as it can be handed out. */
export interface NodeShape {
  readonly name: string
  /** At least 1. */
  readonly cores: number
  readonly gpus: number
  /** Absent: not known, and not counted. */
  readonly memoryMiB?: number | undefined
  /** The operating system's numbers; 0 to cores-1 when absent. */
  readonly coreIds?: readonly number[] | undefined
  /** What a `*_VISIBLE_DEVICES` variable takes; 0 to gpus-1 when absent. */
  readonly gpuIds?: readonly string[] | undefined
}

/** What a job asks for. */
export interface PlacementRequest {
  readonly id: string
  /** 0 for a job that takes nothing, such as a driver beside the launcher. */
  readonly nodes: number
  readonly ranksPerNode: number
  readonly threadsPerRank: number
  /** Hardware threads that share a core. */
  readonly threadsPerCore: number
  readonly gpusPerRank: number
  readonly memoryMiBPerNode?: number | undefined
  /**
   * node_packing_count: N such jobs fill a node, each with 1/N of its cores, whatever its threads are. With more jobs than cores they share
   * the node's cores, and get no numbers to be pinned to. At most MOST_PACKED. Absent: the job takes the cores that its ranks and threads need.
   */
  readonly packing?: number | undefined
  /** Takes its nodes whole, with all their cores and GPUs. */
  readonly exclusive?: boolean | undefined
  /** Shares its nodes with no other job, whatever it takes of them. */
  readonly alone?: boolean | undefined
  /** Longest expected run. */
  readonly wallSeconds: number
  /** Higher starts earlier. */
  readonly priority: number
}

/** Resources of a node: free now, free later, or needed. */
export interface FreeResources {
  cores: number
  gpus: number
  memoryMiB: number
  occupancy: number
}

/**
 * A whole node: whoever holds anything of it holds some. Integers, so that N shares of 1/N fit exactly and rounding never adds up to a job too many.
 * Of 31 bits, because V8 keeps a larger number as an object of its own.
 */
export const OCCUPANCY_UNITS = 2 ** 30
/** Jobs that share a node at most: of more, what rounding leaves of each share would add up to another one. */
export const MOST_PACKED = 2 ** 15

/** Cores on each node: ranks times threads over threads per core, rounded up. */
export function countCoresPerNode(request: PlacementRequest): number {
  return Math.max(1, Math.ceil((request.ranksPerNode * request.threadsPerRank) / request.threadsPerCore))
}

export function countGpusPerNode(request: PlacementRequest): number {
  return request.ranksPerNode * request.gpusPerRank
}

/** What the request takes of a node of this shape. */
export function measureNeed(request: PlacementRequest, shape: NodeShape): FreeResources {
  if (request.exclusive === true) {
    return {
      cores: shape.cores,
      gpus: shape.gpus,
      memoryMiB: request.memoryMiBPerNode ?? 0,
      occupancy: OCCUPANCY_UNITS,
    }
  }
  const cores = request.packing === undefined ? countCoresPerNode(request) : Math.floor(shape.cores / request.packing)
  const parts = request.packing ?? shape.cores / cores
  return {
    cores,
    gpus: countGpusPerNode(request),
    memoryMiB: request.memoryMiBPerNode ?? 0,
    occupancy: request.alone === true ? OCCUPANCY_UNITS : Math.floor(OCCUPANCY_UNITS / parts),
  }
}

/** Whether an empty node of this shape could take the request. */
export function fitsShape(request: PlacementRequest, shape: NodeShape): boolean {
  const cores = request.packing === undefined ? countCoresPerNode(request) : 0
  return (
    cores <= shape.cores &&
    countGpusPerNode(request) <= shape.gpus &&
    (request.memoryMiBPerNode ?? 0) <= (shape.memoryMiB ?? Infinity)
  )
}

/** Whether it can be taken of what is free. */
export function isWithin(need: FreeResources, free: FreeResources): boolean {
  return (
    need.cores <= free.cores &&
    need.gpus <= free.gpus &&
    need.memoryMiB <= free.memoryMiB &&
    need.occupancy <= free.occupancy
  )
}

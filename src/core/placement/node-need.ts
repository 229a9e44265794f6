/** Resources of a node, requests of jobs, and the share of a node that a request takes. */

/** A node as offered to jobs. */
export interface NodeShape {
  readonly name: string
  /** At least 1. */
  readonly cores: number
  readonly gpus: number
  /** Undefined if unknown, and then not counted. */
  readonly memoryMiB?: number | undefined
  /** The operating system's ids; 0 to cores-1 if undefined. */
  readonly coreIds?: readonly number[] | undefined
  /** Values for a `*_VISIBLE_DEVICES` variable; 0 to gpus-1 if undefined. */
  readonly gpuIds?: readonly string[] | undefined
}

/** A job's request. */
export interface PlacementRequest {
  readonly id: string
  /** 0 for a job without resources, such as a driver beside the launcher. */
  readonly nodes: number
  readonly ranksPerNode: number
  readonly threadsPerRank: number
  /** Hardware threads to use per core. */
  readonly threadsPerCore: number
  readonly gpusPerRank: number
  readonly memoryMiBPerNode?: number | undefined
  /**
   * node_packing_count: N such jobs fill a node, each with 1/N of its cores, whatever its threads.
   * With more jobs than cores they share cores without pinning. At most MOST_PACKED. Undefined: the
   * job takes the cores for its ranks and threads.
   */
  readonly packing?: number | undefined
  /** Takes whole nodes with all cores and GPUs. */
  readonly exclusive?: boolean | undefined
  /** Shares its nodes with no other job. */
  readonly alone?: boolean | undefined
  /** Estimated run time. */
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
 * A whole node; every share is at least 1. Integers make N shares of 1/N fit exactly. 31 bits,
 * because V8 stores larger numbers as objects.
 */
export const OCCUPANCY_UNITS = 2 ** 30
/** Maximum number of jobs per node: with more, rounding would admit an extra job. */
export const MOST_PACKED = 2 ** 15

/** Cores per node: ranks times threads divided by threads per core, rounded up. */
export function countCoresPerNode(request: PlacementRequest): number {
  return Math.max(1, Math.ceil((request.ranksPerNode * request.threadsPerRank) / request.threadsPerCore))
}

export function countGpusPerNode(request: PlacementRequest): number {
  return request.ranksPerNode * request.gpusPerRank
}

/** The part of a node of this shape that the request takes. */
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

/** True if an empty node of this shape fits the request. */
export function fitsShape(request: PlacementRequest, shape: NodeShape): boolean {
  const cores = request.packing === undefined ? countCoresPerNode(request) : 0
  return (
    cores <= shape.cores &&
    countGpusPerNode(request) <= shape.gpus &&
    (request.memoryMiBPerNode ?? 0) <= (shape.memoryMiB ?? Infinity)
  )
}

/** True if the need fits into the free resources. */
export function isWithin(need: FreeResources, free: FreeResources): boolean {
  return (
    need.cores <= free.cores &&
    need.gpus <= free.gpus &&
    need.memoryMiB <= free.memoryMiB &&
    need.occupancy <= free.occupancy
  )
}

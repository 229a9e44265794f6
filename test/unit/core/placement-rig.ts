/** Requests, nodes and starts for the tests of placement. */
import type { NodeShape, PlacementRequest } from '../../../src/core/placement/node-need.ts'
import type { Assignment, NodePool } from '../../../src/core/placement/node-pool.ts'
import { type RunningJob, chooseStarts as chooseFrom, reserveNodes } from '../../../src/core/placement/placement.ts'
import { type Waiting, WaitingLine } from '../../../src/core/placement/waiting-line.ts'

export const ask = (change: Partial<PlacementRequest> = {}): PlacementRequest => ({
  id: 'job',
  nodes: 1,
  ranksPerNode: 1,
  threadsPerRank: 1,
  threadsPerCore: 1,
  gpusPerRank: 0,
  wallSeconds: 60,
  priority: 0,
  ...change,
})

export const makeNodes = (count: number, shape: Partial<NodeShape> = {}): NodeShape[] =>
  Array.from({ length: count }, (_, at) => ({ name: `n${at}`, cores: 4, gpus: 0, ...shape }))

export const placeIn = (pool: NodePool, request: PlacementRequest): Assignment | undefined => {
  const nodes = pool.findNodes(request)
  return nodes && pool.place(request, nodes)
}

export const canPlace = (pool: NodePool, request: PlacementRequest): boolean => pool.findNodes(request) !== undefined

export const place = (pool: NodePool, change: Partial<PlacementRequest> = {}): Assignment => {
  const assignment = placeIn(pool, ask(change))
  if (assignment === undefined) throw new Error('no room')
  return assignment
}

/** The jobs of a queue, in any order, that start: between equals, the lower id is first. */
export function chooseStarts(
  queue: readonly PlacementRequest[],
  pool: NodePool,
  timeLeftSeconds: number,
  running: readonly RunningJob[],
) {
  const line = new WaitingLine<Waiting>()
  const sorted = [...queue].sort((a, b) => (a.id < b.id ? -1 : 1))
  for (const [order, request] of sorted.entries()) line.push({ request, order })
  const starts: { readonly request: PlacementRequest; readonly assignment: Assignment }[] = []
  const reservation = chooseFrom(
    line,
    pool,
    timeLeftSeconds,
    (request) => {
      const started = starts.map(({ request: { wallSeconds }, assignment }) => ({
        assignment,
        endsInSeconds: wallSeconds,
      }))
      return reserveNodes(request, pool, [...running, ...started])
    },
    ({ request }, assignment) => starts.push({ request, assignment }),
  )
  return { starts, reservation }
}

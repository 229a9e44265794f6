/** Placement over the life of an allocation. */
import { describe, expect, test } from 'vitest'
import type { NodeShape, PlacementRequest } from '../../../src/core/placement/node-need.ts'
import { type Assignment, NodePool } from '../../../src/core/placement/node-pool.ts'
import { ask, chooseStarts, makeNodes } from './placement-rig.ts'

/**
 * Plays an allocation: jobs arrive, start as chosen, and end after `lasts` seconds, whatever their
 * wall time says.
 * @returns when each job started
 */
function simulate(
  nodes: readonly NodeShape[],
  arrivals: readonly { at: number; request: PlacementRequest }[],
  lasts: (request: PlacementRequest) => number,
) {
  const pool = new NodePool(nodes)
  const startedAt = new Map<string, number>()
  const cores = nodes.reduce((sum, node) => sum + node.cores, 0)
  let running: { request: PlacementRequest; assignment: Assignment; endsAt: number; expectedAt: number }[] = []
  let queue: PlacementRequest[] = []
  let used = 0
  let now = 0
  let next = 0
  const upcoming = [...arrivals].sort((a, b) => a.at - b.at)
  while (next < upcoming.length || running.length > 0) {
    now = Math.min(upcoming[next]?.at ?? Infinity, ...running.map((job) => job.endsAt))
    for (const job of running) if (job.endsAt <= now) pool.release(job.assignment)
    running = running.filter((job) => job.endsAt > now)
    for (let arrival = upcoming[next]; arrival !== undefined && arrival.at <= now; arrival = upcoming[++next]) {
      queue.push(arrival.request)
    }
    const listed = running.map((job) => ({ assignment: job.assignment, endsInSeconds: job.expectedAt - now }))
    for (const { request, assignment } of chooseStarts(queue, pool, Infinity, listed).starts) {
      startedAt.set(request.id, now)
      const seconds = lasts(request)
      running.push({ request, assignment, endsAt: now + seconds, expectedAt: now + request.wallSeconds })
      used += seconds * assignment.shares.reduce((sum, share) => sum + share.coreIds.length, 0)
    }
    queue = queue.filter((request) => !startedAt.has(request.id))
  }
  return { startedAt, waiting: queue, utilization: used / (cores * now) }
}

describe('simulations', () => {
  /** A narrow job every second, for ever as far as the wide one is concerned. */
  const stream = (seconds: number, wallSeconds: number) =>
    Array.from({ length: seconds }, (_, at) => ({
      at,
      request: ask({ id: `s${at}`, threadsPerRank: 2, wallSeconds, priority: 0 }),
    }))

  test.each([
    ['true', 40],
    ['ten times too short', 4],
    ['ten times too long', 400],
  ])('a wide job of the same priority does not starve when wall times are %s', (_, wallSeconds) => {
    const wide = { at: 50, request: ask({ id: 'wide', nodes: 8, exclusive: true, wallSeconds: 10 }) }
    const { startedAt, waiting } = simulate(makeNodes(8), [...stream(600, wallSeconds), wide], () => 40)
    expect(waiting).toEqual([])
    // Nothing new may stay on its nodes from then on, so the last of those that ran when it came
    // decides.
    expect(startedAt.get('wide')).toBeLessThanOrEqual(50 + 2 * 40)
  })

  test('the reserved job starts no later than promised, when wall times are true', () => {
    const spread = Array.from({ length: 8 }, (_, at) => ({
      at: 0,
      request: ask({ id: `r${at}`, exclusive: true, priority: 1, wallSeconds: 10 * (at + 1) }),
    }))
    const wide = { at: 1, request: ask({ id: 'wide', nodes: 6, exclusive: true, wallSeconds: 30 }) }
    const { startedAt } = simulate(
      makeNodes(8),
      [...spread, ...stream(300, 25).map((job) => ({ ...job, at: job.at + 1 })), wide],
      (job) => job.wallSeconds,
    )
    expect(startedAt.get('wide')).toBe(60)
  })

  test('10,000 nodes: everything runs, serial and MPI side by side', () => {
    const nodes = Array.from({ length: 10_000 }, (_, at) => ({
      name: `n${at}`,
      cores: 64,
      gpus: 4,
      memoryMiB: 256_000,
    }))
    const arrivals = Array.from({ length: 6000 }, (_, at) => {
      const kind = at % 20
      const change: Partial<PlacementRequest> =
        kind === 0
          ? { nodes: 1 + (at % 1024), exclusive: true }
          : kind < 4
            ? { nodes: 2, ranksPerNode: 4, gpusPerRank: 1, memoryMiBPerNode: 100_000 }
            : { packing: 1 + (at % 8) }
      return { at: at % 5, request: ask({ id: `j${at}`, ...change, wallSeconds: 100 * (1 + (at % 3)) }) }
    })
    const { startedAt, waiting, utilization } = simulate(nodes, arrivals, (job) => job.wallSeconds)
    expect(waiting).toEqual([])
    expect(startedAt.size).toBe(6000)
    expect(utilization).toBeGreaterThan(0.7)
  })
})

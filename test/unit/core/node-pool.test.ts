import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import {
  type NodeShape,
  type PlacementRequest,
  OCCUPANCY_UNITS,
  countCoresPerNode,
  measureNeed,
} from '../../../src/core/placement/node-need.ts'
import { type Assignment, NodePool } from '../../../src/core/placement/node-pool.ts'
import { requestOf } from '../../../src/core/placement/placement-request.ts'
import { decodeSpec } from '../../../src/core/job/job-spec.ts'
import { ask, canPlace, makeNodes, place, placeIn } from './placement-rig.ts'

describe('NodePool', () => {
  test('hands out numbered cores and GPUs, fills a node before the next', () => {
    const pool = new NodePool(makeNodes(2, { gpus: 2, coreIds: [8, 9, 10, 11], gpuIds: ['GPU-a', 'GPU-b'] }))
    const first = place(pool, { ranksPerNode: 2, gpusPerRank: 1 })
    expect(first.shares).toEqual([
      {
        node: 0,
        name: 'n0',
        coreIds: [8, 9],
        gpuIds: ['GPU-a', 'GPU-b'],
        memoryMiB: 0,
        occupancy: OCCUPANCY_UNITS / 2,
      },
    ])
    expect(place(pool, { threadsPerRank: 2 }).shares[0]).toMatchObject({ name: 'n0', coreIds: [10, 11], gpuIds: [] })
    expect(place(pool, { gpusPerRank: 1 }).shares[0]).toMatchObject({ name: 'n1', coreIds: [8], gpuIds: ['GPU-a'] })
    pool.release(first)
    expect(place(pool).shares[0]).toMatchObject({ name: 'n0', coreIds: [8] })
    expect(() => pool.release(first)).toThrow('job holds nothing')
  })

  test('threads share cores, rounded up', () => {
    expect(countCoresPerNode(ask({ ranksPerNode: 3, threadsPerRank: 1, threadsPerCore: 2 }))).toBe(2)
  })

  test('exclusive jobs take whole nodes, with everything on them', () => {
    const pool = new NodePool(makeNodes(3, { gpus: 1 }))
    place(pool)
    const whole = place(pool, { nodes: 2, exclusive: true })
    expect(whole.shares.map((share) => [share.name, share.coreIds.length, share.gpuIds])).toEqual([
      ['n1', 4, ['0']],
      ['n2', 4, ['0']],
    ])
    expect(canPlace(pool, ask({ exclusive: true }))).toBe(false)
    expect(canPlace(pool, ask({ threadsPerRank: 3 }))).toBe(true)
  })

  test.each([1, 2, 3, 7, 64, 300])('%d packed jobs fill a node, and one more does not fit', (packing) => {
    const pool = new NodePool(makeNodes(1, { cores: 64 }))
    for (let job = 0; job < packing; job++) {
      expect(place(pool, { packing }).shares[0]?.coreIds).toHaveLength(Math.floor(64 / packing))
    }
    expect(canPlace(pool, ask({ packing }))).toBe(false)
    expect(canPlace(pool, ask())).toBe(false)
  })

  test.prop([fc.oneof(fc.integer({ min: 2, max: 100_000 }), fc.integer({ min: 2, max: 1e9 }))])(
    'whatever number of packed jobs is asked for, no more than that fill a node, nor more than 32,768',
    (count) => {
      const request = requestOf('w/a', decodeSpec({ application: 'a', node_packing_count: count }))
      const { occupancy } = measureNeed(request, { name: 'n', cores: 64, gpus: 0 })
      expect(Math.floor(OCCUPANCY_UNITS / occupancy)).toBe(Math.min(count, 32_768))
    },
  )

  test('packings mix: a half, a third and a sixth', () => {
    const pool = new NodePool(makeNodes(1, { cores: 6 }))
    for (const packing of [2, 3, 6]) place(pool, { packing })
    expect(canPlace(pool, ask({ packing: 1000 }))).toBe(false)
  })

  test('memory is counted where it is known', () => {
    const known = new NodePool(makeNodes(1, { memoryMiB: 1000 }))
    const held = place(known, { memoryMiBPerNode: 600 })
    expect(canPlace(known, ask({ memoryMiBPerNode: 600 }))).toBe(false)
    known.release(held)
    expect(canPlace(known, ask({ memoryMiBPerNode: 1000 }))).toBe(true)
    expect(canPlace(new NodePool(makeNodes(1)), ask({ memoryMiBPerNode: 1e9 }))).toBe(true)
  })

  test('a driver of no nodes always has room', () => {
    const pool = new NodePool(makeNodes(1))
    place(pool, { exclusive: true })
    expect(place(pool, { nodes: 0 }).shares).toEqual([])
  })

  test('a dead node is not used again, also after its jobs are released', () => {
    const pool = new NodePool(makeNodes(2))
    const held = place(pool, { nodes: 2, exclusive: true })
    expect(pool.removeNode('n0')).toBe(true)
    expect(pool.removeNode('n0')).toBe(false)
    pool.release(held)
    expect(pool.nodes.map((node) => node.name)).toEqual(['n1'])
    expect(place(pool).shares[0]?.name).toBe('n1')
    expect(canPlace(pool, ask({ nodes: 2 }))).toBe(false)
  })

  const shape = fc.record({
    cores: fc.integer({ min: 1, max: 70 }),
    gpus: fc.nat(4),
    memoryMiB: fc.option(fc.integer({ min: 1, max: 100 }), { nil: undefined }),
  })
  const request = fc.record({
    nodes: fc.nat(4),
    ranksPerNode: fc.integer({ min: 1, max: 4 }),
    threadsPerRank: fc.integer({ min: 1, max: 20 }),
    threadsPerCore: fc.integer({ min: 1, max: 2 }),
    gpusPerRank: fc.nat(1),
    memoryMiBPerNode: fc.option(fc.nat(50), { nil: undefined }),
    packing: fc.option(fc.integer({ min: 1, max: 100 }), { nil: undefined }),
    exclusive: fc.boolean(),
  })
  const step = fc.oneof(
    { weight: 6, arbitrary: request.map((change) => ({ kind: 'place' as const, change })) },
    { weight: 3, arbitrary: fc.nat(1000).map((pick) => ({ kind: 'release' as const, pick })) },
    { weight: 1, arbitrary: fc.nat(1000).map((pick) => ({ kind: 'remove' as const, pick })) },
  )

  test.prop([fc.array(shape, { minLength: 1, maxLength: 9 }), fc.array(step, { maxLength: 80 })])(
    'gives nothing twice, finds room exactly where there is some, and gets everything back',
    (shapes, steps) => {
      const nodes = shapes.map((node, at) => ({ name: `n${at}`, ...node }))
      const pool = new NodePool(nodes)
      const live: { request: PlacementRequest; assignment: Assignment }[] = []
      const down = new Set<number>()
      for (const action of steps) {
        if (action.kind === 'remove') {
          pool.removeNode(`n${action.pick % nodes.length}`)
          down.add(action.pick % nodes.length)
        } else if (action.kind === 'release') {
          const [gone] = live.splice(action.pick % Math.max(1, live.length), 1)
          if (gone !== undefined) pool.release(gone.assignment)
        } else {
          const wanted = ask({ ...action.change, exclusive: action.change.exclusive })
          const room = nodes.filter((_, node) => !down.has(node) && hasRoom(wanted, node, nodes, live)).length
          const assignment = placeIn(pool, wanted)
          expect(assignment !== undefined).toBe(room >= wanted.nodes)
          if (assignment !== undefined) live.push({ request: wanted, assignment })
        }
        checkHeld(nodes, live)
        expect(pool.liveCount).toBe(live.length)
      }
      for (const { assignment } of live) pool.release(assignment)
      for (const [node, { cores, gpus, memoryMiB = Infinity }] of nodes.entries()) {
        const free = { cores, gpus, memoryMiB, occupancy: OCCUPANCY_UNITS }
        expect(pool.readFree(node)).toEqual(down.has(node) ? undefined : free)
      }
    },
  )

  type Live = readonly { request: PlacementRequest; assignment: Assignment }[]

  /** The same question, answered without the pool. */
  function hasRoom(request: PlacementRequest, node: number, nodes: readonly NodeShape[], live: Live): boolean {
    const shape = nodes[node]
    if (shape === undefined) return false
    const held = live.flatMap(({ assignment }) => assignment.shares.filter((share) => share.node === node))
    if (request.exclusive === true && held.length > 0) return false
    const sum = (count: (share: (typeof held)[number]) => number) =>
      held.reduce((total, share) => total + count(share), 0)
    const need = measureNeed(request, shape)
    const least = request.packing === undefined ? countCoresPerNode(request) : 0
    return (
      Math.max(least, need.cores) <= shape.cores - sum((share) => share.coreIds.length) &&
      request.ranksPerNode * request.gpusPerRank <= shape.gpus - sum((share) => share.gpuIds.length) &&
      need.memoryMiB <= (shape.memoryMiB ?? Infinity) - sum((share) => share.memoryMiB) &&
      need.occupancy <= OCCUPANCY_UNITS - sum((share) => share.occupancy)
    )
  }

  function checkHeld(nodes: readonly NodeShape[], live: Live): void {
    for (const [node, shape] of nodes.entries()) {
      const held = live.flatMap(({ request, assignment }) =>
        assignment.shares.filter((share) => share.node === node).map((share) => ({ request, share })),
      )
      const cores = held.flatMap(({ share }) => share.coreIds)
      const gpus = held.flatMap(({ share }) => share.gpuIds)
      expect(new Set(cores).size).toBe(cores.length)
      expect(new Set(gpus).size).toBe(gpus.length)
      expect(cores.every((id) => id < shape.cores) && gpus.every((id) => Number(id) < shape.gpus)).toBe(true)
      if (held.some(({ request }) => request.exclusive === true)) expect(held).toHaveLength(1)
    }
    for (const { request, assignment } of live) {
      expect(new Set(assignment.shares.map((share) => share.node)).size).toBe(request.nodes)
    }
  }
})

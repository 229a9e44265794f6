import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'

import {
  type NodeShape,
  OCCUPANCY_UNITS,
  type PlacementRequest,
  countCoresPerNode,
  measureNeed,
} from '../../../src/core/placement/node-need.ts'
import { type Assignment, NodePool } from '../../../src/core/placement/node-pool.ts'
import {
  type RunningJob,
  chooseStarts as chooseFrom,
  explainUnfit,
  reserveNodes,
} from '../../../src/core/placement/placement.ts'
import { compareUrgency, requestOf } from '../../../src/core/placement/placement-request.ts'
import { decodeSpec } from '../../../src/core/job/job-spec.ts'
import { type Waiting, WaitingLine } from '../../../src/core/placement/waiting-line.ts'

const ask = (change: Partial<PlacementRequest> = {}): PlacementRequest => ({
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

const makeNodes = (count: number, shape: Partial<NodeShape> = {}): NodeShape[] =>
  Array.from({ length: count }, (_, at) => ({ name: `n${at}`, cores: 4, gpus: 0, ...shape }))

const placeIn = (pool: NodePool, request: PlacementRequest): Assignment | undefined => {
  const nodes = pool.findNodes(request)
  return nodes && pool.place(request, nodes)
}

const canPlace = (pool: NodePool, request: PlacementRequest): boolean => pool.findNodes(request) !== undefined

const place = (pool: NodePool, change: Partial<PlacementRequest> = {}): Assignment => {
  const assignment = placeIn(pool, ask(change))
  if (assignment === undefined) throw new Error('no room')
  return assignment
}

/** What starts of a queue, in whatever order it comes: between equals, the lower id is first. */
function chooseStarts(
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

describe('compareUrgency', () => {
  test('priority, then widest, then longest', () => {
    const jobs = [
      ask({ id: 'a' }),
      ask({ id: 'b' }),
      ask({ id: 'long', wallSeconds: 90 }),
      ask({ id: 'half', packing: 2 }),
      ask({ id: 'cores', threadsPerRank: 4 }),
      ask({ id: 'whole', exclusive: true }),
      ask({ id: 'wide', nodes: 2, wallSeconds: 1 }),
      ask({ id: 'first', priority: 1, wallSeconds: 1 }),
    ]
    expect(jobs.sort(compareUrgency).map((job) => job.id)).toEqual([
      'first',
      'wide',
      'whole',
      'cores',
      'half',
      'long',
      'a',
      'b',
    ])
  })
})

describe('chooseStarts', () => {
  const run = (assignment: Assignment, endsInSeconds: number): RunningJob => ({ assignment, endsInSeconds })
  const ids = (choice: { starts: readonly { request: PlacementRequest }[] }) =>
    choice.starts.map(({ request }) => request.id)

  test('a job starts only if it can end in time', () => {
    const queue = [ask({ id: 'short' }), ask({ id: 'long', wallSeconds: 61 })]
    expect(ids(chooseStarts(queue, new NodePool(makeNodes(1)), 60, []))).toEqual(['short'])
  })

  test('backfill starts what ends before the wide job`s turn and nothing else', () => {
    const pool = new NodePool(makeNodes(2))
    const running = [run(place(pool, { exclusive: true }), 100)]
    const queue = [
      ask({ id: 'wide', nodes: 2, exclusive: true }),
      ask({ id: 'longer', wallSeconds: 101 }),
      ask({ id: 'fits', wallSeconds: 100 }),
    ]
    const choice = chooseStarts(queue, pool, Infinity, running)
    expect(ids(choice)).toEqual(['fits'])
    expect(choice.reservation).toMatchObject({ startsInSeconds: 100, request: { id: 'wide' } })
  })

  test('a longer job may take what the reservation leaves', () => {
    const pool = new NodePool(makeNodes(1))
    const running = [run(place(pool, { threadsPerRank: 2 }), 100)]
    // At 100 s all 4 cores are free and 3 of them reserved: one long job fits beside, a second does not.
    const queue = [ask({ id: 'big', threadsPerRank: 3 }), ...['a', 'b'].map((id) => ask({ id, wallSeconds: 1000 }))]
    expect(ids(chooseStarts(queue, pool, Infinity, running))).toEqual(['a'])
  })

  test('the reservation keeps the nodes that are free first, the others are for anybody', () => {
    const pool = new NodePool(makeNodes(3))
    const running = [100, 50].map((ends) => run(place(pool, { exclusive: true }), ends))
    const queue = [ask({ id: 'wide', nodes: 2, exclusive: true }), ask({ id: 'long', wallSeconds: 1000 })]
    expect(chooseStarts(queue, pool, Infinity, running).reservation?.spare.has(0)).toBe(false)
    const again = new NodePool(makeNodes(3))
    const held = [100, 50].map((ends) => run(place(again, { threadsPerRank: 4 }), ends))
    const half = place(again, { threadsPerRank: 2 })
    const reservation = reserveNodes(ask({ nodes: 2, exclusive: true }), again, [...held, run(half, 10)])
    expect([...(reservation?.spare.keys() ?? [])]).toEqual([2, 1])
    expect(reservation?.startsInSeconds).toBe(50)
  })

  test('a node that is free comes before one whose job has overrun', () => {
    const pool = new NodePool(makeNodes(3))
    const [first, free, last] = [0, 1, 2].map(() => place(pool, { exclusive: true }))
    if (first === undefined || free === undefined || last === undefined) throw new Error('no room')
    pool.release(free)
    const reservation = reserveNodes(ask({ nodes: 2, exclusive: true }), pool, [run(first, -5), run(last, -5)])
    expect([...(reservation?.spare.keys() ?? [])]).toEqual([1, 0])
    expect(reservation?.startsInSeconds).toBe(0)
  })

  test('a smaller share of a node starts where a bigger one has no room', () => {
    const pool = new NodePool(makeNodes(1, { cores: 8 }))
    const running = [run(place(pool, { threadsPerRank: 5 }), 100)]
    const queue = [ask({ id: 'half', packing: 2 }), ask({ id: 'quarter', packing: 4 })]
    expect(ids(chooseStarts(queue, pool, Infinity, running))).toEqual(['quarter'])
  })

  test('a job that could not end in this allocation holds nobody up', () => {
    const pool = new NodePool(makeNodes(2))
    const running = [run(place(pool, { exclusive: true }), 100)]
    const queue = [
      ask({ id: 'wide', nodes: 2, exclusive: true, wallSeconds: 60 }),
      ask({ id: 'long', wallSeconds: 150 }),
    ]
    expect(ids(chooseStarts(queue, pool, 159, running))).toEqual(['long'])
  })

  test('a job that never fits holds nobody up', () => {
    const queue = [ask({ id: 'impossible', nodes: 3 }), ask({ id: 'a' })]
    expect(ids(chooseStarts(queue, new NodePool(makeNodes(2)), Infinity, []))).toEqual(['a'])
  })

  test('any number of wide jobs that wait keeps no room from a narrow one', () => {
    const pool = new NodePool(makeNodes(3))
    const running = [run(place(pool, { exclusive: true }), 100)]
    const wide = Array.from({ length: 500 }, (_, at) =>
      ask({ id: `w${at}`, nodes: 3, exclusive: true, wallSeconds: 1000 + at }),
    )
    const queue = [...wide, ask({ id: 'long', wallSeconds: 101 }), ask({ id: 'short', wallSeconds: 100 })]
    expect(ids(chooseStarts(queue, pool, Infinity, running))).toEqual(['short'])
  })

  test('nodes of overrun jobs drain for the wide job', () => {
    const pool = new NodePool(makeNodes(2))
    const running = [0, 1].map(() => run(place(pool, { threadsPerRank: 3 }), -5))
    const queue = [ask({ id: 'wide', nodes: 2, exclusive: true }), ask({ id: 'narrow', wallSeconds: 1 })]
    expect(ids(chooseStarts(queue, pool, Infinity, running))).toEqual([])
  })

  const waiting = fc.array(
    fc.record({
      nodes: fc.integer({ min: 1, max: 4 }),
      threadsPerRank: fc.integer({ min: 1, max: 4 }),
      packing: fc.option(fc.integer({ min: 1, max: 8 }), { nil: undefined }),
      exclusive: fc.boolean(),
      wallSeconds: fc.integer({ min: 1, max: 100 }),
      priority: fc.nat(2),
    }),
    { maxLength: 40 },
  )

  test.prop([waiting, fc.integer({ min: 0, max: 120 }), fc.infiniteStream(fc.nat(1000))])(
    'the order of the queue does not matter, and nothing outlives the allocation',
    (changes, timeLeft, order) => {
      const queue = changes.map((change, at) => ask({ id: `j${at}`, ...change }))
      const shuffled = queue.map((job) => ({ job, key: order.next().value })).sort((a, b) => a.key - b.key)
      const choose = (jobs: readonly PlacementRequest[]) => chooseStarts(jobs, new NodePool(makeNodes(3)), timeLeft, [])
      const choice = choose(queue)
      expect(choose(shuffled.map(({ job }) => job))).toEqual(choice)
      for (const { request } of choice.starts) expect(request.wallSeconds).toBeLessThanOrEqual(timeLeft)
    },
  )

  test.prop([waiting, fc.nat(20)])(
    'no room is left that a job could take without delaying the reservation',
    (changes, busy) => {
      const queue = changes.map((change, at) => ask({ id: `j${at}`, ...change }))
      const pool = new NodePool(makeNodes(4))
      const running: RunningJob[] = []
      for (let at = 0; at < busy; at++) {
        const assignment = placeIn(pool, ask())
        if (assignment !== undefined) running.push(run(assignment, 10 + ((at * 37) % 50)))
      }
      const { starts, reservation } = chooseStarts(queue, pool, Infinity, running)
      const started = new Set(starts.map(({ request }) => request.id))
      const left = queue.filter((job) => !started.has(job.id))
      if (reservation === undefined) {
        for (const job of left) expect(canPlace(pool, job)).toBe(false)
        return
      }
      // With everything ended that is expected to have, the reserved job fits on its nodes.
      const early = [...running, ...starts.map(({ request, assignment }) => run(assignment, request.wallSeconds))]
      for (const { assignment, endsInSeconds } of early) {
        if (endsInSeconds <= reservation.startsInSeconds) pool.release(assignment)
      }
      expect(canPlace(pool, reservation.request)).toBe(true)
    },
  )
})

/**
 * Plays an allocation: jobs arrive, start as chosen, and end after `lasts` seconds, whatever their wall time says.
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
    // Nothing new may stay on its nodes from then on, so the last of those that ran when it came decides.
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

describe('explainUnfit', () => {
  const nodes = [...makeNodes(2, { memoryMiB: 1000 }), { name: 'big', cores: 8, gpus: 2, memoryMiB: 4000 }]

  test.each<[Partial<PlacementRequest>, string, string]>([
    [{ nodes: 4 }, 'too-wide', 'needs 4 nodes, the allocation has 3'],
    [{ threadsPerRank: 9 }, 'too-many-cores', 'needs 9 cores per node, no node of the allocation has that many'],
    [
      { nodes: 2, threadsPerRank: 8 },
      'too-many-cores',
      'needs 8 cores per node, only 1 node of the allocation has that many',
    ],
    [{ gpusPerRank: 3 }, 'too-many-gpus', 'needs 3 GPUs per node, no node of the allocation has that many'],
    [{ memoryMiBPerNode: 5000 }, 'too-much-memory', 'needs 5000 MiB per node, no node of the allocation has that much'],
    [{ wallSeconds: 601 }, 'too-long', 'needs 601 s, the allocation has 600 s left'],
  ])('%j', (change, reason, message) => {
    expect(explainUnfit(ask(change), nodes, 600)).toEqual({ reason, message })
  })

  test('no single reason', () => {
    const mixed = [
      { name: 'a', cores: 8, gpus: 0 },
      { name: 'b', cores: 1, gpus: 2 },
    ]
    expect(explainUnfit(ask({ threadsPerRank: 4, gpusPerRank: 1 }), mixed)?.reason).toBe('too-wide')
  })

  test('fits', () => {
    expect(explainUnfit(ask({ threadsPerRank: 8, gpusPerRank: 2, wallSeconds: 600 }), nodes, 600)).toBeUndefined()
    expect(explainUnfit(ask({ packing: 500, threadsPerRank: 500 }), nodes)).toBeUndefined()
  })
})

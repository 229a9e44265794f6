import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import type { PlacementRequest } from '../../../src/core/placement/node-need.ts'
import { type Assignment, NodePool } from '../../../src/core/placement/node-pool.ts'
import { type RunningJob, explainUnfit, reserveNodes } from '../../../src/core/placement/placement.ts'
import { compareUrgency } from '../../../src/core/placement/placement-request.ts'
import { ask, canPlace, chooseStarts, makeNodes, place, placeIn } from './placement-rig.ts'

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
    // At 100 s all 4 cores are free and 3 of them reserved: one long job fits beside, a second does
    // not.
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

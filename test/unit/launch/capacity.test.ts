/** The launcher's own queue and capacity, hour after hour on a clock of the test's. */
import { fc, test } from '@fast-check/vitest'
import { describe, expect } from 'vitest'
import { SimulatedLauncher } from '../../rig/simulated-launcher.ts'
import { ask } from '../core/placement-rig.ts'

const NODES = 6
const LONGEST = 60
const LONGEST_WALL = 300

const narrow = fc.record({
  threadsPerRank: fc.integer({ min: 1, max: 4 }),
  gpusPerRank: fc.integer({ min: 0, max: 2 }),
  packing: fc.option(fc.integer({ min: 1, max: 4 }), { nil: undefined }),
  wallSeconds: fc.integer({ min: 1, max: LONGEST_WALL }),
  seconds: fc.integer({ min: 1, max: LONGEST }),
})

describe('a launcher`s queue and capacity', () => {
  test.prop([fc.array(narrow, { minLength: 20, maxLength: 60 }), fc.integer({ min: 2, max: NODES }), fc.nat(100)], {
    numRuns: 10,
  })(
    'a wide job starts in time, whatever else comes and however wrong the wall times are; nothing is given out twice',
    (shapes, width, arrives) => {
      const nodes = Array.from({ length: NODES }, (_, at) => ({ name: `n${at}`, cores: 4, gpus: 2 }))
      const held = new Map<string, { readonly what: readonly string[]; readonly endsMs: number }>()
      let wideStartedMs = Infinity
      const launcher = new SimulatedLauncher(nodes, ({ requestId: id, shares }, nowMs, taken) => {
        if (id === 'wide') wideStartedMs = nowMs
        const what = shares.flatMap(({ name, coreIds, gpuIds }) => [
          ...coreIds.map((core) => `${name} core ${core}`),
          ...gpuIds.map((gpu) => `${name} GPU ${gpu}`),
        ])
        for (const [other, { what: theirs, endsMs }] of held) {
          if (endsMs <= nowMs) held.delete(other)
          else expect(theirs.filter((one) => what.includes(one))).toEqual([])
        }
        held.set(id, { what, endsMs: nowMs + taken * 1000 })
      })
      // There is always more than fits, so that only what is kept for it lets the wide job start.
      for (let time = 0, count = 0; time < arrives + LONGEST_WALL + 3 * LONGEST; time++) {
        while (launcher.nextEndMs <= time * 1000) launcher.endOne()
        launcher.nowMs = time * 1000
        for (let more = 0; more < 4; more++, count++) {
          const { seconds: taken, ...shape } = shapes[count % shapes.length] ?? { seconds: 1 }
          launcher.add([{ ...ask({ id: `s${count}`, ...shape }), seconds: taken }])
        }
        if (time === arrives) {
          launcher.add([{ ...ask({ id: 'wide', nodes: width, exclusive: true }), seconds: 10 }])
        }
        launcher.fill()
      }
      expect(wideStartedMs / 1000).toBeLessThanOrEqual(arrives + LONGEST_WALL + 2 * LONGEST)
    },
  )
})

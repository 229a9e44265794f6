import fs from 'node:fs'
import { fc, test as property } from '@fast-check/vitest'
import { describe, expect, test } from 'vitest'
import { decodeSpec } from '../../../src/core/job/job-spec.ts'
import { JobTally } from '../../../src/cli/watch/job-tally.ts'
import { lineText, renderWatch } from '../../../src/cli/watch/render-watch.ts'
import { SiteWatcher } from '../../../src/cli/watch/site-watcher.ts'
import { buildModel } from '../../../src/cli/watch/watch-model.ts'
import type { WatchModel } from '../../../src/cli/watch/watch-model.ts'
import type { JobEntry } from '../../../src/core/index/job-entry.ts'
import { STATES, type State, isEnded } from '../../../src/core/life/states.ts'
import { textWidth } from '../../../src/lib/text/text-width.ts'
import { endJob, makeFixture } from '../client/fixture.ts'

const NOW = Date.parse('2026-11-24T12:00:00Z')

function entry(id: string, state: State, secondsAgo = 0, more: Partial<JobEntry> = {}): JobEntry {
  const changed = new Date(NOW - secondsAgo * 1000).toISOString()
  return { id, born: changed, revision: 1, state, attempt: 1, changed, ...more }
}

describe('the tally', () => {
  property.prop([
    fc.array(fc.tuple(fc.integer({ min: 0, max: 9 }), fc.option(fc.constantFrom(...STATES), { nil: undefined }))),
  ])('counts what a reading of all jobs counts, whatever changed in whatever order', (changes) => {
    const tally = new JobTally(({ id }) => id !== 'w/0')
    const last = new Map<string, State>()
    for (const [number, state] of changes) {
      const id = `w/${number}`
      tally.set(id, state === undefined ? undefined : entry(id, state), NOW)
      if (state === undefined || number === 0) last.delete(id)
      else last.set(id, state)
    }
    expect(tally.total).toBe(last.size)
    for (const state of STATES)
      expect(tally.countOf(state)).toBe([...last.values()].filter((other) => other === state).length)
    expect(
      tally
        .failures()
        .map(({ id }) => id)
        .toSorted(),
    ).toEqual([...last].flatMap(([id, state]) => (state === 'FAILED' ? [id] : [])).toSorted())
  })

  test('tells the rate of the last minute, or, where little ends, of the last ten', () => {
    const often = new JobTally(() => true)
    for (let at = 0; at < 120; at++) often.set(`w/${at}`, entry(`w/${at}`, 'JOB_FINISHED', at / 2), NOW)
    for (let at = 0; at < 9; at++) often.set(`v/${at}`, entry(`v/${at}`, 'JOB_FINISHED', 500), NOW)
    expect(often.ratePerSecond(NOW)).toBeCloseTo(2, 0)
    const seldom = new JobTally(() => true)
    for (let at = 0; at < 10; at++) seldom.set(`w/${at}`, entry(`w/${at}`, 'FAILED', at * 50), NOW)
    expect(seldom.ratePerSecond(NOW)).toBeCloseTo(10 / 450, 3)
    seldom.set('w/old', entry('w/old', 'FAILED', 6000), NOW)
    expect(seldom.ratePerSecond(NOW)).toBeCloseTo(10 / 450, 3)
  })

  test('gives a launcher what its jobs hold: cores, parts of a node, whole nodes', () => {
    const tally = new JobTally(() => false)
    const at = { launcher: 'l' }
    tally.set(
      'w/a',
      entry('w/a', 'RUNNING', 0, { ...at, spec: decodeSpec({ ranks_per_node: 2, threads_per_rank: 3 }) }),
      NOW,
    )
    tally.set('w/b', entry('w/b', 'RUNNING', 0, { ...at, spec: decodeSpec({ num_nodes: 2 }) }), NOW)
    tally.set('w/c', entry('w/c', 'RUNNING', 0, { ...at, spec: decodeSpec({ node_packing_count: 4 }) }), NOW)
    tally.set('w/d', entry('w/d', 'JOB_FINISHED', 0, at), NOW)
    const launcher = { id: 'l', host: 'h', start: NOW, end: undefined, fate: '', gpus: 0 }
    const facts = { ...launcher, nodes: ['h', 'i', 'j', 'k'], cores: 32, deadline: NOW + 60_000 }
    const model = buildModel('s', '', tally, [facts, { ...facts, id: 'gone', end: NOW }], [], NOW)
    expect(model.total).toBe(0)
    expect(model.launchers).toEqual([
      { id: 'l', nodes: 4, running: 3, cores_used: 6 + 16 + 2, cores: 32, ends: '2026-11-24T12:01:00.000Z' },
    ])
    expect(model.launchers_ended).toBe(1)
  })
})

const word = fc.oneof(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.constant('計算の結果が出ません'))
const models: fc.Arbitrary<WatchModel> = fc
  .record({
    states: fc.dictionary(fc.constantFrom(...STATES), fc.integer({ min: 1, max: 1_000_000 })),
    failures: fc.array(fc.record({ id: word, time: fc.constant('2026-11-24T11:59:00Z'), reason: word, output: word })),
    launchers: fc.array(
      fc.record({
        id: word,
        nodes: fc.nat(5000),
        running: fc.nat(100_000),
        cores_used: fc.nat(1000),
        cores: fc.nat(1000),
        ends: fc.constantFrom(null, '2026-11-25T12:00:00Z'),
      }),
    ),
    per_second: fc.double({ min: 0, max: 1e4, noNaN: true }),
  })
  .map(({ states, ...rest }) => {
    const counts = Object.entries(states) as [State, number][]
    const total = counts.reduce((sum, [, count]) => sum + count, 0)
    const ended = counts.reduce((sum, [state, count]) => sum + (isEnded(state) ? count : 0), 0)
    const time = new Date(NOW).toISOString()
    const known = { site: '/a/site', filter: '', time, total, ended, ends: [0, 3, 1], estimated_end: null }
    return { ...known, states, ...rest, launchers_ended: 2 }
  })

describe('the screen', () => {
  property.prop([models, fc.integer({ min: 20, max: 200 }), fc.integer({ min: 1, max: 60 })])(
    'keeps to its width and height, whatever happens',
    (model, width, height) => {
      const lines = renderWatch(model, width, height)
      expect(lines.length).toBeLessThanOrEqual(height)
      for (const line of lines) expect(textWidth(lineText(line))).toBeLessThanOrEqual(width)
    },
  )

  test('says when it will be over, and what is missing when it never will', () => {
    const tally = new JobTally(() => true)
    for (let at = 0; at < 60; at++) tally.set(`w/${at}`, entry(`w/${at}`, 'JOB_FINISHED', at), NOW)
    for (let at = 0; at < 120; at++) tally.set(`v/${at}`, entry(`v/${at}`, 'READY'), NOW)
    const facts = { id: 'l', host: 'h', start: NOW, end: undefined, fate: '', gpus: 0, nodes: ['h'], cores: 2 }
    const running = buildModel('s', '', tally, [{ ...facts, deadline: undefined }], [], NOW)
    expect(Date.parse(running.estimated_end ?? '') - NOW).toBeCloseTo(120_000, -4)
    expect(textOf(running)).toMatch(/33 %\s+60 of 180 ended\n1\/s .*about 2 min left/)
    expect(textOf(running)).toContain('no time limit')
    expect(textOf(buildModel('s', '', tally, [], [], NOW))).toContain('no launcher is running: bjob launch')
  })

  test('leaves out of a full screen what happened longest ago, and says how much', () => {
    const failures = Array.from({ length: 30 }, (_, at) => ({
      id: `w/${at}`,
      time: new Date(NOW).toISOString(),
      reason: 'exit 1',
      output: '',
    }))
    const model = { ...buildModel('s', '', new JobTally(() => true), [], failures, NOW), total: 30, ended: 30 }
    // Not all that failed are kept for the screen.
    for (const failed of [30, 200]) {
      const text = renderWatch({ ...model, states: { FAILED: failed } }, 80, 20).map(lineText)
      expect(text).toHaveLength(20)
      const shown = text.filter((line) => line.includes('w/')).length
      expect(text.at(-1)).toBe(`  … ${failed - shown} more failures`)
    }
  })
})

function textOf(model: WatchModel): string {
  return renderWatch(model, 100, 40).map(lineText).join('\n')
}

test('the reason of a failure is read once it is in the folder, however early the journal tells of it', async () => {
  const { site, client } = await makeFixture()
  const { id } = await client.spawn({ name: 'a', application: 'hello' })
  const file = site.layout.job(id).state
  const before = fs.readFileSync(file, 'utf8')
  await endJob(site, id, 'FAILED', 'exit 3')
  const after = fs.readFileSync(file, 'utf8')
  fs.writeFileSync(file, before)
  const watcher = await SiteWatcher.open(site, {})
  const reasons = async (): Promise<string[]> => (await watcher.readFailures()).map(({ reason }) => reason)
  expect(await reasons()).toEqual([''])
  fs.writeFileSync(file, after)
  expect(await reasons()).toEqual(['exit 3'])
})

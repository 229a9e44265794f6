import { describe, expect, test } from 'vitest'
import {
  type LocalMeasurements,
  type PeerMeasurements,
  isFit,
  judgeLocal,
  judgePeer,
  suitableSettings,
} from '../../../src/site/doctor/file-system-fitness.ts'

const NFS = { type: 0x6969, isNetwork: true }
const RACE = { names: 60, doubles: 0, unclaimed: 0 }

const local: LocalMeasurements = {
  kind: NFS,
  exclusive: { value: RACE },
  rename: { value: { reads: 100, torn: 0, hidden: 0, isGoneNoticed: true, isFolderKept: true } },
  append: { value: { isSeen: true } },
  flush: { value: { medianMs: 2, mostMs: 5 } },
  stamps: { value: { grainMs: 1, serverAheadMs: 3 } },
  watch: { value: { isSeen: true } },
  locks: { value: { isExclusive: true } },
  latency: { value: { medianMs: 1, mostMs: 4, callsPerSecond: 2500 } },
}
const peer: PeerMeasurements = {
  host: 'c2',
  isSameMount: false,
  appendMs: { value: { medianMs: 4, mostMs: 8 } },
  nameMs: { value: { medianMs: 4, mostMs: 8 } },
  lateNameMs: { value: 5 },
  clock: { value: { aheadMs: 2, uncertainMs: 4 } },
  exclusive: { value: RACE },
  sharedAppend: { value: { lines: 200, lost: 0 } },
  watch: { value: { isSeen: false } },
  locks: { value: { isExclusive: true } },
}
const gradeOf = (checks: readonly { name: string; grade: string }[], name: string): string | undefined =>
  checks.find((check) => check.name === name)?.grade
const findingOf = (checks: readonly { name: string; finding: string }[], name: string): string =>
  checks.find((check) => check.name === name)?.finding ?? ''

describe('the verdict on a file system', () => {
  test('a good one is fit, and gets the defaults', () => {
    const checks = [...judgeLocal(local), ...judgePeer(peer, true)]
    expect(checks.filter(({ grade }) => grade !== 'ok').map(({ name }) => name)).toEqual(['inotify'])
    expect(isFit(checks)).toBe(true)
    expect(findingOf(checks, 'calls')).toContain('about 100 jobs a second')
    expect(suitableSettings(local, peer)).toEqual({ lease_seconds: 30, poll_seconds: 1, durability: 'node' })
  })

  test.each<[string, Partial<LocalMeasurements>]>([
    ['exclusive names', { exclusive: { value: { ...RACE, doubles: 1 } } }],
    ['rename', { rename: { value: { reads: 9, torn: 1, hidden: 0, isGoneNoticed: true, isFolderKept: true } } }],
    ['rename', { rename: { value: { reads: 9, torn: 0, hidden: 0, isGoneNoticed: false, isFolderKept: true } } }],
    ['rename', { rename: { value: { reads: 9, torn: 0, hidden: 0, isGoneNoticed: true, isFolderKept: false } } }],
    ['append', { append: { value: { isSeen: false } } }],
    ['flush', { flush: { problem: 'EINVAL' } }],
    ['inotify', { watch: { value: { isSeen: false } }, kind: { type: 0xef53, isNetwork: false } }],
    ['calls', { latency: { problem: 'no answer within 3.0 s' } }],
  ])('is bad for %s where jobs would be lost, run twice, or not run: %j', (name, worse) => {
    const checks = judgeLocal({ ...local, ...worse })
    expect(checks.filter(({ grade }) => grade === 'bad').map((check) => check.name)).toEqual([name])
    expect(isFit(checks)).toBe(false)
  })

  test.each<[string, Partial<LocalMeasurements>]>([
    ['exclusive names', { exclusive: { value: { ...RACE, unclaimed: 2 } } }],
    ['rename', { rename: { value: { reads: 9, torn: 0, hidden: 2, isGoneNoticed: true, isFolderKept: true } } }],
    ['flush', { flush: { value: { medianMs: 400, mostMs: 900 } } }],
    ['timestamps', { stamps: { value: { grainMs: 1000, serverAheadMs: 0 } } }],
    ['timestamps', { stamps: { value: { grainMs: 1, serverAheadMs: -60_000 } } }],
    ['inotify', { watch: { value: { isSeen: false } } }],
    ['kernel locks', { locks: { value: { isExclusive: false } } }],
    ['kernel locks', { locks: { problem: 'not tried' } }],
    ['calls', { latency: { value: { medianMs: 50, mostMs: 90, callsPerSecond: 20 } } }],
  ])('notes of %s what bjob copes with: %j', (name, worse) => {
    const checks = judgeLocal({ ...local, ...worse })
    expect(checks.filter(({ grade }) => grade === 'note').map((check) => check.name)).toEqual([name])
    expect(isFit(checks)).toBe(true)
  })

  test('two nodes: a skewed clock, lost lines and late names are noted, a name given to both is bad', () => {
    const checks = judgePeer(
      {
        ...peer,
        clock: { value: { aheadMs: 3_600_000, uncertainMs: 20 } },
        sharedAppend: { value: { lines: 200, lost: 97 } },
        lateNameMs: { value: Infinity },
        locks: { value: { isExclusive: false } },
      },
      true,
    )
    expect(checks.filter(({ grade }) => grade === 'note').map(({ name }) => name)).toEqual([
      'late names',
      'clocks',
      'one file, two nodes',
      'inotify',
      'kernel locks',
    ])
    expect(findingOf(checks, 'clocks')).toContain('3600.0 s ahead')
    expect(
      gradeOf(judgePeer({ ...peer, exclusive: { value: { ...RACE, doubles: 1 } } }, true), 'exclusive names'),
    ).toBe('bad')
  })

  test('a second node on what was taken for local is bad, the same mount is no second node', () => {
    expect(isFit(judgePeer(peer, false))).toBe(false)
    const same = judgePeer({ ...peer, isSameMount: true, watch: { value: { isSeen: true } } }, false)
    expect(gradeOf(same, 'other node')).toBe('note')
    expect(isFit(same)).toBe(true)
  })

  test('slow calls and late news make the lease longer and the polling rarer, within what bjob.yaml takes', () => {
    const slow = { ...local, latency: { value: { medianMs: 100, mostMs: 3000, callsPerSecond: 10 } } }
    expect(suitableSettings(slow, undefined)).toMatchObject({ lease_seconds: 60, poll_seconds: 5 })
    expect(suitableSettings(local, { ...peer, appendMs: { value: { medianMs: 1, mostMs: 5000 } } }).lease_seconds).toBe(
      100,
    )
    const awful = { ...local, latency: { value: { medianMs: 1e6, mostMs: 1e9, callsPerSecond: 0 } } }
    expect(suitableSettings(awful, undefined)).toMatchObject({ lease_seconds: 3600, poll_seconds: 60 })
    expect(suitableSettings({ ...local, flush: { problem: 'EINVAL' } }, undefined).durability).toBe('process')
  })
})

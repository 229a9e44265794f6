import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import type { JobState } from '../../../src/core/life/job-state.ts'
import { formatState } from '../../../src/core/life/state-document.ts'
import { type Disk, directDisk } from '../../../src/site/disk/disk.ts'
import { Layout } from '../../../src/site/disk/layout.ts'
import { commitState, readState } from '../../../src/site/job/revision.ts'
import { until as waitUntil } from '../../rig/until.ts'
import { findLeftovers } from '../../rig/tree.ts'
import { SuspendableDisk } from './suspendable-disk.ts'

const time = '2026-11-23T03:41:20.113Z'
const born: JobState = {
  state: 'CREATED',
  attempt: 0,
  revision: 1,
  history: [{ time, state: 'CREATED', message: 'born' }],
}

class TestJob implements Disposable {
  readonly folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bjob-revision-'))
  readonly paths = new Layout(this.folder).job('w/job')
  /** The result of each writer's announcements, by message. */
  readonly settled = new Map<string, boolean[]>()

  constructor() {
    fs.mkdirSync(this.paths.dir, { recursive: true })
    fs.writeFileSync(this.paths.state, formatState(born))
  }

  async change(disk: Disk, message: string, expected?: number): Promise<JobState | undefined> {
    return commitState(disk, this.paths, {
      decide: (current) => ({
        ...current,
        revision: current.revision + 1,
        history: [...current.history, { time, state: 'CREATED', message }],
      }),
      announce: async () => {
        // An announcement is a write to the journal: a call like the others.
        await disk.stat(this.folder)
        return { settle: (made) => void this.settled.set(message, [...(this.settled.get(message) ?? []), made]) }
      },
      ...(expected === undefined ? {} : { expected }),
    })
  }

  async messages(): Promise<string[]> {
    return (await readState(directDisk, this.paths)).history.map(({ message = '' }) => message)
  }

  leftovers(): string[] {
    return findLeftovers(this.paths.dir)
  }

  [Symbol.dispose](): void {
    fs.rmSync(this.folder, { recursive: true, force: true })
  }
}

async function countCalls(): Promise<number> {
  using job = new TestJob()
  const counting = new SuspendableDisk(0)
  await job.change(counting.disk, 'a', 1)
  return counting.calls
}

const calls = await countCalls()

describe('a change', () => {
  test('makes the next revision and leaves nothing behind', async () => {
    using job = new TestJob()
    expect((await job.change(directDisk, 'a'))?.revision).toBe(2)
    expect((await job.change(directDisk, 'b', 2))?.revision).toBe(3)
    // A wrong guess of the revision costs another look, no more.
    expect((await job.change(directDisk, 'c', 1))?.revision).toBe(4)
    expect((await job.change(directDisk, 'd', 9))?.revision).toBeGreaterThan(4)
    expect(await job.messages()).toEqual(['born', 'a', 'b', 'c', 'd'])
    expect(job.leftovers()).toEqual([])
  })

  test('that is none leaves everything as it was', async () => {
    using job = new TestJob()
    const before = fs.readFileSync(job.paths.state, 'utf8')
    const announce = () => Promise.reject(new Error('nothing is announced'))
    expect(await commitState(directDisk, job.paths, { decide: () => undefined, announce })).toBeUndefined()
    expect(fs.readFileSync(job.paths.state, 'utf8')).toBe(before)
    expect(job.leftovers()).toEqual([])
  })

  test('that cannot be announced is not made, and the next one works', async () => {
    using job = new TestJob()
    const decide = (current: JobState): JobState => ({ ...current, revision: current.revision + 1 })
    await expect(
      commitState(directDisk, job.paths, { decide, announce: () => Promise.reject(new Error('disk full')) }),
    ).rejects.toThrow('disk full')
    expect(await readState(directDisk, job.paths)).toEqual(born)
    await job.change(directDisk, 'next')
    expect(await job.messages()).toEqual(['born', 'next'])
    expect(job.leftovers()).toEqual([])
  })

  test('of a state.yaml that is torn is refused, and nothing is left behind but the claimed number', async () => {
    using job = new TestJob()
    fs.writeFileSync(job.paths.state, 'state: CREATED\n')
    await expect(job.change(directDisk, 'a')).rejects.toThrow('truncated')
    await expect(job.change(directDisk, 'a', 1)).rejects.toThrow('truncated')
    expect(job.leftovers().filter((name) => name.startsWith('.state-'))).toEqual([])
  })
})

describe('a writer that stops before its call', () => {
  test.each(Array.from({ length: calls }, (_, at) => at + 1))(
    '%i: others go on; woken an hour later, it undoes nothing and is done once',
    async (at) => {
      using job = new TestJob()
      const sleeper = new SuspendableDisk(at)
      const sleeping = job.change(sleeper.disk, 'sleeper', 1)
      await sleeper.suspended
      await job.change(directDisk, 'b')
      await job.change(directDisk, 'c')
      const before = await job.messages()
      expect(before.filter((message) => message !== 'sleeper')).toEqual(['born', 'b', 'c'])
      sleeper.wake()
      const made = await sleeping
      const after = await job.messages()
      expect(after.filter((message) => message !== 'sleeper')).toEqual(['born', 'b', 'c'])
      expect(after.filter((message) => message === 'sleeper')).toHaveLength(1)
      if (before.includes('sleeper')) expect(after).toEqual(before)
      // One of its announced changes was made and confirmed.
      expect(job.settled.get('sleeper')?.filter(Boolean)).toHaveLength(1)
      expect(made?.history.at(-1)?.message).toBe('sleeper')
      await job.change(directDisk, 'last')
      expect(job.leftovers().filter((name) => !name.startsWith('.revision-'))).toEqual([])
    },
  )

  test('and another that stops at every place behind it: the third still makes its change', async () => {
    for (let first = 1; first <= calls; first += 2) {
      using job = new TestJob()
      const sleepers = [new SuspendableDisk(first), new SuspendableDisk(((first * 5) % calls) + 1)]
      const sleeping = sleepers.map(({ disk }, index) => job.change(disk, `sleeper${index}`))
      await Promise.race(sleepers.map(({ suspended }) => suspended))
      await job.change(directDisk, 'third')
      for (const sleeper of sleepers) sleeper.wake()
      await Promise.all(sleeping)
      expect((await job.messages()).toSorted()).toEqual(['born', 'sleeper0', 'sleeper1', 'third'])
    }
  })
})

test('ten writers in one process, all believing that they hold the lock: each change is made once', async () => {
  using job = new TestJob()
  const names = Array.from({ length: 10 }, (_, at) => `w${at}`)
  await Promise.all(names.map((name) => job.change(directDisk, name)))
  const [first, ...rest] = await job.messages()
  expect(first).toBe('born')
  expect(rest.toSorted()).toEqual(names)
  expect(job.leftovers()).toEqual([])
})

test('a node that is shown an old state.yaml for a while does not make a revision again that another has made', async () => {
  using job = new TestJob()
  const staleMs = 400
  const writer: Disk = { ...directDisk, staleMs }
  const old = fs.readFileSync(job.paths.state, 'utf8')
  const changed = await job.change(writer, 'one', 1)
  const until = performance.now() + staleMs / 2
  const stale: Disk = {
    ...writer,
    readText: async (target) => (performance.now() < until ? old : directDisk.readText(target)),
  }
  expect([changed?.revision, (await job.change(stale, 'two', 1))?.revision]).toEqual([2, 3])
  expect(await job.messages()).toEqual(['born', 'one', 'two'])
  // The entry that had to stay is gone a while later.
  await waitUntil('the symlinks to go', () => fs.readdirSync(job.paths.dir).length === 1)
})

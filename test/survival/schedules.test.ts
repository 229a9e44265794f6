/**
 * Three writers of one job whose calls follow each other in any order that fast-check thinks of,
 * time included: a writer that waits may be woken early or late, so locks are broken and drafts
 * taken away while their owners live. The model: state.yaml only ever grows, one revision after the
 * other, and holds each change that was told as made just once.
 */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { array, assert as assertProperty, asyncProperty, boolean, integer, nat } from 'fast-check'
import { afterAll, expect, test } from 'vitest'
import { parseState } from '../../src/core/life/state-document.ts'
import type { JobState } from '../../src/core/life/job-state.ts'
import { type Disk, directDisk } from '../../src/site/disk/disk.ts'
import { changeJob } from '../../src/site/job/jobs.ts'
import { spawn } from './actors.ts'
import { useClock } from './fast-time.ts'
import { type Call, hookDisk } from './hooked-disk.ts'
import { checkPromises } from './promises.ts'
import { MINUTES, say } from './tally.ts'
import { World } from './world.ts'

/** Everything that waits for its turn: a call of a writer, or a sleeper. */
interface Turn {
  readonly go: () => void
  /** When a sleeper is due, on the scheduler's clock. */
  readonly due?: number
}

class Scheduler {
  readonly #turns: Turn[] = []
  #nowMs = 0

  readonly clock = {
    now: (): number => this.#nowMs,
    sleep: (ms: number): Promise<void> => this.#wait(this.#nowMs + ms),
  }

  async turn(): Promise<void> {
    await this.#wait()
  }

  #wait(due?: number): Promise<void> {
    return new Promise((resolve) => this.#turns.push({ go: resolve, ...(due === undefined ? {} : { due }) }))
  }

  /** Gives turns by `choices` until `work` is done. */
  async run(work: Promise<unknown>, choices: readonly number[]): Promise<void> {
    const progress = { isDone: false }
    const end = work.finally(() => (progress.isDone = true))
    for (let at = 0; !progress.isDone; at++) {
      // Whoever got its turn comes to its next call within a few rounds of the event loop.
      for (let round = 0; round < 4; round++) await new Promise((resolve) => setImmediate(resolve))
      if (this.#turns.length === 0) continue
      const choice = choices[at % choices.length] ?? 0
      const [chosen] = this.#turns.splice((choice + Math.floor(at / choices.length)) % this.#turns.length, 1)
      if (chosen?.due !== undefined) this.#nowMs = Math.max(this.#nowMs, chosen.due)
      chosen?.go()
    }
    await end
  }
}

const ID = 'wf/j1'
let runs = 0
let changes = 0

/**
 * A disk on which every writer gets the lock at once: it orders writers, and must not be what
 * decides.
 */
function withoutLocks(writer: string): Disk {
  const own = (target: string): string => (target.endsWith('/.lock') ? `${target}-${writer}` : target)
  return {
    ...directDisk,
    mkdir: async (target) =>
      target.endsWith('/.lock') ? directDisk.makeParents(own(target)) : directDisk.mkdir(target),
    rmdir: (target) => directDisk.rmdir(own(target)),
    stat: (target) => directDisk.stat(own(target)),
    utimes: (target, atime, mtime) => directDisk.utimes(own(target), atime, mtime),
  }
}

interface Made {
  readonly message: string
  readonly revision: number
}

async function play(choices: readonly number[], perWriter: number, isLocked: boolean): Promise<void> {
  runs += 1
  const world = await World.make()
  try {
    await world.as((site) => spawn(site, ['j1'], world.context()))
    await import('proper-lockfile')
    const scheduler = new Scheduler()
    useClock(scheduler.clock)
    const file = path.join(world.root, 'jobs', ID, 'state.yaml')
    const seen: JobState[] = [parseState(fs.readFileSync(file, 'utf8'), file)]
    const writers = ['a', 'b', 'c'].map(async (writer): Promise<Made[]> => {
      const disk = hookDisk(isLocked ? directDisk : withoutLocks(writer), {
        around: async <T>(call: Call, act: () => Promise<T>): Promise<T> => {
          await scheduler.turn()
          const result = await act()
          if (call.name === 'rename' && call.target === file) seen.push(parseState(fs.readFileSync(file, 'utf8'), file))
          return result
        },
        look: () => scheduler.turn(),
      })
      const site = world.open(disk)
      const made: Made[] = []
      for (let count = 1; count <= perWriter; count++) {
        const message = `${writer}${count}`
        const changed = await changeJob(site, ID, (current) => ({
          ...current,
          revision: current.revision + 1,
          history: [...current.history, { time: new Date().toISOString(), state: current.state, message }],
        }))
        if (changed !== undefined) made.push({ message, revision: changed.revision })
      }
      await site.close()
      return made
    })
    const all = Promise.all(writers)
    await scheduler.run(all, choices)
    useClock(undefined)
    const made = (await all).flat()
    changes += made.length
    for (const [index, state] of seen.entries()) {
      const before = seen[index - 1]
      if (before === undefined) continue
      assert.ok(
        state.revision > before.revision,
        `state.yaml went from revision ${before.revision} to ${state.revision}`,
      )
      assert.deepEqual(state.history.slice(0, before.history.length), before.history, 'a change was lost')
    }
    const told = made.map(({ message }) => message).sort()
    const kept = (seen.at(-1)?.history.slice(1) ?? []).map(({ message }) => message).sort()
    assert.deepEqual(kept, told, 'what was told as made and what is there differ')
    assert.equal(new Set(made.map(({ revision }) => revision)).size, made.length, 'a revision was made twice')
    await checkPromises(world)
  } finally {
    useClock(undefined)
    await world.remove()
  }
}

test('three writers in any order', async () => {
  await assertProperty(
    asyncProperty(array(nat(11), { minLength: 20, maxLength: 160 }), integer({ min: 1, max: 3 }), boolean(), play),
    { numRuns: 150 * MINUTES, endOnFailure: true },
  )
  expect(runs).toBeGreaterThan(0)
})

afterAll(() =>
  say(`SCHEDULES: ${runs} of three writers, ${changes} changes; a failure would be told above; lost: 0, double: 0`),
)

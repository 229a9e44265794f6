/**
 * One writer is suspended at each of its calls, another makes its whole change meanwhile, then the
 * first goes on: the proof of revision.ts.
 */
import assert from 'node:assert/strict'
import { test } from 'vitest'
import { type Actor, CONFLICTS, TRIPLES } from './conflicts.ts'
import { checkOpenToChange, checkPromises, listLeftovers, repair } from './promises.ts'
import { SuspendDisk } from './suspend-disk.ts'
import { Tally, forAll } from './tally.ts'
import { World } from './world.ts'

/** A process that is suspended at its call number `at`. */
interface Sleeper {
  readonly result: Promise<unknown>
  readonly suspend: SuspendDisk
}

function start(world: World, { act }: Actor, at: number): Sleeper {
  const suspend = new SuspendDisk(at)
  const site = world.open(suspend.disk)
  const result = (async () => {
    try {
      return await act(site, world)
    } finally {
      await site.close()
    }
  })()
  // A change may fail for good reason: its folder was taken away by fsck, say. What it must not do
  // is judged by the tree.
  return { suspend, result: result.catch(() => undefined) }
}

/** @returns whether it was suspended, and not over before */
async function isSuspended({ suspend, result }: Sleeper): Promise<boolean> {
  return Promise.race([suspend.suspended.then(() => true), result.then(() => false)])
}

async function checkAfter(world: World): Promise<void> {
  await checkPromises(world)
  await repair(world)
  assert.deepEqual(listLeftovers(world), [], 'left over after fsck --repair')
  await checkOpenToChange(world)
  await checkPromises(world)
}

async function countCalls(prepare: (typeof CONFLICTS)[number]['prepare'], actor: Actor): Promise<number> {
  const world = await World.make()
  await world.as((site) => prepare(site, world))
  const sleeper = start(world, actor, Infinity)
  await sleeper.result
  await world.remove()
  return sleeper.suspend.calls
}

const total = new Tally()

test.each(CONFLICTS)('suspended at every call: $name', async ({ name, prepare, actors, judge }) => {
  const [first, second] = actors
  const calls = await countCalls(prepare, first)
  const tally = new Tally()
  await forAll(
    Array.from({ length: calls }, (_, index) => index + 1),
    12,
    (at) =>
      tally.point(`${name}: the first one suspended at call ${at} of ${calls}`, async () => {
        const world = await World.make()
        try {
          await world.as((site) => prepare(site, world))
          const sleeper = start(world, first, at)
          await isSuspended(sleeper)
          const other = await world.as((site) => second.act(site, world).catch(() => undefined))
          sleeper.suspend.resume()
          const own = await sleeper.result
          const problem = judge?.([own, other], world)
          assert.equal(problem, undefined, problem)
          await checkAfter(world)
        } finally {
          await world.remove()
        }
      }),
  )
  total.add(tally)
  tally.conclude(`suspensions of "${name}"`)
})

test.each(TRIPLES)('two suspended at every pair of calls: $name', async ({ name, prepare, actors, winners }) => {
  const [first, second, third] = actors
  assert.ok(first !== undefined && second !== undefined && third !== undefined)
  const calls = await countCalls(prepare, first)
  const points = Array.from({ length: calls }, (_, one) =>
    Array.from({ length: calls }, (_, other) => [one + 1, other + 1] as const),
  ).flat()
  const tally = new Tally()
  await forAll(
    points.flatMap(([one, other]) => [true, false].map((isFirstFirst) => ({ one, other, isFirstFirst }))),
    16,
    ({ one, other, isFirstFirst }) =>
      tally.point(
        `${name}: suspended at ${one} and ${other}, ${isFirstFirst ? 'first' : 'second'} goes on first`,
        async () => {
          const world = await World.make()
          try {
            await world.as((site) => prepare(site, world))
            const a = start(world, first, one)
            await isSuspended(a)
            const b = start(world, second, other)
            await isSuspended(b)
            const results = [await world.as((site) => third.act(site, world))]
            for (const sleeper of isFirstFirst ? [a, b] : [b, a]) {
              sleeper.suspend.resume()
              results.push(await sleeper.result)
            }
            assert.equal(
              results.filter((result) => result !== undefined && result !== false).length,
              winners,
              'twice, or lost: not just one made the change',
            )
            await checkPromises(world)
            await checkOpenToChange(world)
          } finally {
            await world.remove()
          }
        },
      ),
  )
  total.add(tally)
  tally.conclude(`double suspensions of "${name}"`)
})

test('all of them', () => {
  total.conclude('SUSPENSIONS')
})

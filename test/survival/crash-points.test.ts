/**
 * Every operation, killed at every call that changes something, in every way in which that call can
 * be cut short; then others go on.
 */
import { expect, test } from 'vitest'
import { CrashDisk, TEARS, type Tear } from './crash-disk.ts'
import type { Call } from './hooked-disk.ts'
import type { Operation } from './operation.ts'
import { OPERATIONS } from './operations.ts'
import { checkOpenToChange, checkPromises, listLeftovers, repair } from './promises.ts'
import { Tally, forAll } from './tally.ts'
import { World } from './world.ts'

/** The step after the death: the operation is repeated, or the tree is checked first. */
const ROUTES = ['again', 'repair first'] as const
type Route = (typeof ROUTES)[number]

async function prepare(operation: Operation): Promise<World> {
  const world = await World.make()
  await world.as(async (site) => operation.prepare?.(site, world))
  return world
}

/** @returns the call at which it died; undefined when it came to its end before */
async function dieAt(world: World, operation: Operation, at: number, tear: Tear): Promise<Call | undefined> {
  const crash = new CrashDisk(at, tear)
  const site = world.open(crash.disk)
  const life = (async () => {
    await operation.run(site, world, crash.disk)
    await site.close()
  })()
  const call = await Promise.race([crash.death, life.then(() => undefined)])
  await crash.bury()
  return call
}

async function goOn(world: World, operation: Operation, route: Route): Promise<void> {
  const again = operation.again ?? ((site, at) => operation.run(site, at, site.disk))
  if (route === 'repair first') await repair(world)
  await world.as((site) => again(site, world))
  await checkPromises(world)
  await operation.check?.(world)
  await repair(world)
  expect(listLeftovers(world), 'left over after fsck --repair').toEqual([])
  await checkPromises(world)
  await checkOpenToChange(world)
  await checkPromises(world)
}

interface Point {
  readonly at: number
  readonly tear: Tear
  readonly route: Route
}

/** How many calls it makes, and which of them write. */
async function trace(operation: Operation): Promise<Call[]> {
  const calls: Call[] = []
  for (let at = 1; ; at++) {
    const world = await prepare(operation)
    try {
      const call = await dieAt(world, operation, at, 'nothing')
      if (call === undefined) return calls
      calls.push(call)
    } finally {
      await world.remove()
    }
  }
}

function pointsOf(calls: readonly Call[]): Point[] {
  return calls.flatMap(({ text }, index) =>
    TEARS.filter((tear) => tear === 'nothing' || text !== undefined).flatMap((tear) =>
      ROUTES.map((route) => ({ at: index + 1, tear, route })),
    ),
  )
}

const total = new Tally()

test.each(OPERATIONS)('killed at every call: $name', async (operation) => {
  const calls = await trace(operation)
  const tally = new Tally()
  await forAll(pointsOf(calls), 12, async ({ at, tear, route }) => {
    const call = calls[at - 1]
    const where = `${operation.name}, call ${at} of ${calls.length} (${call?.name} ${call?.target.split('/').slice(-2).join('/')}), ${tear} done, ${route}`
    await tally.point(where, async () => {
      const world = await prepare(operation)
      try {
        await dieAt(world, operation, at, tear)
        await goOn(world, operation, route)
      } finally {
        await world.remove()
      }
    })
  })
  total.add(tally)
  tally.conclude(`crash points of "${operation.name}" (${calls.length} calls)`)
})

test('all of them', () => {
  total.conclude('CRASH POINTS')
})

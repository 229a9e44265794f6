/**
 * Every operation with a file system that hangs for a minute at each of its calls, while another
 * process goes on: slowness must not count as failure.
 */
import { test } from 'vitest'
import { sleep } from '../../src/lib/sleep.ts'
import { type Disk, directDisk } from '../../src/site/disk/disk.ts'
import { hookDisk } from './hooked-disk.ts'
import { OPERATIONS } from './operations.ts'
import type { Operation } from './operation.ts'
import { checkOpenToChange, checkPromises, repair } from './promises.ts'
import { Tally, forAll } from './tally.ts'
import { World } from './world.ts'

const HANG_MS = 60_000

/** @param onHang called when the call begins to hang */
function hangingDisk(at: number, onHang: () => void): { readonly disk: Disk; readonly calls: () => number } {
  let calls = 0
  const disk = hookDisk(directDisk, {
    around: async (_call, act) => {
      calls += 1
      if (calls === at) {
        onHang()
        await sleep(HANG_MS)
      }
      return act()
    },
    look: async () => {},
  })
  return { disk, calls: () => calls }
}

async function countCalls(operation: Operation): Promise<number> {
  const world = await World.make()
  await world.as(async (site) => operation.prepare?.(site, world))
  const { disk, calls } = hangingDisk(0, () => {})
  const site = world.open(disk)
  await operation.run(site, world, disk)
  await site.close()
  await world.remove()
  return calls()
}

async function hangAt(operation: Operation, at: number): Promise<void> {
  const world = await World.make()
  try {
    await world.as(async (site) => operation.prepare?.(site, world))
    let onHang = (): void => {}
    const isHanging = new Promise<void>((resolve) => (onHang = resolve))
    const { disk } = hangingDisk(at, onHang)
    const site = world.open(disk)
    const again = operation.again ?? ((own, where) => operation.run(own, where, own.disk))
    const late = operation.run(site, world, disk).then(() => site.close())
    // The other process may have done its work meanwhile.
    const settled = Promise.allSettled([late])
    await Promise.race([isHanging, settled])
    // A cursor is one driver's: nobody else uses it meanwhile.
    if (!operation.name.startsWith('drain')) await Promise.allSettled([world.as((own) => again(own, world))])
    await settled
    await world.as((own) => again(own, world))
    await checkPromises(world)
    await operation.check?.(world)
    await repair(world)
    await checkOpenToChange(world)
    await checkPromises(world)
  } finally {
    await world.remove()
  }
}

const total = new Tally()

test.each(OPERATIONS)('a minute at every call: $name', async (operation) => {
  const tally = new Tally()
  const points = Array.from({ length: await countCalls(operation) }, (_, index) => index + 1)
  await forAll(points, 48, (at) => tally.point(`${operation.name}: call ${at} hangs`, () => hangAt(operation, at)))
  total.add(tally)
  tally.conclude(`hangs in "${operation.name}"`)
})

test('all of them', () => {
  total.conclude('HANGS OF A MINUTE')
})

/**
 * Every operation with a file system that fails at each of its calls: a clear error, nothing lost,
 * and success once the fault is gone.
 */
import assert from 'node:assert/strict'
import { test } from 'vitest'
import { BjobError } from '../../src/core/text/errors.ts'
import { codeOf } from '../../src/site/disk/disk.ts'
import { ERRNOS, type Fault, type FaultCode, FaultDisk } from './fault-disk.ts'
import type { Operation } from './operation.ts'
import { OPERATIONS } from './operations.ts'
import { checkOpenToChange, checkPromises, readTruth, repair } from './promises.ts'
import { Tally, forAll } from './tally.ts'
import { World } from './world.ts'

const CODES = Object.keys(ERRNOS) as FaultCode[]
/** Codes that a lost answer or a late flush brings. */
const LATE: readonly FaultCode[] = ['EIO', 'ENOSPC']

async function countCalls(operation: Operation): Promise<number> {
  const world = await World.make()
  await world.as(async (site) => operation.prepare?.(site, world))
  const faulty = new FaultDisk(undefined)
  const site = world.open(faulty.disk)
  await operation.run(site, world, faulty.disk)
  await site.close()
  await world.remove()
  return faulty.calls
}

function faultsOf(calls: number): Fault[] {
  return Array.from({ length: calls }, (_, index) => index + 1).flatMap((at) => [
    // Each code at each third call once; all codes at all calls would say the same again and again.
    ...CODES.filter((_, index) => (index + at) % 3 === 0).map((code) => ({ code, at, times: 1, isAfter: false })),
    ...CODES.filter((_, index) => (index + at) % 7 === 0).map((code) => ({
      code,
      at,
      times: Infinity,
      isAfter: false,
    })),
    ...LATE.map((code) => ({ code, at, times: 1, isAfter: true })),
  ])
}

async function meet(operation: Operation, fault: Fault): Promise<void> {
  const world = await World.make()
  const faulty = new FaultDisk(fault)
  try {
    await world.as(async (site) => operation.prepare?.(site, world))
    const isWhole = await isReadable(world)
    const site = world.open(faulty.disk)
    let error: unknown
    try {
      await operation.run(site, world, faulty.disk)
    } catch (caught) {
      error = caught
    }
    await site.close()
    await faulty.close()
    if (error !== undefined) checkClear(error, fault)
    if (isWhole) await checkPromises(world)
    // The fault is gone, and somebody, or the same process, tries again.
    const again = operation.again ?? ((site, at) => operation.run(site, at, site.disk))
    await world.as((site) => again(site, world))
    await checkPromises(world)
    await operation.check?.(world)
    await repair(world)
    await checkPromises(world)
    await checkOpenToChange(world)
    await checkPromises(world)
  } finally {
    await world.remove()
  }
}

async function isReadable(world: World): Promise<boolean> {
  return readTruth(world).then(
    () => true,
    () => false,
  )
}

/** One line that says what is wrong and where: what the command line prints. */
function checkClear(error: unknown, { code }: Fault): void {
  if (error instanceof BjobError) return
  assert.ok(error instanceof Error, `not an error: ${String(error)}`)
  assert.ok(codeOf(error) !== '', `an error without a code: ${error.stack}`)
  assert.ok('path' in error && typeof error.path === 'string', `an error without a path: ${error.message}`)
  assert.ok(codeOf(error) === code, `another error than the fault: ${error.message}`)
}

const total = new Tally()

test.each(OPERATIONS)('faults at every call: $name', async (operation) => {
  const tally = new Tally()
  await forAll(faultsOf(await countCalls(operation)), 12, async (fault) => {
    const { code, at, times, isAfter } = fault
    await tally.point(
      `${operation.name}: ${code} at call ${at}${times > 1 ? ' and all after' : ''}${isAfter ? ', which took effect' : ''}`,
      () => meet(operation, fault),
    )
  })
  total.add(tally)
  tally.conclude(`faults in "${operation.name}"`)
})

test('all of them', () => {
  total.conclude('FAULTS')
})

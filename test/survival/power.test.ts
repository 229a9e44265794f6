/**
 * Every operation, the power lost at every call, with what was not flushed gone, cut off or out of
 * place. With `durability: node` what was told as done is there after `bjob fsck --repair`; with
 * `process` nothing is promised but that the tree can be repaired.
 */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { test } from 'vitest'
import { type JobEntry, specOf } from '../../src/core/index/job-entry.ts'
import { checkSite } from '../../src/site/fsck/check-site.ts'
import { mendSite } from '../../src/site/fsck/mend.ts'
import type { Operation } from './operation.ts'
import { OPERATIONS } from './operations.ts'
import { LOSSES, type Loss, PowerDisk } from './power-disk.ts'
import { checkOpenToChange, checkPromises, isInTrash, readTruth } from './promises.ts'
import { useHost } from './seam.ts'
import { Tally, forAll } from './tally.ts'
import { World } from './world.ts'

async function countCalls(operation: Operation): Promise<number> {
  const world = await World.make('node')
  await world.as(async (site) => operation.prepare?.(site, world))
  const power = new PowerDisk(world.root, Infinity)
  const site = world.open(power.disk)
  await operation.run(site, world, power.disk)
  await site.close()
  power.discard()
  await world.remove()
  return power.calls
}

/** Jobs in a form that can be compared: what must not be lost. */
async function describe(world: World): Promise<Map<string, string>> {
  return new Map([...(await readTruth(world))].map(([id, { state, revision }]) => [id, `${state} ${revision}`]))
}

/** A job that is there has its input files, whole. */
function checkInputs(world: World, truth: ReadonlyMap<string, JobEntry>): void {
  for (const [id, entry] of truth) {
    if (!specOf(entry).inputFiles.includes('input.dat')) continue
    for (const name of ['input.dat', 'deck/mesh.dat']) {
      const wanted = fs.readFileSync(path.join(world.inputs, name), 'utf8')
      const staged = fs.readFileSync(path.join(world.root, 'jobs', id, name), 'utf8')
      assert.equal(staged, wanted, `lost: ${name} of ${id}`)
    }
  }
}

async function meet(operation: Operation, at: number, loss: Loss): Promise<void> {
  const world = await World.make('node')
  try {
    await world.as(async (site) => operation.prepare?.(site, world))
    const isWhole = await describe(world).catch(() => undefined)
    const power = new PowerDisk(world.root, at)
    const site = world.open(power.disk)
    let isDone = false
    const life = (async () => {
      await operation.run(site, world, power.disk)
      await site.close()
      isDone = true
    })()
    await Promise.race([power.death, life])
    const promised = isDone ? await describe(world) : isWhole
    await power.crash(loss)
    // A node that comes up again has another journal: its kernel has another id.
    useHost(world.root, 'after-the-power-cut')
    await world.as(async (fresh) => mendSite(fresh, await checkSite(fresh)))
    const after = await describe(world)
    for (const [id, what] of promised ?? []) {
      const now = after.get(id)
      if (now === undefined && !isDone && operation.removes?.includes(id) === true && isInTrash(world, id)) continue
      assert.ok(now !== undefined, `lost: ${id}, which was ${what}`)
      // A claim may be undone: what ran then does not run any more.
      if (!what.startsWith('RUNNING'))
        assert.ok(Number(now.split(' ')[1]) >= Number(what.split(' ')[1]), `lost: ${id} was ${what} and is ${now}`)
    }
    for (const id of operation.removes ?? [])
      if (isDone && promised?.has(id) === false) assert.ok(!after.has(id), `undone: ${id} was removed`)
    checkInputs(world, await readTruth(world))
    // A driver's own record may be lost with the node, and a delivery with it; it is never lost
    // otherwise.
    world.deliveries.length = 0
    fs.rmSync(world.cursor, { force: true })
    fs.rmSync(`${world.cursor}.delivered`, { force: true })
    await checkPromises(world)
    await checkOpenToChange(world)
    await checkPromises(world)
  } finally {
    fs.rmSync(`${world.root}-before`, { recursive: true, force: true })
    useHost(world.root, undefined)
    await world.remove()
  }
}

const total = new Tally()

test.each(OPERATIONS)('power lost at every call: $name', async (operation) => {
  const tally = new Tally()
  const calls = await countCalls(operation)
  const points = Array.from({ length: calls + 1 }, (_, index) => LOSSES.map((loss) => ({ at: index + 1, loss }))).flat()
  await forAll(points, 12, ({ at, loss }) =>
    tally.point(
      `${operation.name}: power lost at ${at > calls ? 'the end' : `call ${at} of ${calls}`}, names ${loss.names}, bytes ${loss.bytes}`,
      () => meet(operation, at, loss),
    ),
  )
  total.add(tally)
  tally.conclude(`power cuts in "${operation.name}"`)
})

test('all of them', () => {
  total.conclude('POWER CUTS')
})

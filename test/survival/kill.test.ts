/**
 * Real processes on a real tree, killed with SIGKILL and suspended at random times, and started
 * again; then every word of theirs is checked.
 */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { isOwned } from '../../src/core/life/job-state.ts'
import { Worker, bundleWorker } from './pack.ts'
import { changeJob } from '../../src/site/job/jobs.ts'
import { checkHistory, checkOpenToChange, checkPromises, listLeftovers, readTruth, repair } from './promises.ts'
import { spawn } from './actors.ts'
import { checkDriver, duplicates } from './driver-check.ts'
import { MINUTES, say, within } from './tally.ts'
import { NO_CRASH_LIMIT, World } from './world.ts'

const SECONDS = MINUTES * 40
const HAMMER_SECONDS = MINUTES * 15

interface Monkey {
  readonly kills: number
  readonly suspensions: number
}

/** Kills every ~200 ms somebody; one time in five it suspends for longer than a lease instead. */
async function rage(workers: readonly Worker[], seconds: number, mostMs: number): Promise<Monkey> {
  const until = performance.now() + seconds * 1000
  let kills = 0
  let suspensions = 0
  const waking: Promise<void>[] = []
  while (performance.now() < until) {
    await delay(Math.random() * mostMs)
    const worker = workers[Math.floor(Math.random() * workers.length)]
    const pid = worker?.pid
    if (worker === undefined || pid === undefined) continue
    if (Math.random() < 0.8) {
      worker.signal('SIGKILL')
      kills += 1
    } else {
      suspensions += 1
      worker.signal('SIGSTOP')
      waking.push(delay(500 + Math.random() * 3500).then(() => wake(pid)))
    }
  }
  await Promise.all(waking)
  return { kills, suspensions }
}

function wake(pid: number): void {
  try {
    process.kill(pid, 'SIGCONT')
  } catch {
    // Killed meanwhile.
  }
}

test('killed at random', async () => {
  const world = await World.make()
  fs.appendFileSync(path.join(world.root, 'bjob.yaml'), `lease_seconds: 2\n${NO_CRASH_LIMIT}`)
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'survival-kill-'))
  const program = await bundleWorker(folder)
  const roles = ['spawner', 'spawner', 'launcher', 'launcher', 'launcher', 'killer', 'driver', 'driver']
  const workers = roles.map((role, index) => new Worker(program, role, world.root, folder, `${role}${index}`))
  const { kills, suspensions } = await rage(workers, SECONDS, 400)
  fs.writeFileSync(path.join(folder, 'stop'), '')
  await Promise.all(workers.map((worker) => worker.end()))
  const told = workers.flatMap((worker) => worker.lines())
  const errors = workers.flatMap((worker) => worker.errors)

  const truth = await readTruth(world)
  for (const [id, { job }] of truth) checkHistory(id, job)
  const of = (word: string): string[][] =>
    told.filter((line) => line.startsWith(`${word} `)).map((line) => line.split(' ').slice(1))
  const lostSpawns = of('spawned').filter(([id = '']) => !truth.has(id))
  const hasEntry = (id: string, states: readonly string[], attempt: number): boolean => {
    const history = truth.get(id)?.job.history ?? []
    let runs = 0
    return history.some(({ state }) => {
      if (state === 'RUNNING') runs += 1
      return runs === attempt && states.includes(state)
    })
  }
  const lostClaims = of('claimed').filter(([id = '', attempt]) => !hasEntry(id, ['RUNNING'], Number(attempt)))
  const lostEnds = of('ended').filter(([id = '', attempt]) => !hasEntry(id, ['RUN_DONE', 'RUN_ERROR'], Number(attempt)))
  const doubleClaims = duplicates(of('claimed').map(([id, attempt]) => `${id} ${attempt}`))
  const doubleEnds = duplicates(of('ended').map(([id, attempt]) => `${id} ${attempt}`))
  expect({ lostSpawns, lostClaims, lostEnds, doubleClaims, doubleEnds }).toEqual({
    lostSpawns: [],
    lostClaims: [],
    lostEnds: [],
    doubleClaims: [],
    doubleEnds: [],
  })

  for (const count of [kills, suspensions, truth.size, of('ended').length, of('delivered').length])
    expect(count).toBeGreaterThan(0)

  await checkPromises(world)
  await repair(world)
  expect(listLeftovers(world)).toEqual([])
  await checkOpenToChange(world)
  await checkPromises(world)
  const drivers = workers.filter(({ log }) => path.basename(log).startsWith('driver'))
  for (const driver of drivers) await checkDriver(world, driver)
  const attempts = [...truth.values()].reduce((sum, { attempt }) => sum + attempt, 0)
  const owned = [...truth.values()].filter(({ job }) => isOwned(job)).length
  say(
    `RANDOM KILLS: ${(SECONDS / 60).toFixed(1)} min, ${kills} kills, ${suspensions} suspensions, ${truth.size} jobs, ${attempts} attempts, ${of('ended').length} ends told, ` +
      `${of('delivered').length} deliveries, ${owned} still owned at the end, ${errors.length} errors; lost: 0, double: 0`,
  )
  expect(errors.filter((text) => !text.includes('Warning'))).toEqual([])
  fs.rmSync(folder, { recursive: true })
  await world.remove()
})

test('one job hammered by processes whose lock-holders are killed', async () => {
  const world = await World.make()
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'survival-hammer-'))
  const program = await bundleWorker(folder)
  await world.as((site) => spawn(site, ['anvil'], world.context()))
  const workers = Array.from(
    { length: 4 },
    (_, index) => new Worker(program, 'hammer', world.root, folder, `hammer${index}`),
  )
  const { kills, suspensions } = await rage(workers, HAMMER_SECONDS, 3000)
  fs.writeFileSync(path.join(folder, 'stop'), '')
  await Promise.all(workers.map((worker) => worker.end()))
  const job = (await readTruth(world)).get('wf/anvil')?.job
  const committed = workers.flatMap((worker) => worker.lines())
  const messages = job?.history.map(({ message = '' }) => message) ?? []
  const lost = committed.filter((line) => !messages.includes(line.split(' ').slice(2).join(' ')))
  expect({
    lost,
    double: duplicates(messages),
    twiceMade: duplicates(committed.map((line) => line.split(' ')[1] ?? '')),
  }).toEqual({ lost: [], double: [], twiceMade: [] })
  for (const count of [kills, suspensions, committed.length]) expect(count).toBeGreaterThan(0)
  say(
    `HAMMERED LOCK: ${HAMMER_SECONDS} s, ${kills} kills, ${suspensions} suspensions, ${committed.length} changes of one job; lost: 0, double: 0`,
  )
  fs.rmSync(folder, { recursive: true })
  await world.remove()
})

test('a lock that was left behind is broken after its time, and one that is held is not', async () => {
  const world = await World.make()
  await world.as((site) => spawn(site, ['j1'], world.context()))
  const lock = path.join(world.root, 'jobs/wf/j1/.lock')
  fs.mkdirSync(lock)
  const change = (): Promise<unknown> =>
    world.as((site) => changeJob(site, 'wf/j1', (current) => ({ ...current, revision: current.revision + 1 })))
  // Its holder lives: it refreshes the lock for longer than the lock's time.
  const refresh = setInterval(() => fs.utimesSync(lock, new Date(), new Date(Date.now() + Math.random() * 1000)), 20)
  const before = performance.now()
  let isDone = false
  const done = change().then(() => (isDone = true))
  await delay(1200)
  expect(isDone, 'a lock that is refreshed was broken').toBe(false)
  clearInterval(refresh)
  await within(30, 'waiting for a lock that was left behind', done)
  say(
    `LOCK LEFT BEHIND: broken ${((performance.now() - before - 1200) / 1000).toFixed(2)} s after its last refresh (time runs 25 times as fast here: 3 s)`,
  )
  await world.remove()
})

/**
 * A process of the random-kill suite: bundled once, started many times, killed at any time. It
 * appends to a log of its own what it was told has been done; the suite holds the tree to that.
 * WORKER_ROLE, WORKER_LOG and the site's root come from the environment.
 */
import fs from 'node:fs'
import path from 'node:path'
import { followResults } from '../../src/client/ends/read-results.ts'
import { isClaimable, isEnded } from '../../src/core/life/states.ts'
import { BjobError } from '../../src/core/text/errors.ts'
import { isOwned } from '../../src/core/life/job-state.ts'
import { sleep } from '../../src/lib/sleep.ts'
import { uniqueToken } from '../../src/lib/token.ts'
import { LeaseKeeper } from '../../src/launch/lease.ts'
import { Recovery } from '../../src/launch/recovery.ts'
import { JobView } from '../../src/site/view/job-view.ts'
import { changeJob } from '../../src/site/job/jobs.ts'
import { createLauncher } from '../../src/site/launcher/launchers.ts'
import { readEntry } from '../../src/site/view/scan.ts'
import { type Site, openTree } from '../../src/site/site.ts'
import { DONE, ERROR, claim, end, kill, spawn } from './actors.ts'

const log = fs.openSync(process.env['WORKER_LOG'] ?? '', 'a')
const role = process.env['WORKER_ROLE'] ?? ''
const stopFile = process.env['WORKER_STOP'] ?? ''

/** One call: whole in the log, or not there. */
function tell(line: string): void {
  fs.writeSync(log, `${line}\n`)
}

const isOver = (): boolean => fs.existsSync(stopFile)

/**
 * Makes batches of jobs under fixed names: after a death the same batch again, as a driver does
 * that is started again.
 */
async function beSpawner(site: Site): Promise<void> {
  const state = `${process.env['WORKER_LOG']}.next`
  let next = fs.existsSync(state) ? Number(fs.readFileSync(state, 'utf8')) : 0
  for (; !isOver(); next++) {
    const names = Array.from({ length: 1 + (next % 7) }, (_, index) => `${path.basename(state)}-${next}-${index}`)
    const spawned = await spawn(site, names, { current: undefined, folder: site.layout.root, ifExists: 'reuse' })
    for (const { id } of spawned) tell(`spawned ${id}`)
    fs.writeFileSync(`${state}.new`, String(next + 1))
    fs.renameSync(`${state}.new`, state)
    await sleep(Math.random() * 60)
  }
}

/** Claims and ends jobs, and takes back those of launchers that died, as src/launch does. */
async function beLauncher(site: Site): Promise<void> {
  const launcher = uniqueToken()
  await createLauncher(site, launcher, {})
  const lease = await LeaseKeeper.start(site, launcher, () => [], { onBeat: () => {}, onLost: () => process.exit(0) })
  const view = await JobView.open(site, 'live')
  const recovery = new Recovery(site, launcher, view.index, () => {}, { clear: async () => true, isActive: () => true })
  let looks = 0
  while (!isOver()) {
    await view.refresh()
    for (const id of Array.from(view.index.pendingIds())) {
      const entry = await readEntry(site, id)
      if (entry !== undefined) view.index.restore([entry])
    }
    if (looks++ % 10 === 0) await recovery.look()
    const ready = [...view.index.entries()].filter((entry) => isClaimable(entry.state) && entry.launcher === undefined)
    const chosen = ready.sort(() => Math.random() - 0.5).slice(0, 8)
    await Promise.all(chosen.map((entry) => runJob(site, entry.id, launcher, lease, entry.revision)))
    await sleep(10)
  }
  await lease.end('told to')
}

/**
 * The answer for a job that was announced by a spawner that died before it made the job is
 * `undefined`.
 */
async function unlessUnborn<T>(change: Promise<T>): Promise<T | undefined> {
  try {
    return await change
  } catch (error) {
    if (error instanceof BjobError && error.code === 'unknown-job') return undefined
    throw error
  }
}

async function runJob(site: Site, id: string, launcher: string, lease: LeaseKeeper, revision: number): Promise<void> {
  if (lease.isLost()) return
  const attempt = await unlessUnborn(claim(site, id, launcher, revision))
  if (attempt === undefined) return
  tell(`claimed ${id} ${attempt} ${launcher}`)
  await sleep(Math.random() * 20)
  if (lease.isLost()) return
  const isEnd = await end(site, id, launcher, attempt, Math.random() < 0.2 ? ERROR : DONE, 3)
  if (isEnd) tell(`ended ${id} ${attempt} ${launcher}`)
}

async function beKiller(site: Site): Promise<void> {
  const view = await JobView.open(site, 'all')
  while (!isOver()) {
    await view.refresh()
    const entries = [...view.index.entries()].filter(({ state }) => !isEnded(state))
    const entry = entries[Math.floor(Math.random() * entries.length)]
    if (entry !== undefined) {
      const state = await unlessUnborn(kill(site, entry.id, 'killer'))
      if (state !== undefined && !isOwned(state)) tell(`killed ${entry.id}`)
    }
    await sleep(150)
  }
}

async function beDriver(site: Site): Promise<void> {
  const cursor = `${process.env['WORKER_LOG']}.cursor`
  while (!isOver()) {
    for await (const { id, state, ended } of followResults(site, { cursor })) tell(`delivered ${id} ${state} ${ended}`)
    await sleep(20)
  }
}

/**
 * A driver of its own: spawns its share of jobs, again after each death, and follows all ends
 * meanwhile.
 */
async function beSearcher(site: Site): Promise<void> {
  const cursor = `${process.env['WORKER_LOG']}.cursor`
  const prefix = path.basename(process.env['WORKER_LOG'] ?? '')
  const share = Number(process.env['WORKER_JOBS'])
  let count = 0
  while (!isOver()) {
    const names = Array.from({ length: Math.min(40, share - count) }, (_, at) => `${prefix}-${count + at}`)
    if (names.length > 0) {
      await spawn(site, names, { current: undefined, folder: site.layout.root, ifExists: 'reuse' })
      count += names.length
    }
    for await (const { id, state, ended } of followResults(site, { cursor })) tell(`delivered ${id} ${state} ${ended}`)
    await sleep(20)
  }
}

/** Adds its own lines to one job's history as fast as it can. */
async function beHammer(site: Site): Promise<void> {
  for (let count = 1; !isOver(); count++) {
    const message = `${process.pid} ${uniqueToken()} ${count}`
    const changed = await changeJob(site, 'wf/anvil', (current) => ({
      ...current,
      revision: current.revision + 1,
      history: [...current.history, { time: new Date().toISOString(), state: current.state, message }],
    }))
    tell(`committed ${changed?.revision} ${message}`)
  }
}

const ROLES: Readonly<Record<string, (site: Site) => Promise<void>>> = {
  spawner: beSpawner,
  launcher: beLauncher,
  killer: beKiller,
  driver: beDriver,
  searcher: beSearcher,
  hammer: beHammer,
}

const site = await openTree()
await ROLES[role]?.(site)
await site.close()
process.exit(0)

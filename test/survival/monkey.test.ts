/**
 * Eight real launchers and four drivers on thousands of jobs, while a monkey kills, suspends and
 * cuts them all off, and sets the launchers' clocks hours forwards and backwards. SURVIVAL_LONG=1:
 * 20,000 jobs for several minutes.
 */
import { spawn as start } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { expect, test } from 'vitest'
import { loginEnvironment } from '../rig/environment.mjs'
import { checkDriver } from './driver-check.ts'
import { Restarted, Worker, bundleWorker } from './pack.ts'
import { checkHistory, listLeftovers, readTruth, repair } from './promises.ts'
import { say, within } from './tally.ts'
import { NO_CRASH_LIMIT, World } from './world.ts'

const IS_LONG = process.env['SURVIVAL_LONG'] === '1'
const JOBS = IS_LONG ? 20_000 : 1000
/** How long the monkey stays, and between two of its deeds at most. */
const SECONDS = IS_LONG ? 240 : 20
const MOST_MS = IS_LONG ? 2000 : 600
/** After it has gone. */
const CALM_SECONDS = 900
const BJOB = path.resolve(import.meta.dirname, '../../bin/bjob.js')
const HOUR_MS = 3_600_000

/**
 * Tells of an attempt that starts while an earlier one still runs. A process id alone may be
 * another process's by now.
 */
const SCRIPT = `for f in pid.*; do
  [ -e "$f" ] && read -r p <"$f" && tr '\\0' '\\n' 2>/dev/null <"/proc/$p/environ" | grep -qx "BJOB_JOB_ID=$BJOB_JOB_ID" && echo "$BJOB_JOB_ID $f" >>"$OVERLAPS"
done
echo $$ >"pid.$BJOB_ATTEMPT"
sleep 0.0$(($$ % 5))`

class Node extends Restarted {
  readonly control: string

  constructor(preload: string, site: string, control: string) {
    const env = {
      ...loginEnvironment(),
      BJOB_SITE: site,
      HOSTILE: control,
      OVERLAPS: path.join(path.dirname(control), 'overlaps'),
    }
    const words = ['--import', preload, BJOB, 'launch', '--persistent', '--slots', '2', '--quiet']
    super(() => start(process.execPath, words, { env, stdio: ['ignore', 'ignore', 'pipe'] }))
    this.control = control
  }
}

const tally = { kills: 0, suspensions: 0, cuts: 0, jumps: 0 }

/** Again and again kills somebody, or does something else to it that passes by itself. */
async function rage(nodes: readonly Node[], drivers: readonly Worker[]): Promise<void> {
  const begun = performance.now()
  const passing: Promise<void>[] = []
  while (performance.now() - begun < SECONDS * 1000) {
    await delay(Math.random() * MOST_MS)
    const victim = [...nodes, ...drivers][Math.floor(Math.random() * (nodes.length + drivers.length))]
    const pid = victim?.pid
    if (victim === undefined || pid === undefined) continue
    const chance = Math.random()
    if (chance < 0.35) {
      tally.kills += 1
      victim.signal('SIGKILL')
    } else if (chance < 0.6 || !(victim instanceof Node)) {
      tally.suspensions += 1
      victim.signal('SIGSTOP')
      passing.push(delay(500 + Math.random() * 6000).then(() => wake(pid)))
    } else if (chance < 0.8) {
      tally.cuts += 1
      const cut = `${victim.control}.cut`
      fs.writeFileSync(cut, '')
      passing.push(delay(500 + Math.random() * 6000).then(() => fs.rmSync(cut, { force: true })))
    } else {
      tally.jumps += 1
      fs.writeFileSync(`${victim.control}.clock`, String(Math.round((Math.random() - 0.5) * 48 * HOUR_MS)))
    }
  }
  await Promise.all(passing)
}

function wake(pid: number): void {
  try {
    process.kill(pid, 'SIGCONT')
  } catch {
    // Killed meanwhile.
  }
}

test('eight launchers, four drivers, a monkey: each job ends once, and each driver gets each end once', async () => {
  const world = await World.make()
  fs.appendFileSync(path.join(world.root, 'bjob.yaml'), `lease_seconds: 4\ngrace_seconds: 1\n${NO_CRASH_LIMIT}`)
  fs.writeFileSync(path.join(world.root, 'apps/eval.yaml'), `executable: ${JSON.stringify(['sh', '-c', SCRIPT])}\n`)
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'survival-monkey-'))
  const [worker, preload] = [await bundleWorker(folder), await bundleWorker(folder, 'hostile-node')]
  const begun = performance.now()
  const drivers = Array.from(
    { length: 4 },
    (_, at) => new Worker(worker, 'searcher', world.root, folder, `driver${at}`, { WORKER_JOBS: String(JOBS / 4) }),
  )
  const nodes = Array.from({ length: 8 }, (_, at) => new Node(preload, world.root, path.join(folder, `node${at}`)))
  for (const [at, { control }] of nodes.entries()) fs.writeFileSync(`${control}.clock`, String((at - 4) * 5 * HOUR_MS))
  /** All that a driver was handed, however often it died. */
  const countEnds = (driver: Worker | undefined): number => new Set(driver?.lines()).size
  await rage(nodes, drivers)
  for (const count of Object.values(tally)) expect(count).toBeGreaterThan(0)
  await within(
    CALM_SECONDS,
    'all drivers to get all ends',
    (async () => {
      while (drivers.some((driver) => countEnds(driver) < JOBS)) await delay(200)
    })(),
  )
  const seconds = (performance.now() - begun) / 1000
  fs.writeFileSync(path.join(folder, 'stop'), '')
  await Promise.all([...drivers.map((driver) => driver.end()), ...nodes.map((node) => node.end('SIGTERM'))])

  const truth = await readTruth(world)
  for (const [id, { job }] of truth) checkHistory(id, job)
  const endsOf = ({ job }: { job: { history: readonly { state: string }[] } }): number =>
    job.history.filter(({ state }) => state === 'JOB_FINISHED').length
  const lost = [...truth].filter(([, entry]) => endsOf(entry) === 0).map(([id]) => id)
  const double = [...truth].filter(([, entry]) => endsOf(entry) > 1).map(([id]) => id)
  const overlaps = path.join(folder, 'overlaps')
  expect({ jobs: truth.size, lost, double }).toEqual({ jobs: JOBS, lost: [], double: [] })
  expect(fs.existsSync(overlaps) ? fs.readFileSync(overlaps, 'utf8') : '', 'two attempts of a job at once').toBe('')
  for (const driver of drivers) await checkDriver(world, driver)
  const found = await repair(world)
  expect(listLeftovers(world)).toEqual([])
  const attempts = [...truth.values()].reduce((sum, { attempt }) => sum + attempt, 0)
  const lives = [...drivers, ...nodes].reduce((sum, { starts }) => sum + starts, 0)
  say(
    `MONKEY: ${JOBS} jobs, 8 launchers, 4 drivers, ${seconds.toFixed(0)} s, of these the monkey ${SECONDS} s; ${tally.kills} kills, ${tally.suspensions} suspensions, ${tally.cuts} cuts, ` +
      `${tally.jumps} jumps of clocks, ${lives} lives, ${attempts} attempts; fsck mended ${found.filter(({ isRemark }) => isRemark !== true).length}; ` +
      `lost: ${lost.length}, double: ${double.length}, every cursor exact`,
  )
  fs.rmSync(folder, { recursive: true })
  await world.remove()
})

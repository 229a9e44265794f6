/**
 * Real launchers whose clocks are hours apart and jump, that are suspended for longer than their
 * lease in every phase, or whose process id is reused.
 */
import { type ChildProcess, execFile, spawn as start } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Catalogue } from '../../src/client/view/catalogue.ts'
import { followResults } from '../../src/client/ends/read-results.ts'
import { formatYaml, parseYaml } from '../../src/core/text/yaml-text.ts'
import { findByEnvironment, isProcessAlive } from '../../src/lib/process/process-table.ts'
import { checkSite } from '../../src/site/fsck/check-site.ts'
import { loginEnvironment } from '../rig/environment.mjs'
import { until } from '../rig/until.ts'
import { spawn } from './actors.ts'
import { bundleWorker } from './pack.ts'
import { checkHistory, readTruth } from './promises.ts'
import { say } from './tally.ts'
import { World } from './world.ts'

const BJOB = path.resolve(import.meta.dirname, '../../bin/bjob.js')
const HOUR_MS = 3_600_000
const WITHIN = { within: 120 }
const LEASE_SECONDS = 4

let folder = ''
let preload = ''
beforeAll(async () => {
  folder = fs.mkdtempSync(path.join(os.tmpdir(), 'survival-hostile-'))
  preload = await bundleWorker(folder, 'hostile-node')
})
afterAll(() => fs.rmSync(folder, { recursive: true, force: true }))

/** A site of jobs that write when they start and end, and real launchers on it. */
class Scene implements AsyncDisposable {
  readonly world: World
  readonly #launchers: ChildProcess[] = []
  #count = 0

  private constructor(world: World) {
    this.world = world
  }

  /** @param script of each job; `$0` is a file outside of the site for what it has to tell */
  static async make(jobs: number, leaseSeconds: number, script: string): Promise<Scene> {
    const scene = new Scene(await World.make())
    const { root } = scene.world
    fs.appendFileSync(path.join(root, 'bjob.yaml'), `lease_seconds: ${leaseSeconds}\ngrace_seconds: 1\n`)
    fs.writeFileSync(
      path.join(root, 'apps/eval.yaml'),
      `executable: ${JSON.stringify(['sh', '-c', script, path.join(root, 'driver/told')])}\n`,
    )
    const names = Array.from({ length: jobs }, (_, at) => `j${at}`)
    await scene.world.as((site) => spawn(site, names, scene.world.context()))
    return scene
  }

  /**
   * @param stop where it suspends itself (see hostile-node.ts)
   * @returns the process, what it prints, and its clock's file
   */
  launch(stop = ''): { child: ChildProcess; printed: () => string; clock: string } {
    const control = path.join(this.world.root, 'driver', `node${this.#count++}`)
    const env = { ...loginEnvironment(), BJOB_SITE: this.world.root, HOSTILE: control, HOSTILE_STOP: stop }
    const child = start(process.execPath, ['--import', preload, BJOB, 'launch', '--persistent', '--slots', '2'], {
      env,
      stdio: ['ignore', 'pipe', 'pipe'],
    })
    let printed = ''
    for (const stream of [child.stdout, child.stderr])
      stream.on('data', (bytes: Buffer) => (printed += bytes.toString()))
    this.#launchers.push(child)
    return { child, printed: () => printed, clock: `${control}.clock` }
  }

  told(): string[] {
    const file = path.join(this.world.root, 'driver/told')
    return fs.existsSync(file) ? fs.readFileSync(file, 'utf8').trim().split('\n') : []
  }

  async untilFinished(seen: () => unknown): Promise<void> {
    const isDone = async (): Promise<boolean> =>
      [...(await readTruth(this.world)).values()].every(({ state }) => state === 'JOB_FINISHED')
    await until('all jobs to be finished', isDone, WITHIN, seen)
  }

  async untilRunning(count: number): Promise<void> {
    await until(
      `${count} running jobs`,
      async () =>
        [...(await readTruth(this.world)).values()].filter(({ state }) => state === 'RUNNING').length === count &&
        this.told().length >= count,
      WITHIN,
    )
  }

  async end(): Promise<void> {
    for (const child of this.#launchers.splice(0)) {
      if (child.exitCode !== null || child.signalCode !== null) continue
      const ended = new Promise((resolve) => child.once('exit', resolve))
      child.kill('SIGCONT')
      child.kill('SIGTERM')
      await ended
    }
    await until('everything to end', () => findByEnvironment('BJOB_SITE', this.world.root).length === 0, WITHIN)
  }

  /** @returns how many attempts there were */
  async checkOnce(): Promise<number> {
    let attempts = 0
    for (const [id, { job, attempt }] of await readTruth(this.world)) {
      checkHistory(id, job)
      attempts += attempt
      expect(
        job.history.filter(({ state }) => state === 'JOB_FINISHED'),
        id,
      ).toHaveLength(1)
    }
    const ends: string[] = []
    await this.world.as(async (site) => {
      for await (const { id } of followResults(site, {})) ends.push(id)
    })
    expect(ends.toSorted()).toEqual([...(await readTruth(this.world)).keys()].toSorted())
    return attempts
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.end()
    await this.world.remove()
  }
}

function isStopped({ pid }: ChildProcess): boolean {
  return / T /.test(fs.readFileSync(`/proc/${pid}/stat`, 'utf8').replace(/\(.*\)/, ''))
}

test('clocks hours apart that jump both ways while jobs run: nobody is taken for dead, every job runs once', async () => {
  await using scene = await Scene.make(60, 30, 'sleep 0.2')
  const nodes = [scene.launch(), scene.launch()]
  let jumps = 0
  const jumping = setInterval(() => {
    for (const { clock } of nodes) fs.writeFileSync(clock, String(Math.round((Math.random() - 0.5) * 20 * HOUR_MS)))
    jumps += nodes.length
  }, 150)
  try {
    await scene.untilFinished(() => nodes.map(({ printed }) => printed().slice(-1000)))
  } finally {
    clearInterval(jumping)
  }
  for (const { printed } of nodes) expect(printed()).not.toMatch(/lost its lease|taken back/)
  expect(await scene.checkOnce()).toBe(60)
  say(`HOSTILE CLOCKS: 2 launchers, 60 jobs, ${jumps} jumps of up to 10 h; taken for dead: 0, lost: 0, double: 0`)
})

test.each([-5, 5])(
  'a job made and removed by a node whose clock is %i h ahead, and one of its name born on another: that one runs',
  async (hours) => {
    await using scene = await Scene.make(0, 30, 'true')
    const { root } = scene.world
    const control = path.join(root, 'driver/other')
    fs.writeFileSync(`${control}.clock`, String(hours * HOUR_MS))
    const env = { ...loginEnvironment(), BJOB_SITE: root, HOSTILE: control }
    const there = async (...args: string[]): Promise<unknown> =>
      promisify(execFile)(process.execPath, ['--import', preload, BJOB, ...args], { env })
    const named = ['--app', 'eval', '--workflow', 'wf', '--name', 'j']
    await there('spawn', ...named)
    await there('rm', 'wf/j')
    const launcher = scene.launch()
    await until('the launcher', () => launcher.printed().includes('launcher'), WITHIN)
    await scene.world.as((site) => spawn(site, ['j'], scene.world.context()))
    await scene.untilFinished(launcher.printed)
    await scene.world.as(async (site) => {
      expect((await new Catalogue(site).entries()).map(({ id, state }) => `${id} ${state}`)).toEqual([
        'wf/j JOB_FINISHED',
      ])
      expect(await checkSite(site)).toEqual([])
    })
  },
)

const PHASES = {
  starting: 'renameSync launcher.yaml 1',
  'writing its first lease': 'renameSync lease.yaml 1',
  claiming: 'symlinkSync .revision-2 1',
  'making its claim': 'renameSync state.yaml 1',
  'writing an end': 'symlinkSync .revision-3 1',
  'making an end': 'renameSync state.yaml 3',
  renewing: 'renameSync lease.yaml 3',
} as const

test.concurrent.each(
  Object.entries(PHASES).flatMap(([name, call]) => ['before', 'after'].map((when) => ({ name, call, when }))),
)(
  'suspended for longer than its lease, $when the call that is $name: nothing ends twice',
  async ({ name, call, when }) => {
    await using scene = await Scene.make(4, LEASE_SECONDS, `echo "$BJOB_JOB_ID $BJOB_ATTEMPT" >>"$0"; sleep 1.5`)
    const sleeper = scene.launch(`${call} ${when}`)
    await until('it to be suspended', () => isStopped(sleeper.child), WITHIN, sleeper.printed)
    const other = scene.launch()
    await scene.untilFinished(other.printed)
    const before = fs.readdirSync(path.join(scene.world.root, 'jobs/wf')).map((job) => stateText(scene.world, job))
    sleeper.child.kill('SIGCONT')
    // It is of use again, under another name, once it knows what it has missed.
    other.child.kill('SIGTERM')
    await scene.world.as((site) => spawn(site, ['late'], scene.world.context()))
    await scene.untilFinished(sleeper.printed)
    await scene.end()
    const after = fs.readdirSync(path.join(scene.world.root, 'jobs/wf')).filter((job) => job !== 'late')
    expect(after.map((job) => stateText(scene.world, job))).toEqual(before)
    const attempts = await scene.checkOnce()
    say(`SUSPENDED ${when} the call, ${name}: 5 jobs, ${attempts} attempts; lost: 0, double: 0`)
  },
)

function stateText({ root }: World, job: string): string {
  return fs.readFileSync(path.join(root, 'jobs/wf', job, 'state.yaml'), 'utf8')
}

test('killed with -9 on the same node: time to recovery', async () => {
  await using scene = await Scene.make(
    2,
    LEASE_SECONDS,
    `echo "$BJOB_JOB_ID $BJOB_ATTEMPT" >>"$0"; sleep $((62 - 30 * BJOB_ATTEMPT))`,
  )
  const first = scene.launch()
  await scene.untilRunning(2)
  const second = scene.launch()
  await until('the other to look', () => second.printed().includes('launcher'), WITHIN)
  first.child.kill('SIGKILL')
  const begun = performance.now()
  await until('both to run again', () => scene.told().length === 4, WITHIN, second.printed)
  say(
    `KILLED LAUNCHER, SAME NODE: running again after ${((performance.now() - begun) / 1000).toFixed(1)} s (lease ${LEASE_SECONDS} s)`,
  )
  expect(second.printed()).toContain('its launcher was killed')
})

test('its process ids are given to others: they are neither taken for it for ever, nor killed for it', async () => {
  await using scene = await Scene.make(
    2,
    LEASE_SECONDS,
    `echo "$BJOB_JOB_ID $BJOB_ATTEMPT" >>"$0"; sleep $((62 - 60 * (BJOB_ATTEMPT > 1)))`,
  )
  const first = scene.launch()
  await scene.untilRunning(2)
  first.child.kill('SIGKILL')
  const launchers = path.join(scene.world.root, 'launchers')
  const lease = path.join(launchers, fs.readdirSync(launchers)[0] ?? '', 'lease.yaml')
  const innocent = start('sleep', ['600'], { stdio: 'ignore' })
  try {
    const said = parseYaml(fs.readFileSync(lease, 'utf8'), lease).value as object
    fs.writeFileSync(lease, formatYaml({ ...said, pid: innocent.pid, agents: [innocent.pid] }))
    const second = scene.launch()
    await scene.untilFinished(second.printed)
    expect(second.printed()).toContain(`its launcher was silent for ${LEASE_SECONDS} s`)
    expect(isProcessAlive(innocent.pid ?? 0)).toBe(true)
    expect(await scene.checkOnce()).toBe(4)
  } finally {
    innocent.kill('SIGKILL')
  }
})

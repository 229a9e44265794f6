/**
 * Thousands of jobs for minutes, each of which writes a log of its own outside of the site, while
 * launchers, agents and drivers are killed and suspended, and people use `fsck --repair`, `rm`,
 * `retry`, `kill` and `clone`. Then all that was written is counted.
 */
import { execFile, spawn as start } from 'node:child_process'
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { promisify } from 'node:util'
import type { JobState } from '../../src/core/life/job-state.ts'
import { isEnded } from '../../src/core/life/states.ts'
import { RandomStream } from '../../src/lib/random-stream.ts'
import { loginEnvironment } from '../rig/environment.mjs'
import { checkDriver } from './driver-check.ts'
import { Restarted, Worker, bundleWorker } from './pack.ts'
import { checkHistory, readTruth, repair } from './promises.ts'
import { within } from './tally.ts'
import { NO_CRASH_LIMIT, World } from './world.ts'

const BJOB = path.resolve(import.meta.dirname, '../../bin/bjob.js')
const LAUNCHERS = 4
const SLOTS = 3
const DRIVERS = 3
const BATCH_MS = 2000
/** Between two deeds. */
const LEAST_MS = 150
const MOST_MS = 900
const LONGEST_SUSPENSION_MS = 7000
/** For all that is left to end, once nobody is killed any more. */
const CALM_SECONDS = 900

/**
 * A line for the start of an attempt and one for its end; an earlier attempt that runs is an
 * overlap. One in twenty fails.
 */
const SCRIPT = `log="$LOGS/$(echo "$BJOB_JOB_ID" | tr / +)"
for f in pid.*; do
  [ -e "$f" ] && read -r p <"$f" && tr '\\0' '\\n' 2>/dev/null <"/proc/$p/environ" | grep -qx "BJOB_JOB_ID=$BJOB_JOB_ID" && echo "$BJOB_JOB_ID $f" >>"$OVERLAPS"
done
echo $$ >"pid.$BJOB_ATTEMPT"
echo "start $BJOB_ATTEMPT" >>"$log"
sleep $(($$ % 2)).$(($$ % 10))
echo "end $BJOB_ATTEMPT" >>"$log"
[ $(($$ % 20)) != 7 ]`

export interface ChaosFigures {
  readonly jobs: number
  readonly attempts: number
  readonly deeds: Readonly<Record<string, number>>
  /** Jobs of which two attempts ran at a time. */
  readonly overlaps: readonly string[]
  /** Jobs that say that they finished and that their own logs do not know. */
  readonly untrue: readonly string[]
  /** Jobs that finished twice without being tried again. */
  readonly doubled: readonly string[]
  /** Ends that a driver was not handed, or was handed twice: each throws. */
  readonly delivered: number
  /**
   * Attempts that came to their last line, and whose launcher died before that was on record: the
   * job ran once more.
   */
  readonly unrecorded: number
}

class Chaos {
  readonly random: RandomStream
  readonly deeds: Record<string, number> = {}
  readonly #world: World
  readonly #launchers: readonly Restarted[]
  readonly #drivers: readonly Worker[]
  readonly #env: NodeJS.ProcessEnv
  readonly #passing = new Set<Promise<unknown>>()
  #clones = 0
  #isChecking = false

  constructor(
    seed: string,
    world: World,
    launchers: readonly Restarted[],
    drivers: readonly Worker[],
    env: NodeJS.ProcessEnv,
  ) {
    this.random = new RandomStream(`chaos ${seed}`)
    this.#world = world
    this.#launchers = launchers
    this.#drivers = drivers
    this.#env = env
  }

  async rage(seconds: number): Promise<void> {
    const deeds: Readonly<Record<string, () => void>> = {
      'launcher killed': () => this.#pick(this.#launchers).signal('SIGKILL'),
      'agent killed': () => this.#signalAgents(this.#pick(this.#launchers), 'SIGKILL'),
      'both killed': () => this.#killBoth(this.#pick(this.#launchers)),
      'launcher suspended': () => this.#suspend([this.#pick(this.#launchers).pid]),
      'agent suspended': () => this.#suspend(agentsOf(this.#pick(this.#launchers).pid)),
      'driver killed': () => this.#pick(this.#drivers).signal('SIGKILL'),
      'driver suspended': () => this.#suspend([this.#pick(this.#drivers).pid]),
      'fsck --repair': () => this.#check(),
      rm: () => this.#say('rm', this.#job()),
      kill: () => this.#say('kill', this.#job()),
      retry: () => this.#say('retry', '*'),
      clone: () => this.#say('clone', this.#job(), '--to', 'clones', '--as', `c${this.#clones++}`),
    }
    const until = performance.now() + seconds * 1000
    while (performance.now() < until) {
      await delay(LEAST_MS + this.random.uniform() * (MOST_MS - LEAST_MS))
      const [name, act] = this.#pick(Object.entries(deeds))
      this.deeds[name] = (this.deeds[name] ?? 0) + 1
      act()
    }
    while (this.#passing.size > 0) await Promise.all(this.#passing)
  }

  #pick<T>(items: readonly T[]): T {
    const item = items[this.random.integer(items.length)]
    if (item === undefined) throw new Error('nothing to choose from')
    return item
  }

  #job(): string {
    const jobs = path.join(this.#world.root, 'jobs/wf')
    return `wf/${this.#pick(fs.readdirSync(jobs).filter((name) => !name.startsWith('.')))}`
  }

  #signalAgents(launcher: Restarted, signal: NodeJS.Signals): void {
    for (const pid of agentsOf(launcher.pid)) signalQuietly(pid, signal)
  }

  /** The agent is not to hear of its launcher's death. */
  #killBoth(launcher: Restarted): void {
    const agents = agentsOf(launcher.pid)
    for (const pid of agents) signalQuietly(pid, 'SIGSTOP')
    launcher.signal('SIGKILL')
    for (const pid of agents) signalQuietly(pid, 'SIGKILL')
  }

  #suspend(pids: readonly (number | undefined)[]): void {
    const known = pids.filter((pid) => pid !== undefined)
    for (const pid of known) signalQuietly(pid, 'SIGSTOP')
    this.#later(
      delay(500 + this.random.uniform() * LONGEST_SUSPENSION_MS).then(() => {
        for (const pid of known) signalQuietly(pid, 'SIGCONT')
      }),
    )
  }

  #check(): void {
    if (this.#isChecking) return
    this.#isChecking = true
    this.#later(this.#bjob('fsck', '--repair').finally(() => (this.#isChecking = false)))
  }

  #say(...words: readonly string[]): void {
    this.#later(this.#bjob(...words))
  }

  /** A refusal is an answer: the job runs, or is gone by now. */
  async #bjob(...words: readonly string[]): Promise<void> {
    try {
      await promisify(execFile)(process.execPath, [BJOB, ...words], { env: this.#env, maxBuffer: 1 << 26 })
    } catch (error) {
      const { code, stderr } = error as { readonly code?: unknown; readonly stderr?: string }
      if (typeof code !== 'number' || stderr?.includes('unexpected:') === true) throw error
    }
  }

  #later(task: Promise<unknown>): void {
    const passing = task.finally(() => this.#passing.delete(passing))
    this.#passing.add(passing)
  }
}

/** @param jobs how many are spawned, evenly over the time; clones come on top */
export async function runChaos({
  seconds,
  jobs,
  seed,
}: {
  readonly seconds: number
  readonly jobs: number
  readonly seed: string
}): Promise<ChaosFigures> {
  const world = await World.make()
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'survival-chaos-'))
  const logs = path.join(folder, 'logs')
  const overlaps = path.join(folder, 'overlaps')
  fs.mkdirSync(logs)
  fs.writeFileSync(overlaps, '')
  fs.appendFileSync(path.join(world.root, 'bjob.yaml'), `lease_seconds: 4\ngrace_seconds: 1\n${NO_CRASH_LIMIT}`)
  fs.writeFileSync(path.join(world.root, 'apps/chaos.yaml'), `executable: ${JSON.stringify(['sh', '-c', SCRIPT])}\n`)
  const env = { ...loginEnvironment(), BJOB_SITE: world.root, LOGS: logs, OVERLAPS: overlaps }
  const words = [BJOB, 'launch', '--persistent', '--slots', String(SLOTS), '--quiet']
  const launch = () => start(process.execPath, words, { env, stdio: ['ignore', 'ignore', 'pipe'] })
  const launchers = Array.from({ length: LAUNCHERS }, () => new Restarted(launch))
  const worker = await bundleWorker(folder)
  const drivers = Array.from(
    { length: DRIVERS },
    (_, at) => new Worker(worker, 'driver', world.root, folder, `driver${at}`),
  )
  const chaos = new Chaos(seed, world, launchers, drivers, env)

  const batches = Math.max(1, Math.floor((seconds * 1000) / BATCH_MS))
  const feed = async (): Promise<void> => {
    for (let batch = 0, next = 0; batch < batches; batch++) {
      const names = Array.from({ length: Math.ceil((jobs * (batch + 1)) / batches) - next }, (_, at) => `j${next + at}`)
      next += names.length
      const records = names.map((name) => JSON.stringify({ workflow: 'wf', name, application: 'chaos' }))
      fs.writeFileSync(path.join(folder, 'records'), records.join('\n'))
      await promisify(execFile)(process.execPath, [BJOB, 'spawn', '--from', path.join(folder, 'records')], { env })
      if (batch < batches - 1) await delay(BATCH_MS)
    }
  }
  const feeding = feed()
  await delay(BATCH_MS)
  await Promise.all([chaos.rage(seconds), feeding])

  const open = async (): Promise<number> =>
    [...(await readTruth(world)).values()].filter(({ state }) => !isEnded(state)).length
  await within(
    CALM_SECONDS,
    'all jobs to end',
    (async () => {
      while ((await open()) > 0) await delay(2000)
    })(),
  )
  fs.writeFileSync(path.join(folder, 'stop'), '')
  await Promise.all([...drivers.map((driver) => driver.end()), ...launchers.map((launcher) => launcher.end('SIGTERM'))])

  const truth = await readTruth(world)
  for (const [id, { job }] of truth) checkHistory(id, job)
  for (const driver of drivers) await checkDriver(world, driver)
  await repair(world)
  const states = new Map([...truth].map(([id, { job }]) => [id, job]))
  const figures = {
    ...count(states, logs, fs.readFileSync(overlaps, 'utf8')),
    deeds: chaos.deeds,
    delivered: truth.size * DRIVERS,
  }
  fs.rmSync(folder, { recursive: true })
  await world.remove()
  return figures
}

type Counted = Omit<ChaosFigures, 'deeds' | 'delivered'>

/** Holds what the jobs wrote to what is on record of them. */
function count(states: ReadonlyMap<string, JobState>, logs: string, seen: string): Counted {
  const overlaps = new Set(seen.split('\n').filter(Boolean))
  const untrue: string[] = []
  const doubled: string[] = []
  let attempts = 0
  let unrecorded = 0
  for (const [id, { attempt, state, history }] of states) {
    attempts += attempt
    const file = path.join(logs, id.replace('/', '+'))
    const lines = fs.existsSync(file) ? fs.readFileSync(file, 'utf8').trimEnd().split('\n') : []
    const attemptOf = (line = ''): number => Number(line.split(' ')[1])
    // The end of an attempt after the start of a later one.
    if (
      lines.some(
        (line, at) => line.startsWith('end') && attemptOf(line) < Math.max(...lines.slice(0, at).map(attemptOf)),
      )
    )
      overlaps.add(id)
    const ended = new Set(lines.filter((line) => line.startsWith('end')).map(attemptOf))
    if (state === 'JOB_FINISHED' && !ended.has(attempt)) untrue.push(id)
    const finished = history.filter((entry) => entry.state === 'JOB_FINISHED').length
    if (finished > 1) doubled.push(id)
    const ran = history.filter((entry) => entry.state === 'RUN_DONE' || entry.state === 'RUN_ERROR').length
    unrecorded += Math.max(0, ended.size - ran)
  }
  return { jobs: states.size, attempts, overlaps: [...overlaps], untrue, doubled, unrecorded }
}

function agentsOf(pid: number | undefined): number[] {
  if (pid === undefined) return []
  try {
    return fs.readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}

function signalQuietly(pid: number, signal: NodeJS.Signals): void {
  try {
    process.kill(pid, signal)
  } catch {
    // It has ended meanwhile.
  }
}

/**
 * Trees of very different sizes, of jobs that can all run and of which none ends by itself; and the
 * questions that are asked of each.
 */
import { once } from 'node:events'
import fs from 'node:fs'
import { endCommand, readLines } from './bench-command.ts'
import { BenchSite } from './bench-site.ts'
import type { Build, Place } from './scenario.ts'

/** Ends that a driver is told of at once. */
const NEW_ENDS = 10
const PATIENCE_MS = 50
/** The exit status of `bjob wait` when the time is up. */
const TIMED_OUT = 1

export interface Tree {
  readonly count: number
  readonly site: BenchSite
  /** Milliseconds a job to make it. */
  readonly spawnMs: number
  /** One entry per started launcher. */
  readonly memoryMB: number[]
  /** How many names have been taken beside the first `count`. */
  extra: number
  killed: number
}

export async function growTree(build: Build, place: Place, count: number): Promise<Tree> {
  const site = await BenchSite.make(build, place)
  const { ms } = await site.spawnMany(count, 'hold')
  await site.run(['results', '--cursor', 'cursor'])
  return { count, site, spawnMs: ms / count, memoryMB: [], extra: 0, killed: 0 }
}

export interface Question {
  readonly what: string
  readonly unit: 'ms' | 'jobs/s'
  /** The visited jobs: some, regardless of the number of others, or all. */
  readonly about: 'some' | 'all'
  readonly ask: (tree: Tree) => Promise<number>
}

/** @param run how many jobs are spawned and run to see what one costs beside all the others */
export function questionsFor(run: number): readonly Question[] {
  const command =
    (...words: readonly string[]) =>
    async ({ site }: Tree): Promise<number> =>
      (await site.run(words)).ms
  return [
    { what: 'ls --by-state', unit: 'ms', about: 'all', ask: command('ls', '--by-state') },
    { what: 'ls --limit 20', unit: 'ms', about: 'all', ask: command('ls', '--limit', '20') },
    { what: "launcher's start to its first job", unit: 'ms', about: 'all', ask: startToFirstJob },
    { what: 'results with nothing new', unit: 'ms', about: 'some', ask: command('results', '--cursor', 'cursor') },
    { what: `results with ${NEW_ENDS} new ends`, unit: 'ms', about: 'some', ask: resultsOfNew },
    { what: 'why of one job', unit: 'ms', about: 'some', ask: command('why', 'job0') },
    { what: 'show of one job', unit: 'ms', about: 'some', ask: command('show', 'job0') },
    { what: `wait of one job, given up after ${PATIENCE_MS} ms`, unit: 'ms', about: 'some', ask: waitInVain },
    {
      what: 'spawn of one job',
      unit: 'ms',
      about: 'some',
      ask: async (tree) => (await tree.site.run(['spawn', '--app', 'hold', '--name', `extra${tree.extra++}`])).ms,
    },
    {
      what: `spawn of ${run} more jobs`,
      unit: 'ms',
      about: 'some',
      ask: async (tree) => (await tree.site.spawnMany(run, 'hold', 'default', `more${tree.extra++}-`)).ms,
    },
    { what: `kill of ${NEW_ENDS} jobs`, unit: 'ms', about: 'some', ask: killSome },
    {
      what: `running ${run} jobs beside the others`,
      unit: 'jobs/s',
      about: 'some',
      ask: (tree) => runBeside(tree, run),
    },
  ]
}

async function killSome(tree: Tree): Promise<number> {
  const ids = Array.from({ length: NEW_ENDS }, () => `default/job${tree.killed++}`)
  return (await tree.site.run(['kill', ...ids])).ms
}

/** Of a job that goes on: it has to see what is, and then what happens. */
async function waitInVain({ site, count }: Tree): Promise<number> {
  const begin = performance.now()
  const waiting = site.start(['wait', `job${count - 1}`, '--timeout', String(PATIENCE_MS / 1000)])
  await once(waiting, 'exit')
  if (waiting.exitCode !== TIMED_OUT) throw new Error(`wait: ${waiting.exitCode ?? waiting.signalCode}`)
  return performance.now() - begin
}

async function resultsOfNew(tree: Tree): Promise<number> {
  await tree.site.run(['results', '--cursor', 'cursor'])
  await killSome(tree)
  const { ms, stdout } = await tree.site.run(['results', '--cursor', 'cursor'])
  const told = stdout.trim().split('\n').length
  if (told !== NEW_ENDS) throw new Error(`${told} ends were told of ${NEW_ENDS}`)
  return ms
}

async function startToFirstJob(tree: Tree): Promise<number> {
  const begin = performance.now()
  const launcher = tree.site.start(['launch', '--persistent', '--slots', '2', '--json'])
  await new Promise<void>((resolve, reject) => {
    readLines(launcher, (line) => {
      if (line.includes('"job-started"')) resolve()
    })
    launcher.once('exit', () => reject(new Error('the launcher ended before its first job')))
  })
  const ms = performance.now() - begin
  const peak = /VmHWM:\s+(\d+) kB/.exec(fs.readFileSync(`/proc/${launcher.pid ?? 0}/status`, 'utf8'))?.[1]
  tree.memoryMB.push(Number(peak) / 1000)
  await endCommand(launcher)
  return ms
}

/** From the first start to the last end, as the launcher tells them. */
async function runBeside(tree: Tree, count: number): Promise<number> {
  const workflow = `run${tree.extra++}`
  await tree.site.spawnMany(count, 'none', workflow)
  const launcher = tree.site.start(['launch', '--persistent', '--slots', '2', '--json', '--workflow', workflow])
  const started: number[] = []
  const ended: number[] = []
  await new Promise<void>((resolve, reject) => {
    readLines(launcher, (line) => {
      if (line.includes('"job-started"')) started.push(performance.now())
      if (line.includes('"job-ended"')) ended.push(performance.now())
      if (ended.length === count) resolve()
    })
    launcher.once('exit', () => reject(new Error('the launcher ended before its jobs')))
  })
  await endCommand(launcher)
  return (count / ((ended.at(-1) ?? NaN) - (started[0] ?? NaN))) * 1000
}

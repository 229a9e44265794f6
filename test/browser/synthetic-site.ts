/**
 * Sites of any size with a past: jobs that ran on four nodes for a day, made by the writers of the
 * library, so that the tree is a true one. Of the largest there is the journal only: nothing reads
 * 100,000 folders.
 */
import fs from 'node:fs'
import path from 'node:path'
import type { HistoryEvent } from '../../src/core/life/history-event.ts'
import { toEvent } from '../../src/core/index/journal-events.ts'
import type { HistoryEntry, JobState } from '../../src/core/life/job-state.ts'
import { decodeSpec } from '../../src/core/job/job-spec.ts'
import type { State } from '../../src/core/life/states.ts'
import { createJobs } from '../../src/site/job/create.ts'
import { createLauncher, writeLease } from '../../src/site/launcher/launchers.ts'
import { JournalMark } from '../../src/site/journal/journal-mark.ts'
import { type Site, openTree } from '../../src/site/site.ts'

/** The facts of the site, for comparison. */
export interface Made {
  readonly states: Readonly<Record<string, number>>
  readonly coreSeconds: number
  /** The longest run's job. */
  readonly longest: string
}

const DAY_MS = 24 * 3_600_000
const NODES = ['n1', 'n2', 'n3', 'n4']
const CORES = 16
const LAUNCHER = 'n1-100-abcdef'
/** Announced together. */
const GROUP = 2000

interface MadeJob {
  readonly workflow: string
  readonly name: string
  readonly state: JobState
  readonly seconds: number
}

export async function fillSite(root: string, count: number, hasFolders: boolean): Promise<Made> {
  const site = await openTree(root, {})
  const begin = Date.now() - 2 * DAY_MS
  const jobs = Array.from({ length: count }, (_, index) => makeJob(index, count, begin))
  await addLauncher(site, begin)
  for (let at = 0; at < count; at += GROUP) {
    const group = jobs.slice(at, at + GROUP)
    await (hasFolders ? addJobs(site, group) : announceJobs(site, group))
  }
  await new JournalMark(site).make()
  await site.close()
  const states: Record<string, number> = {}
  for (const { state } of jobs) states[state.state] = (states[state.state] ?? 0) + 1
  const longest = jobs.reduce((one, other) => (other.seconds > one.seconds ? other : one))
  return {
    states,
    coreSeconds: jobs.reduce((sum, { seconds }) => sum + seconds, 0),
    longest: `${longest.workflow}/${longest.name}`,
  }
}

/**
 * One after the other on each core, each a little shorter than its share of the day; by turns with
 * every kind of end.
 */
function makeJob(index: number, count: number, begin: number): MadeJob {
  const lanes = NODES.length * CORES
  const share = DAY_MS / Math.ceil(count / lanes)
  const start = Math.floor(begin + Math.floor(index / lanes) * share)
  // Spread over two decades, each job's own; the same at every run.
  const part = 10 ** (-2 * (((index * 7919) % 1000) / 1000))
  const length = Math.max(1, Math.floor(share * 0.95 * part))
  const node = NODES[index % NODES.length] ?? ''
  const at = (time: number): string => new Date(time).toISOString()
  const entry = (time: number, state: State, event?: HistoryEvent): HistoryEntry => ({
    time: at(time),
    state,
    ...(event === undefined ? {} : { event }),
  })
  const claim = { kind: 'claimed', step: 'attempt', attempt: 1, nodes: node, cores: 1 } as const
  const history = [entry(begin - 60_000, 'CREATED', { kind: 'born', by: 'ada@login' }), entry(start, 'RUNNING', claim)]
  const end = start + length
  if (index % 23 === 5)
    history.push(
      entry(end, 'RUN_ERROR', { kind: 'ran', exit: 1, seconds: 1 }),
      entry(end, 'FAILED', { kind: 'ran', exit: 1 }),
    )
  else if (index % 97 === 11)
    history.push(entry(end, 'USER_KILLED', { kind: 'stopped', why: 'killed', by: 'ada@login' }))
  else history.push(entry(end, 'RUN_DONE', { kind: 'ran', exit: 0, seconds: 1 }), entry(end, 'JOB_FINISHED'))
  const state = history.at(-1)?.state ?? 'CREATED'
  return {
    workflow: `sweep${index % 5}`,
    name: `task${index}`,
    state: { state, attempt: 1, launcher: LAUNCHER, revision: 1, history },
    seconds: length / 1000,
  }
}

async function addJobs(site: Site, jobs: readonly MadeJob[]): Promise<void> {
  const spec = decodeSpec({ application: 'yes' })
  await createJobs(
    site,
    jobs.map(({ workflow, name, state }) => ({ id: `${workflow}/${name}`, spec, state, inputs: [] })),
  )
}

async function announceJobs(site: Site, jobs: readonly MadeJob[]): Promise<void> {
  const spec = decodeSpec({ application: 'yes' })
  const announced = jobs.map(({ workflow, name, state }) =>
    site.journal.announce(toEvent(`${workflow}/${name}`, state, 0, spec), false),
  )
  for (const announcement of await Promise.all(announced)) announcement.settle(true)
}

/** It had the four nodes for that day, and ended in good order. */
async function addLauncher(site: Site, begin: number): Promise<void> {
  await createLauncher(site, LAUNCHER, { nodes: NODES, cores: NODES.length * CORES, gpus: 0 })
  const lease = { launcher: LAUNCHER, beat: 1, host: 'n1', pid: 100, agents: [], kernel: 'another' }
  await writeLease(site, { ...lease, started: new Date(begin).toISOString(), ended: 'idle for 10 s' })
  const end = new Date(begin + DAY_MS)
  fs.utimesSync(path.join(site.layout.root, 'launchers', LAUNCHER, 'lease.yaml'), end, end)
}

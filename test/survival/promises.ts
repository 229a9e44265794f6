/**
 * The promises, checked on a tree by reading it without any of bjob's short cuts. Throws with what
 * is broken.
 */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { Catalogue } from '../../src/client/view/catalogue.ts'
import { followResults } from '../../src/client/ends/read-results.ts'
import type { JobEntry } from '../../src/core/index/job-entry.ts'
import { type JobState, isOwned } from '../../src/core/life/job-state.ts'
import { parseState } from '../../src/core/life/state-document.ts'
import { type State, END_STATES, leadsTo } from '../../src/core/life/states.ts'
import { checkSite } from '../../src/site/fsck/check-site.ts'
import type { Finding } from '../../src/site/fsck/finding.ts'
import { JobView } from '../../src/site/view/job-view.ts'
import { readData } from '../../src/site/job/job-files.ts'
import { readJobState, readSpec } from '../../src/site/job/jobs.ts'
import { mendSite } from '../../src/site/fsck/mend.ts'
import { entryOf } from '../../src/core/index/job-entry.ts'
import { readEntry } from '../../src/site/view/scan.ts'
import type { Site } from '../../src/site/site.ts'
import { kill, release } from './actors.ts'
import type { World } from './world.ts'

const ENDS: readonly string[] = END_STATES

/** Every job, from its folder and nothing else. */
export async function readTruth(world: World): Promise<Map<string, JobEntry & { readonly job: JobState }>> {
  const site = world.open()
  const truth = new Map<string, JobEntry & { readonly job: JobState }>()
  const jobs = path.join(world.root, 'jobs')
  for (const workflow of fs.readdirSync(jobs).filter(isPlain)) {
    for (const name of fs.readdirSync(path.join(jobs, workflow)).filter(isPlain)) {
      const id = `${workflow}/${name}`
      const file = path.join(jobs, workflow, name, 'state.yaml')
      await readData(site, id)
      const job = parseState(fs.readFileSync(file, 'utf8'), file)
      truth.set(id, { ...entryOf(id, job, await readSpec(site, id, job)), job })
    }
  }
  return truth
}

const isPlain = (name: string): boolean => !name.startsWith('.')

/**
 * Something that was noted of a job without moving it; an end or a start that is there twice is
 * none.
 */
function isNote(from: State, to: State): boolean {
  return from === to && to !== 'RUNNING' && !ENDS.includes(to)
}

/** A history is a walk through the table of states, and ends at most once between two retries. */
export function checkHistory(id: string, { state, attempt, history }: JobState): void {
  let from: State = 'CREATED'
  for (const [index, entry] of history.entries()) {
    if (index === 0) assert.equal(entry.state, 'CREATED', `${id} does not begin with CREATED`)
    else
      assert.ok(
        leadsTo(from, entry.state) || isNote(from, entry.state),
        `${id} went from ${from} to ${entry.state}:\n${JSON.stringify(history, undefined, 1)}`,
      )
    from = entry.state
  }
  assert.equal(from, state, `${id}: the history ends in another state`)
  assert.equal(
    history.filter((entry) => entry.state === 'RUNNING').length,
    attempt,
    `${id}: attempts and history differ`,
  )
}

export interface Verdict {
  readonly jobs: number
  readonly ended: number
}

/** Everyone sees the state of the tree, and each end is delivered once. */
export async function checkPromises(world: World): Promise<Verdict> {
  const truth = await readTruth(world)
  for (const [id, { job }] of truth) checkHistory(id, job)
  const expected = [...truth.values()].map(({ job: _job, ...entry }) => entry)
  await world.as(async (site) => {
    assert.deepEqual(
      sorted(await new Catalogue(site).entries()).map(stable),
      sorted(expected).map(stable),
      'the catalogue differs from the folders',
    )
    const live = (await readLive(site)).filter(({ state }) => !ENDS.includes(state))
    assert.deepEqual(
      sorted(live).map(stable),
      sorted(expected.filter(({ state }) => !ENDS.includes(state))).map(stable),
      'a launcher sees other jobs than there are',
    )
    await world.drain(site)
    await world.drain(site)
  })
  const ended = expected.filter(({ state }) => ENDS.includes(state))
  checkDeliveries(world, ended)
  checkEnds(await world.as((site) => collectEnds(site)), truth, (id) => isInTrash(world, id))
  return { jobs: truth.size, ended: ended.length }
}

export function isInTrash(world: World, id: string): boolean {
  const trash = path.join(world.root, 'trash')
  if (!fs.existsSync(trash)) return false
  return fs.readdirSync(trash).some((name) => name.startsWith(`${id.replace('/', '+')}.`))
}

async function readLive(site: Site): Promise<JobEntry[]> {
  const { index } = await JobView.open(site, 'live')
  // As the launcher does: what was only announced, or of which the journal's newest lines do not
  // tell all, is looked up.
  const doubtful = [
    ...index.pendingIds(),
    ...[...index.entries()].filter(({ spec }) => spec === undefined).map(({ id }) => id),
  ]
  const entries = [...index.entries()].filter(({ id }) => !doubtful.includes(id))
  for (const id of new Set(doubtful)) {
    const entry = await readEntry(site, id)
    if (entry !== undefined) entries.push(entry)
  }
  return entries
}

async function collectEnds(site: Site): Promise<{ readonly id: string; readonly ended: string }[]> {
  const ends: { readonly id: string; readonly ended: string }[] = []
  for await (const { id, ended } of followResults(site, {})) ends.push({ id, ended })
  return ends
}

/**
 * Each job that has ended once, and beside them only such as were removed since. Times are compared
 * for being the same: clocks may differ by hours.
 */
function checkEnds(
  ends: readonly { readonly id: string; readonly ended: string }[],
  truth: ReadonlyMap<string, JobEntry>,
  isRemoved: (id: string) => boolean,
): void {
  const isPast = ({ id, ended }: (typeof ends)[number]): boolean => {
    const now = truth.get(id)
    return now === undefined || !ENDS.includes(now.state) || now.changed !== ended
  }
  const current = ends.filter((end) => !isPast(end)).map(({ id }) => id)
  const expected = [...truth.values()].filter(({ state }) => ENDS.includes(state)).map(({ id }) => id)
  assert.deepEqual(current.sort(), expected.sort(), 'a new driver does not get each end once')
  const past = ends.filter(isPast).map(({ id }) => id)
  assert.equal(new Set(past).size, past.length, 'an end of a removed job is delivered twice')
  for (const id of past)
    assert.ok(!truth.has(id) || isRemoved(id), `an end of ${id} is delivered twice: it was never removed`)
}

/**
 * The driver has been handed the end that each job has now, and nothing twice that it had dealt
 * with.
 */
export function checkDeliveries(world: World, ended: readonly JobEntry[]): void {
  const handed = new Set<string>()
  const acknowledged = new Set<string>()
  for (const { id, state, ended: time, isAcknowledged } of world.deliveries) {
    const key = `${id} ${state} ${time}`
    // The one that a driver was busy with when it died may come again; nothing else.
    assert.ok(!acknowledged.has(key), `delivered 2 times: ${key} ${JSON.stringify(world.deliveries)}`)
    handed.add(key)
    if (isAcknowledged) acknowledged.add(key)
  }
  for (const { id, state, changed } of ended)
    assert.ok(handed.has(`${id} ${state} ${changed}`), `never delivered: ${id} ${state}`)
}

/**
 * One line an entry, without the time: of a change that adds nothing to the history, the journal
 * does not tell it.
 */
function stable({ changed: _changed, ...entry }: JobEntry): string {
  return JSON.stringify(Object.entries(entry).sort())
}

function sorted(entries: readonly JobEntry[]): JobEntry[] {
  return [...entries].sort((one, other) => (one.id < other.id ? -1 : 1))
}

/**
 * Whatever was left behind does not keep anybody from going on: every job can be brought to its
 * end.
 */
export async function checkOpenToChange(world: World): Promise<void> {
  for (const [id, { job }] of await readTruth(world)) {
    if (ENDS.includes(job.state)) continue
    await world.as(async (site) => {
      await kill(site, id)
      if (isOwned(job)) await release(site, id, job.launcher ?? '')
    })
    const after = await readJobState(world.open(), id)
    assert.ok(after.revision > job.revision, `${id} could not be changed`)
    assert.ok(ENDS.includes(after.state), `${id} did not end: ${after.state}`)
  }
}

/**
 * `bjob fsck --repair` leaves a tree that is whole, with nothing left over.
 * @returns what it found
 */
export async function repair(world: World): Promise<readonly Finding[]> {
  buryTheSpawners(world)
  const found = await world.as(async (site) => {
    const findings = await checkSite(site)
    await mendSite(site, findings)
    return findings
  })
  const left = await world.as((site) => checkSite(site))
  assert.deepEqual(
    left.filter(({ isRemark }) => isRemark !== true).map(({ kind, path: file }) => `${kind} ${file}`),
    [],
    'fsck --repair left damage',
  )
  return found
}

/**
 * Draft folders, drafts, locks: after a repair none but the symlink of a revision that nobody may
 * make any more.
 */
export function listLeftovers(world: World): string[] {
  const names = fs.readdirSync(world.root, { recursive: true, encoding: 'utf8' })
  return names.filter(
    (name) =>
      !/^(driver|trash)\//.test(name) &&
      path.basename(name).startsWith('.') &&
      !path.basename(name).startsWith('.revision-'),
  )
}

/**
 * All processes that are played here have one process id, which lives: a dead spawner's is written
 * into the folder that it left.
 */
function buryTheSpawners(world: World): void {
  const jobs = path.join(world.root, 'jobs')
  for (const workflow of fs.readdirSync(jobs).filter(isPlain)) {
    for (const name of fs.readdirSync(path.join(jobs, workflow))) {
      if (!name.startsWith('.new-')) continue
      fs.renameSync(
        path.join(jobs, workflow, name),
        path.join(jobs, workflow, name.replace(`-${process.pid}-`, '-999999999-')),
      )
    }
  }
}

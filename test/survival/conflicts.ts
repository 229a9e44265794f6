/** Pairs of changes of one job that get in each other's way. */
import fs from 'node:fs'
import path from 'node:path'
import { checkSite } from '../../src/site/fsck/check-site.ts'
import { JobView } from '../../src/site/view/job-view.ts'
import { mendSite } from '../../src/site/fsck/mend.ts'
import type { Site } from '../../src/site/site.ts'
import { ERROR, claim, end, kill, release, note, retry, setTag, spawn } from './actors.ts'
import type { World } from './world.ts'

export interface Actor {
  readonly name: string
  readonly act: (site: Site, world: World) => Promise<unknown>
}

export interface Conflict {
  readonly name: string
  readonly prepare: (site: Site, world: World) => Promise<unknown>
  /** The first is the one that is suspended. */
  readonly actors: readonly [Actor, Actor]
  /**
   * Checks the result of each, in their order; `undefined` for one that failed.
   * @returns the faults
   */
  readonly judge?: (results: readonly unknown[], world: World) => string | undefined
}

const ID = 'wf/j1'
const born = (site: Site, world: World): Promise<unknown> => spawn(site, ['j1'], world.context())
const running = async (site: Site, world: World): Promise<void> => {
  await born(site, world)
  await claim(site, ID, 'L1')
}
const killed = async (site: Site, world: World): Promise<void> => {
  await born(site, world)
  await kill(site, ID)
  await world.drain(site)
}

const claims = (launcher: string): Actor => ({ name: `${launcher} claims`, act: (site) => claim(site, ID, launcher) })
const ends: Actor = { name: 'L1 ends', act: (site) => end(site, ID, 'L1', 1) }
const fails: Actor = { name: 'L1 fails', act: (site) => end(site, ID, 'L1', 1, ERROR, 1) }
const releases = (by: string): Actor => ({ name: `${by} takes back`, act: (site) => release(site, ID, 'L1') })
const kills = (by: string): Actor => ({ name: `${by} kills`, act: (site) => kill(site, ID, by) })
const retries: Actor = { name: 'retries', act: (site) => retry(site, ID) }
const repairs: Actor = { name: 'fsck --repair', act: async (site) => mendSite(site, await checkSite(site)) }
const spawns = (by: string): Actor => ({
  name: `${by} spawns`,
  act: async (site, world) => (await spawn(site, ['j1', `of-${by}`], world.context('reuse')))[0]?.isNew,
})
const saves: Actor = {
  name: 'writes the snapshots',
  act: async (site) => (
    await (await JobView.open(site, 'all')).save(),
    await (await JobView.open(site, 'live')).save()
  ),
}
const drains: Actor = { name: 'a driver drains', act: (site, world) => world.drain(site, site.disk) }
const sets = (value: string): Actor => ({ name: `sets ${value}`, act: (site) => setTag(site, ID, value) })
const notes = (message: string): Actor => ({ name: `notes ${message}`, act: (site) => note(site, ID, message) })
const onceMore: Actor = {
  name: 'L2 claims and ends',
  act: async (site) => (await release(site, ID, 'L1'), await end(site, ID, 'L2', (await claim(site, ID, 'L2')) ?? 0)),
}

const both = (results: readonly unknown[]): boolean =>
  results.every((result) => result !== undefined && result !== false)
const none = (results: readonly unknown[]): boolean =>
  results.every((result) => result === undefined || result === false)
const exactlyOne = (results: readonly unknown[]): string | undefined =>
  both(results)
    ? 'double: both believe to have made the change'
    : none(results)
      ? 'lost: neither has made the change'
      : undefined

function expectNotes(_results: readonly unknown[], world: World): string | undefined {
  const text = fs.readFileSync(path.join(world.root, 'jobs', ID, 'state.yaml'), 'utf8')
  const lost = ['one', 'two'].filter((message) => text.split(`CREATED ${message}\n`).length !== 2)
  return lost.length === 0 ? undefined : `lost, or there twice: ${lost.join(', ')}:\n${text}`
}

export const CONFLICTS: readonly Conflict[] = [
  { name: 'claim / claim', prepare: born, actors: [claims('L1'), claims('L2')], judge: exactlyOne },
  { name: 'note / note', prepare: born, actors: [notes('one'), notes('two')], judge: expectNotes },
  { name: 'set / claim', prepare: born, actors: [sets('1'), claims('L1')] },
  { name: 'set / set', prepare: born, actors: [sets('1'), sets('2')] },
  { name: 'claim / kill', prepare: born, actors: [claims('L1'), kills('p')] },
  { name: 'kill / claim', prepare: born, actors: [kills('p'), claims('L1')] },
  { name: 'kill / kill', prepare: born, actors: [kills('p'), kills('q')], judge: exactlyOne },
  { name: 'end / taken back', prepare: running, actors: [ends, releases('L2')], judge: exactlyOne },
  { name: 'taken back / end', prepare: running, actors: [releases('L2'), ends], judge: exactlyOne },
  { name: 'end / run again elsewhere', prepare: running, actors: [ends, onceMore], judge: exactlyOne },
  { name: 'fail / taken back', prepare: running, actors: [fails, releases('L2')], judge: exactlyOne },
  { name: 'end / kill', prepare: running, actors: [ends, kills('p')] },
  { name: 'kill / end', prepare: running, actors: [kills('p'), ends] },
  { name: 'taken back / taken back', prepare: running, actors: [releases('L2'), releases('L3')], judge: exactlyOne },
  { name: 'retry / retry', prepare: killed, actors: [retries, retries], judge: exactlyOne },
  { name: 'spawn / spawn', prepare: async () => {}, actors: [spawns('p'), spawns('q')], judge: exactlyOne },
  { name: 'spawn / snapshot', prepare: async () => {}, actors: [spawns('p'), saves] },
  { name: 'snapshot / end', prepare: running, actors: [saves, ends] },
  { name: 'end / snapshot', prepare: running, actors: [ends, saves] },
  { name: 'end / drain', prepare: running, actors: [ends, drains] },
  {
    name: 'drain / retry',
    prepare: async (site, world) => (await born(site, world), await kill(site, ID)),
    actors: [drains, retries],
  },
  { name: 'end / repair', prepare: running, actors: [ends, repairs] },
  { name: 'claim / repair', prepare: born, actors: [claims('L1'), repairs] },
  {
    name: 'repair / claim',
    prepare: async (site, world) => {
      await born(site, world)
      await site.close()
      const dir = path.join(world.root, 'jobs', ID)
      fs.writeFileSync(path.join(dir, 'state.yaml'), fs.readFileSync(path.join(dir, 'state.yaml'), 'utf8').slice(0, 20))
    },
    actors: [repairs, { name: 'L2 claims, if it can', act: (site) => claim(site, ID, 'L2').catch(() => undefined) }],
  },
  {
    name: 'repair / repair',
    prepare: async (site, world) => (
      await running(site, world),
      await site.close(),
      fs.rmSync(path.join(world.root, 'journal'), { recursive: true })
    ),
    actors: [repairs, repairs],
  },
]

/** Of three: each suspended at any call, in the presence of the others. */
export const TRIPLES: readonly {
  readonly name: string
  readonly prepare: Conflict['prepare']
  readonly actors: readonly Actor[]
  readonly winners: number
}[] = [
  { name: 'three claims', prepare: born, actors: [claims('L1'), claims('L2'), claims('L3')], winners: 1 },
  { name: 'end, taken back twice', prepare: running, actors: [ends, releases('L2'), releases('L3')], winners: 1 },
]

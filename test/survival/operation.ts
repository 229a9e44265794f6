/** An operation, and the parts that several of them share. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import type { Disk } from '../../src/site/disk/disk.ts'
import { JobView } from '../../src/site/view/job-view.ts'
import type { JobSpec } from '../../src/core/job/job-spec.ts'
import { readJobState, readSpec } from '../../src/site/job/jobs.ts'
import { readEntry } from '../../src/site/view/scan.ts'
import type { Site } from '../../src/site/site.ts'
import { Recovery } from '../../src/launch/recovery.ts'
import { claim, spawn } from './actors.ts'
import type { World } from './world.ts'

export interface Operation {
  readonly name: string
  /** Makes what has to be there before. */
  readonly prepare?: (site: Site, world: World) => Promise<unknown>
  readonly run: (site: Site, world: World, disk: Disk) => Promise<unknown>
  /** The action of another process after a crash; by default the same again. */
  readonly again?: (site: Site, world: World) => Promise<unknown>
  /** The state that must hold after `again`. */
  readonly check?: (world: World) => Promise<void> | void
  /** Jobs that are in the trash afterwards. */
  readonly removes?: readonly string[]
}

export const LEASE = { launcher: 'L9', beat: 7, host: 'h', pid: 1, agents: [], kernel: 'k', started: '' }
export const FULL = { input_files: ['input.dat', 'deck'], data: { x: [1, 2, 3] }, args: ['a b'], tags: { k: 'v' } }

export async function makeJobs(site: Site, world: World, names: readonly string[]): Promise<void> {
  await spawn(site, names, world.context())
}

/** Jobs j1 … that `launcher` runs. */
export async function makeRunning(site: Site, world: World, names: readonly string[], launcher: string): Promise<void> {
  await makeJobs(site, world, names)
  for (const name of names) await claim(site, `wf/${name}`, launcher)
}

export function expectFiles(world: World, name: string, workflow = 'wf'): void {
  const dir = path.join(world.root, 'jobs', workflow, name)
  assert.equal(
    fs.readFileSync(path.join(dir, 'input.dat'), 'utf8'),
    fs.readFileSync(path.join(world.inputs, 'input.dat'), 'utf8'),
  )
  assert.equal(fs.readFileSync(path.join(dir, 'deck/mesh.dat'), 'utf8'), 'mesh\n')
  assert.deepEqual(JSON.parse(fs.readFileSync(path.join(dir, 'data.json'), 'utf8')), FULL.data)
}

export async function expectState(world: World, id: string, ...states: readonly string[]): Promise<void> {
  const text = fs.readFileSync(path.join(world.root, 'jobs', id, 'state.yaml'), 'utf8')
  assert.ok(states.includes(/^state: (\w+)$/m.exec(text)?.[1] ?? ''), `${id} is not ${states.join(' or ')}:\n${text}`)
}

/**
 * Recovery as a launcher runs it: it is told of the jobs by the journal, and looks at the leases.
 */
export async function recover(site: Site): Promise<void> {
  const view = await JobView.open(site, 'live')
  // As the launcher does with what was announced and not said to be made.
  for (const id of Array.from(view.index.pendingIds())) {
    const entry = await readEntry(site, id)
    if (entry !== undefined) view.index.restore([entry])
  }
  await new Recovery(site, 'L2', view.index, () => {}, { clear: async () => true, isActive: () => true }).look()
}

/** The current specification of a job, even if its job.yaml is not in place. */
export async function specOf(world: World, id: string): Promise<JobSpec> {
  const site = world.open()
  return readSpec(site, id, await readJobState(site, id))
}

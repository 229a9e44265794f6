/**
 * Everything that bjob does to a tree, one entry each: whoever adds an operation adds it here, and
 * every crash point, every suspension, every fault and every power failure of it is tried.
 */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { addApplication, readApplication, removeApplication } from '../../src/site/applications.ts'
import { checkSite } from '../../src/site/fsck/check-site.ts'
import { LauncherLog, openLauncherLog } from '../../src/site/launcher/launcher-log.ts'
import { createLauncher, readLease, writeLease } from '../../src/site/launcher/launchers.ts'
import { JobView } from '../../src/site/view/job-view.ts'
import { mendSite } from '../../src/site/fsck/mend.ts'
import { readJobState } from '../../src/site/job/jobs.ts'
import { Site } from '../../src/site/site.ts'
import { ERROR, claim, end, kill, release, retry, setTag, spawn, step } from './actors.ts'
import {
  FULL,
  LEASE,
  type Operation,
  expectFiles,
  expectState,
  makeJobs,
  makeRunning,
  recover,
  specOf,
} from './operation.ts'
import { REQUESTS } from './request-operations.ts'
import type { World } from './world.ts'

const SOON = '2026-11-24T00:00:00.000Z'
const EVAL = { name: 'other', executable: 'echo', shell: false, description: 'says it' }

async function makeDamage(site: Site, world: World): Promise<void> {
  await makeRunning(site, world, ['a', 'b'], 'L1')
  await end(site, 'wf/a', 'L1', 1)
  const dir = path.join(world.root, 'jobs/wf')
  fs.writeFileSync(path.join(dir, 'a/state.yaml'), 'state: JOB_FIN')
  fs.writeFileSync(path.join(dir, 'b/job.yaml'), '')
  fs.mkdirSync(path.join(dir, 'b/.lock'))
  fs.writeFileSync(path.join(dir, 'b/.state-dead-1-x-1'), '')
  fs.mkdirSync(path.join(dir, '.new-elsewhere-1-x-1'))
}

/** Each line takes the file past its size. */
async function writeLongLog(site: Site): Promise<void> {
  const log = new LauncherLog(site, 'L9', 1)
  for (const number of [1, 2, 3]) {
    log.add(`line ${number}\n`)
    await log.close()
  }
}

/**
 * A node's first words, on a disk that is taken for a network's: names that others have to find are
 * shown.
 */
async function beginOverNetwork(near: Site, world: World): Promise<void> {
  const site = new Site(near.layout, { ...near.disk, isNetwork: true }, near.settings)
  try {
    await spawn(site, ['j1'], world.context('reuse'))
    await createLauncher(site, 'L9', { slots: 1 })
    await writeLease(site, LEASE)
  } finally {
    await site.close()
  }
}

const CHANGES: readonly Operation[] = [
  {
    name: 'spawn one',
    run: (site, world) => spawn(site, ['j1'], world.context()),
    again: (site, world) => spawn(site, ['j1'], world.context('reuse')),
  },
  {
    name: 'spawn with data and input',
    run: (site, world) => spawn(site, ['j1'], world.context(), FULL),
    again: (site, world) => spawn(site, ['j1'], world.context('reuse'), FULL),
    check: (world) => expectFiles(world, 'j1'),
  },
  {
    name: 'spawn with links to its input',
    run: (site, world) => spawn(site, ['j1'], world.context(), { ...FULL, input_mode: 'link' }),
    again: (site, world) => spawn(site, ['j1'], world.context('reuse'), { ...FULL, input_mode: 'link' }),
    check: (world) => expectFiles(world, 'j1'),
  },
  {
    name: 'spawn a batch',
    run: (site, world) => spawn(site, ['j1', 'j2', 'j3', 'j4'], world.context()),
    again: (site, world) => spawn(site, ['j1', 'j2', 'j3', 'j4'], world.context('reuse')),
  },
  {
    name: 'spawn, reusing',
    prepare: (site, world) => makeJobs(site, world, ['j2']),
    run: (site, world) => spawn(site, ['j1', 'j2', 'j3'], world.context('reuse')),
  },
  {
    name: 'spawn, renaming',
    prepare: (site, world) => makeJobs(site, world, ['j1']),
    run: (site, world) => spawn(site, ['j1'], world.context('rename')),
    again: async () => {},
  },
  {
    name: 'claim',
    prepare: (site, world) => makeJobs(site, world, ['j1']),
    run: (site) => claim(site, 'wf/j1', 'L1'),
    again: (site) => claim(site, 'wf/j1', 'L2'),
    check: (world) => expectState(world, 'wf/j1', 'RUNNING'),
  },
  {
    name: 'claim, revision known',
    prepare: (site, world) => makeJobs(site, world, ['j1']),
    run: (site) => claim(site, 'wf/j1', 'L1', 1),
    again: (site) => claim(site, 'wf/j1', 'L2', 1),
    check: (world) => expectState(world, 'wf/j1', 'RUNNING'),
  },
  {
    name: 'end',
    prepare: (site, world) => makeRunning(site, world, ['j1'], 'L1'),
    run: (site) => end(site, 'wf/j1', 'L1', 1),
    check: (world) => expectState(world, 'wf/j1', 'JOB_FINISHED'),
  },
  {
    name: 'fail, to be retried',
    prepare: (site, world) => makeRunning(site, world, ['j1'], 'L1'),
    run: (site) => end(site, 'wf/j1', 'L1', 1, ERROR, 1),
    check: (world) => expectState(world, 'wf/j1', 'RESTART_READY'),
  },
  {
    name: 'fail, to be retried later',
    prepare: (site, world) => makeRunning(site, world, ['j1'], 'L1'),
    run: (site) => end(site, 'wf/j1', 'L1', 1, ERROR, 1, 60),
    check: (world) => {
      const text = fs.readFileSync(path.join(world.root, 'jobs/wf/j1/state.yaml'), 'utf8')
      assert.match(text, /^not_before: \d{4}-/m)
    },
  },
  {
    name: 'fail for good',
    prepare: (site, world) => makeRunning(site, world, ['j1'], 'L1'),
    run: (site) => end(site, 'wf/j1', 'L1', 1, ERROR),
    check: (world) => expectState(world, 'wf/j1', 'FAILED'),
  },
  {
    name: 'take to stage in',
    prepare: (site, world) => makeJobs(site, world, ['j1']),
    run: (site) => step(site, 'wf/j1', 'READY', 'stage-in on n', { launcher: 'L1' }),
    check: (world) => expectState(world, 'wf/j1', 'READY'),
  },
  {
    name: 'fail to stage in',
    prepare: async (site, world) => (
      await makeJobs(site, world, ['j1']),
      await step(site, 'wf/j1', 'READY', 'stage-in on n', { launcher: 'L1' })
    ),
    run: (site) => step(site, 'wf/j1', 'READY', 'stage-in failed: x', { launcher: undefined, notBefore: SOON }),
    check: (world) => expectState(world, 'wf/j1', 'READY'),
  },
  {
    name: 'stage out, and end',
    prepare: async (site, world) => (
      await makeRunning(site, world, ['j1'], 'L1'),
      await step(site, 'wf/j1', 'RUN_DONE', 'exit 0', {})
    ),
    run: async (site) => (
      await step(site, 'wf/j1', 'POSTPROCESSED', 'stage-out on n', {}),
      await step(site, 'wf/j1', 'JOB_FINISHED', 'x to y', {})
    ),
    again: async (site) => {
      const { state } = await readJobState(site, 'wf/j1')
      if (state === 'RUN_DONE') await step(site, 'wf/j1', 'POSTPROCESSED', 'stage-out on n', {})
      if (state !== 'JOB_FINISHED') await step(site, 'wf/j1', 'JOB_FINISHED', 'x to y', {})
    },
    check: (world) => expectState(world, 'wf/j1', 'JOB_FINISHED'),
  },
  {
    name: 'kill one that waits',
    prepare: (site, world) => makeJobs(site, world, ['j1']),
    run: (site) => kill(site, 'wf/j1'),
    check: (world) => expectState(world, 'wf/j1', 'USER_KILLED'),
  },
  {
    name: 'kill one that runs',
    prepare: (site, world) => makeRunning(site, world, ['j1'], 'L1'),
    run: (site) => kill(site, 'wf/j1'),
    check: (world) => expectState(world, 'wf/j1', 'RUNNING'),
  },
  {
    name: 'claim and end',
    prepare: (site, world) => makeJobs(site, world, ['j1']),
    run: async (site) => end(site, 'wf/j1', 'L1', (await claim(site, 'wf/j1', 'L1')) ?? 0),
    again: async (site) => (
      await release(site, 'wf/j1', 'L1'),
      await end(site, 'wf/j1', 'L2', (await claim(site, 'wf/j1', 'L2')) ?? 0)
    ),
    check: (world) => expectState(world, 'wf/j1', 'JOB_FINISHED'),
  },
  {
    name: 'take back from a dead launcher',
    prepare: async (site, world) => {
      await makeRunning(site, world, ['j1', 'j2'], 'L1')
      await kill(site, 'wf/j2')
      await createLauncher(site, 'L1', {})
      await writeLease(site, { ...LEASE, launcher: 'L1', ended: 'died' })
    },
    run: recover,
    check: async (world) => (
      await expectState(world, 'wf/j1', 'RESTART_READY'),
      expectState(world, 'wf/j2', 'USER_KILLED')
    ),
  },
  {
    name: 'retry by hand',
    prepare: async (site, world) => (
      await makeJobs(site, world, ['j1']),
      await kill(site, 'wf/j1'),
      await world.drain(site)
    ),
    run: (site) => retry(site, 'wf/j1'),
    check: (world) => expectState(world, 'wf/j1', 'RESTART_READY'),
  },
  {
    name: 'write the snapshots',
    prepare: (site, world) => makeRunning(site, world, ['j1', 'j2'], 'L1'),
    run: async (site) => (
      await (await JobView.open(site, 'all')).save(),
      await (await JobView.open(site, 'live')).save()
    ),
  },
  {
    name: 'scan and write a snapshot, the journal gone',
    prepare: async (site, world) => {
      await makeRunning(site, world, ['j1', 'j2'], 'L1')
      await site.close()
      fs.rmSync(path.join(world.root, 'journal'), { recursive: true })
    },
    run: (site) => JobView.open(site, 'all'),
  },
  {
    name: 'drain into a cursor',
    prepare: async (site, world) => {
      await makeJobs(site, world, ['j1', 'j2', 'j3'])
      await kill(site, 'wf/j1')
      await world.drain(site)
      for (const name of ['j2', 'j3']) await kill(site, `wf/${name}`)
    },
    run: (site, world, disk) => world.drain(site, disk),
  },
  {
    name: 'fsck --repair',
    prepare: makeDamage,
    run: async (site) => mendSite(site, await checkSite(site)),
    check: async (world) => (await expectState(world, 'wf/a', 'JOB_FINISHED'), expectState(world, 'wf/b', 'RUNNING')),
  },
  {
    name: 'fsck --repair, the journal gone',
    prepare: async (site, world) => {
      await makeRunning(site, world, ['j1', 'j2'], 'L1')
      await end(site, 'wf/j1', 'L1', 1)
      await site.close()
      fs.rmSync(path.join(world.root, 'journal'), { recursive: true })
    },
    run: async (site) => mendSite(site, await checkSite(site)),
  },
  {
    name: 'add an application',
    run: (site) => addApplication(site.disk, site.layout, EVAL),
    again: async (site) => {
      const isThere = (await site.disk.stat(site.layout.app(EVAL.name))) !== undefined
      if (!isThere) await addApplication(site.disk, site.layout, EVAL)
    },
    check: async (world) => void (await readApplication(world.open().disk, world.open().layout, EVAL.name)),
  },
  {
    name: 'remove an application',
    run: (site) => removeApplication(site.disk, site.layout, 'eval'),
    again: async () => {},
  },
  {
    name: 'begin a launcher',
    run: async (site) => (await createLauncher(site, 'L9', { slots: 1 }), await writeLease(site, LEASE)),
    check: async (world) => assert.equal((await readLease(world.open(), 'L9'))?.beat, 7),
  },
  {
    name: 'begin over a network',
    run: beginOverNetwork,
    check: async (world) => assert.equal((await readLease(world.open(), 'L9'))?.beat, 7),
  },
  {
    name: 'renew a lease',
    prepare: async (site) => (await createLauncher(site, 'L9', {}), await writeLease(site, { ...LEASE, beat: 6 })),
    run: (site) => writeLease(site, LEASE),
    check: async (world) => assert.equal((await readLease(world.open(), 'L9'))?.beat, 7),
  },
  {
    name: 'write a log past its size',
    prepare: (site) => createLauncher(site, 'L9', {}),
    run: writeLongLog,
    check: async (world) => {
      const lines: string[] = []
      for await (const some of openLauncherLog(world.open(), 'L9').read()) lines.push(...some)
      assert.equal(lines.at(-1), 'line 3')
    },
  },
  {
    name: 'set a field',
    prepare: (site, world) => makeJobs(site, world, ['j1']),
    run: (site) => setTag(site, 'wf/j1', 'x'),
    check: async (world) => assert.equal((await specOf(world, 'wf/j1')).tags['value'], 'x'),
  },
]

export const OPERATIONS: readonly Operation[] = [...CHANGES, ...REQUESTS]

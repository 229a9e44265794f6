/**
 * The requests of people, drivers and hooks, through the client's own functions: the second part of
 * `operations.ts`.
 */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import path from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { addParent, amendJobs } from '../../src/client/change/amend.ts'
import { Catalogue } from '../../src/client/view/catalogue.ts'
import { killFamilies } from '../../src/client/change/kill-jobs.ts'
import { makeSite } from '../../src/client/make-site.ts'
import { purgeTrash, removeJobs } from '../../src/client/change/remove-jobs.ts'
import { retryJobs } from '../../src/client/change/retry-jobs.ts'
import { SiteClient } from '../../src/client/site-client.ts'
import { spawnJobs } from '../../src/client/spawn/spawn-jobs.ts'
import { parseTaskFile, provideShell } from '../../src/client/spawn/task-file.ts'
import { runSearch } from '../../src/search/study/driver.ts'
import { parseSearch } from '../../src/search/study/search.ts'
import { Study } from '../../src/search/study/study.ts'
import { readData } from '../../src/site/job/job-files.ts'
import { createLauncher, writeLease } from '../../src/site/launcher/launchers.ts'
import { openTree } from '../../src/site/site.ts'
import type { Site } from '../../src/site/site.ts'
import {
  createSubmission,
  listSubmissions,
  removeSubmission,
  writeSubmission,
} from '../../src/site/launcher/submissions.ts'
import { claim, end, kill, spawn } from './actors.ts'
import { runJob } from './hooked-run.ts'
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
import { useDisk } from './seam.ts'
import type { World } from './world.ts'

const FAMILY = [
  { name: 'p' },
  { name: 'c', parents: ['wf/p'], input_files: ['*.dat'] },
  { name: 'g', parents: ['wf/c', 'wf/p'] },
]

async function makeFamily(site: Site, world: World, ifExists: 'error' | 'reuse' = 'error'): Promise<void> {
  const records = FAMILY.map((fields) => ({ record: { workflow: 'wf', application: 'eval', ...fields } }))
  await new SiteClient(site, {}).spawnRecords(records, { folder: world.inputs, ifExists })
}

const cloneAll = (site: Site, ifExists: 'error' | 'reuse'): Promise<unknown> =>
  new SiteClient(site, {}).clone(['wf/a', 'wf/b'], { workflow: 'copy' }, ifExists)

async function spawnLines(site: Site, world: World, ifExists: 'error' | 'reuse'): Promise<void> {
  await provideShell(site)
  const records = parseTaskFile('echo 1\necho 2\n', 'f', { folder: '/', workflow: 'wf' })
  await spawnJobs(site, records, world.context(ifExists))
}

const retryAll = async (site: Site): Promise<unknown> =>
  retryJobs(site, ['wf/p', 'wf/c', 'wf/g'], await new Catalogue(site).entries())

/** The trash holds what was taken away, once. */
function expectGone(world: World, ...names: readonly string[]): void {
  const trash = fs.readdirSync(path.join(world.root, 'trash'))
  for (const name of names) {
    assert.ok(!fs.existsSync(path.join(world.root, 'jobs/wf', name)), `wf/${name} is still there`)
    const kept = trash.filter((folder) => folder.startsWith(`wf+${name}.`))
    assert.equal(kept.length, 1, `lost: wf/${name} is in the trash ${kept.length} times`)
    assert.ok(fs.existsSync(path.join(world.root, 'trash', kept[0] ?? '', 'job.yaml')), `lost: wf/${name} in the trash`)
  }
}

/** It has the files of its parents `p1` and `p2`, and its spawner's. */
function expectTaken(world: World, name: string, mode: 'copy' | 'link'): void {
  const dir = path.join(world.root, 'jobs/wf', name)
  const files = ['out.dat', 'out.dat_p2', 'input.dat', 'deck/mesh.dat'].map((file) => path.join(dir, file))
  const texts = files.slice(0, 2).map((file) => fs.readFileSync(file, 'utf8'))
  assert.deepEqual(texts, ['p1', 'p2'])
  for (const file of files)
    assert.equal(fs.lstatSync(file).isSymbolicLink(), mode === 'link' && !file.endsWith('mesh.dat'))
}

const parentsOf = async (world: World, id: string): Promise<readonly string[]> => (await specOf(world, id)).parents

const SPACE = { parameters: { a: { type: 'float', low: 0, high: 1 } } }
const EVALUATIONS = 3

/** A search from its beginning or from where it stands, and a launcher that dies with it. */
async function search(site: Site): Promise<void> {
  const stop = new AbortController()
  const launching = finishJobs(site, stop).catch((error: unknown) => {
    stop.abort()
    return error
  })
  const study = new Study(parseSearch(SPACE), { sampler: 'random', seed: 1, evaluations: EVALUATIONS })
  const options = { workflow: 'wf', job: { application: 'eval' }, parallel: 2, file: 'result.dat', signal: stop.signal }
  try {
    await runSearch(new SiteClient(site, {}), study, { ...options, evaluations: EVALUATIONS })
  } finally {
    stop.abort()
  }
  const failure = await launching
  if (failure !== undefined) throw failure
}

/** The jobs of L1 are released: its lease records its end. */
async function buryLauncher(site: Site): Promise<void> {
  await createLauncher(site, 'L1', {})
  await writeLease(site, { ...LEASE, launcher: 'L1', ended: 'died' })
  await recover(site)
}

async function finishJobs(site: Site, { signal }: AbortController): Promise<void> {
  while (!signal.aborted) {
    for (const name of listFolders(site.layout.workflow('wf'))) {
      const { dir, state } = site.layout.job(`wf/${name}`)
      // Trying for each job again and again, two such launchers would keep its lock from whoever
      // has something to write.
      if (!/^state: (CREATED|RESTART_READY)$/m.test(fs.readFileSync(state, 'utf8'))) continue
      const attempt = await claim(site, `wf/${name}`, 'L1')
      if (attempt === undefined) continue
      const task = JSON.parse(fs.readFileSync(path.join(dir, `${name}.json`), 'utf8')) as { x: { a: number } }
      fs.writeFileSync(path.join(dir, 'result.dat'), String(task.x.a))
      await end(site, `wf/${name}`, 'L1', attempt)
    }
    await delay(1)
  }
}

function listFolders(folder: string): string[] {
  return fs.existsSync(folder) ? fs.readdirSync(folder).filter((name) => !name.startsWith('.')) : []
}

const SUBMISSION = {
  id: 'sub-1',
  record: { scheduler: 'slurm', nodes: 2, minutes: 30, options: [], submitted: '2026-01-01' },
}
const ANSWERED = { ...SUBMISSION, record: { ...SUBMISSION.record, scheduler_id: '17' } }

/** The remaining jobs are visible whole, or not at all. */
async function expectSubmissions(world: World, count: number): Promise<void> {
  const found = await listSubmissions(world.open())
  assert.equal(found.length, count, 'lost: a submission')
  for (const { id } of found) fs.accessSync(world.open().layout.submission(id).script)
}

async function newSite(_site: Site, world: World, disk = world.open().disk): Promise<void> {
  const folder = path.join(world.root, 'driver/new')
  useDisk(folder, disk)
  try {
    await makeSite(folder)
  } finally {
    useDisk(folder, undefined)
  }
}

/** On the suites' fast clock a lease lasts a blink. */
const LONG_LEASE = 'lease_seconds: 600\n'

const HOOKS = `executable: /bin/true
preprocess: /bin/true
postprocess: /bin/true
`

export const REQUESTS: readonly Operation[] = [
  {
    name: 'spawn with parents',
    run: (site, world) => makeFamily(site, world),
    again: (site, world) => makeFamily(site, world, 'reuse'),
    check: async (world) => {
      await expectState(world, 'wf/g', 'AWAITING_PARENTS')
      assert.deepEqual(await parentsOf(world, 'wf/g'), ['wf/c', 'wf/p'])
    },
  },
  {
    name: 'remove one that waits',
    prepare: (site, world) => makeJobs(site, world, ['j1']),
    run: (site) => removeJobs(site, ['wf/j1']),
    removes: ['wf/j1'],
    check: (world) => expectGone(world, 'j1'),
  },
  {
    name: 'remove many, one of which runs',
    prepare: async (site, world) => {
      await makeRunning(site, world, ['j1', 'j2'], 'L1')
      await end(site, 'wf/j1', 'L1', 1)
      await makeJobs(site, world, ['j3'])
    },
    run: (site) => removeJobs(site, ['wf/j1', 'wf/j2', 'wf/j3']),
    removes: ['wf/j1', 'wf/j3'],
    check: async (world) => (expectGone(world, 'j1', 'j3'), expectState(world, 'wf/j2', 'RUNNING')),
  },
  {
    name: 'remove, and spawn one of that name',
    prepare: (site, world) => makeJobs(site, world, ['j1']),
    run: async (site, world) => (await removeJobs(site, ['wf/j1']), makeJobs(site, world, ['j1'])),
    removes: ['wf/j1'],
    again: (site, world) => spawn(site, ['j1'], world.context('reuse')),
  },
  {
    name: 'empty the trash',
    prepare: async (site, world) => {
      await spawn(site, ['j1', 'j2'], world.context(), FULL)
      await makeJobs(site, world, ['j3'])
      await removeJobs(site, ['wf/j1', 'wf/j2'])
    },
    run: (site) => purgeTrash(site),
    check: (world) => assert.deepEqual(fs.readdirSync(path.join(world.root, 'trash')), []),
  },
  {
    name: 'clone',
    prepare: async (site, world) => {
      await spawn(site, ['a'], world.context(), FULL)
      await spawn(site, ['b'], world.context(), { parents: ['wf/a'] })
    },
    run: (site) => cloneAll(site, 'error'),
    again: (site) => cloneAll(site, 'reuse'),
    check: async (world) => {
      expectFiles(world, 'a', 'copy')
      assert.deepEqual(await parentsOf(world, 'copy/b'), ['copy/a'])
    },
  },
  {
    name: 'add a parent',
    prepare: (site, world) => makeJobs(site, world, ['p', 'c']),
    run: (site) => addParent(site, 'wf/p', 'wf/c'),
    check: async (world) => {
      assert.deepEqual(await parentsOf(world, 'wf/c'), ['wf/p'])
      await expectState(world, 'wf/c', 'AWAITING_PARENTS')
    },
  },
  {
    name: 'take all parents away',
    prepare: (site, world) => makeFamily(site, world),
    run: (site) => amendJobs(site, ['wf/c', 'wf/g'], [{ field: 'parents', value: undefined }]),
    check: async (world) =>
      assert.deepEqual([...(await parentsOf(world, 'wf/c')), ...(await parentsOf(world, 'wf/g'))], []),
  },
  {
    name: 'set a field and the data',
    prepare: (site, world) => spawn(site, ['j1'], world.context(), FULL),
    run: (site) =>
      amendJobs(
        site,
        ['wf/j1'],
        [
          { field: 'wall_time_minutes', value: 5 },
          { field: 'data', value: { y: 2 } },
        ],
      ),
    check: async (world) => {
      assert.equal((await specOf(world, 'wf/j1')).wallTimeMinutes, 5)
      assert.deepEqual(await readData(world.open(), 'wf/j1'), { y: 2 })
    },
  },
  {
    name: 'set the data of one that has ended',
    prepare: async (site, world) => {
      await spawn(site, ['j1'], world.context(), FULL)
      await kill(site, 'wf/j1')
      await world.drain(site)
    },
    run: (site) => amendJobs(site, ['wf/j1'], [{ field: 'data', value: { y: 2 } }]),
    check: async (world) => assert.deepEqual(await readData(world.open(), 'wf/j1'), { y: 2 }),
  },
  {
    name: 'kill a family',
    prepare: (site, world) => makeFamily(site, world),
    run: (site) => killFamilies(site, ['wf/p']),
    check: async (world) => {
      for (const name of ['p', 'c', 'g']) await expectState(world, `wf/${name}`, 'USER_KILLED')
    },
  },
  {
    name: 'retry a family',
    prepare: async (site, world) => {
      await makeFamily(site, world)
      await killFamilies(site, ['wf/p'])
      await world.drain(site)
    },
    run: retryAll,
    check: async (world) => {
      for (const name of ['p', 'c', 'g']) await expectState(world, `wf/${name}`, 'RESTART_READY')
    },
  },
  {
    name: 'run with hooks, claim to end',
    prepare: async (site, world) => {
      fs.writeFileSync(path.join(world.root, 'apps/eval.yaml'), HOOKS)
      fs.appendFileSync(path.join(world.root, 'bjob.yaml'), LONG_LEASE)
      await makeJobs(site, world, ['j1'])
    },
    run: (site) => runJob(site, 'wf/j1', 'L1'),
    again: async (site) => (await buryLauncher(site), runJob(site, 'wf/j1', 'L2')),
    check: (world) => expectState(world, 'wf/j1', 'JOB_FINISHED'),
  },
  ...(['link', 'copy'] as const).map((mode): Operation => ({
    name: `run with its parents' files, ${mode}, claim to end`,
    prepare: async (site, world) => {
      fs.appendFileSync(path.join(world.root, 'bjob.yaml'), LONG_LEASE)
      await makeRunning(site, world, ['p1', 'p2'], 'L0')
      for (const parent of ['p1', 'p2']) {
        fs.writeFileSync(path.join(world.root, 'jobs/wf', parent, 'out.dat'), parent)
        await end(site, `wf/${parent}`, 'L0', 1)
      }
      const wanted = { parents: ['wf/p1', 'wf/p2'], input_files: ['*.dat', 'deck'], input_mode: mode }
      await spawn(site, ['j1'], world.context(), wanted)
    },
    run: (site) => runJob(site, 'wf/j1', 'L1'),
    again: async (site) => (await buryLauncher(site), runJob(site, 'wf/j1', 'L2')),
    check: async (world) => (await expectState(world, 'wf/j1', 'JOB_FINISHED'), expectTaken(world, 'j1', mode)),
  })),
  {
    name: 'search',
    run: search,
    again: async (site) => (await buryLauncher(site), search(site)),
    check: async (world) => {
      const names = listFolders(path.join(world.root, 'jobs/wf'))
      assert.equal(names.length, EVALUATIONS, `double, or lost: ${names.join(', ')}`)
      for (const name of names) await expectState(world, `wf/${name}`, 'JOB_FINISHED')
      const points = names.map((name) => fs.readFileSync(path.join(world.root, 'jobs/wf', name, 'result.dat'), 'utf8'))
      assert.equal(new Set(points).size, EVALUATIONS, 'double: a point was evaluated twice')
    },
  },
  {
    name: "record a submission and the scheduler's answer",
    prepare: (site, world) => makeJobs(site, world, ['j1']),
    run: async (site) => (await createSubmission(site, SUBMISSION, '#!/bin/sh\n'), writeSubmission(site, ANSWERED)),
    check: (world) => expectSubmissions(world, 1),
  },
  {
    name: 'take a refused submission back',
    prepare: (site) => createSubmission(site, SUBMISSION, '#!/bin/sh\n'),
    run: (site) => removeSubmission(site, SUBMISSION.id),
    check: (world) => expectSubmissions(world, 0),
  },
  {
    name: 'make a site',
    prepare: async (_, world) => fs.mkdirSync(path.join(world.root, 'driver/new')),
    run: newSite,
    again: async (site, world) => {
      if (!fs.existsSync(path.join(world.root, 'driver/new/bjob.yaml'))) await newSite(site, world)
    },
    check: async (world) => void (await openTree(path.join(world.root, 'driver/new'), {})),
  },
  {
    name: 'spawn lines of shell',
    run: (site, world) => spawnLines(site, world, 'error'),
    again: (site, world) => spawnLines(site, world, 'reuse'),
    check: (world) => expectState(world, 'wf/line2', 'CREATED'),
  },
]

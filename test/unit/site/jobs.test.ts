import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { checkSpec } from '../../../src/core/job/check-spec.ts'
import type { Disk } from '../../../src/site/disk/disk.ts'
import { type NewJob, createJobs } from '../../../src/site/job/create.ts'
import { readJobFile } from '../../../src/site/job/job-files.ts'
import { readJobState, readSpec } from '../../../src/site/job/jobs.ts'
import { JobView } from '../../../src/site/view/job-view.ts'
import { Layout } from '../../../src/site/disk/layout.ts'
import { parseSettings } from '../../../src/site/settings.ts'
import { Site } from '../../../src/site/site.ts'
import { SuspendableDisk } from './suspendable-disk.ts'

const checked = checkSpec({ application: 'yes', args: ['x'] })
if (!checked.ok) throw new Error('the test has a mistake')
const spec = checked.value

class TestSite implements Disposable {
  readonly folder = fs.mkdtempSync(path.join(os.tmpdir(), 'bjob-jobs-'))
  readonly layout = new Layout(this.folder)

  open(disk: Disk = new SuspendableDisk(0).disk): Site {
    return new Site(this.layout, disk, parseSettings('durability: process', 'bjob.yaml'))
  }

  newJobs(names: readonly string[]): NewJob[] {
    const input = path.join(this.folder, 'in.dat')
    fs.writeFileSync(input, 'input')
    const time = new Date().toISOString()
    return names.map((name) => ({
      id: `w/${name}`,
      spec: spec,
      state: { state: 'CREATED', attempt: 0, revision: 1, history: [{ time, state: 'CREATED', message: '' }] },
      data: { name },
      inputs: [{ file: input, name: 'in.dat', mode: 'copy' }],
    }))
  }

  names(): string[] {
    const folder = this.layout.workflow('w')
    return fs.existsSync(folder) ? fs.readdirSync(folder).filter((name) => !name.startsWith('.')) : []
  }

  async expectWhole(): Promise<void> {
    const site = this.open()
    for (const name of this.names()) {
      expect(fs.readdirSync(this.layout.job(`w/${name}`).dir).toSorted()).toEqual([
        'data.json',
        'in.dat',
        'job.yaml',
        'state.yaml',
      ])
      expect((await readJobState(site, `w/${name}`)).state).toBe('CREATED')
      expect(await readSpec(site, `w/${name}`)).toEqual(spec)
    }
  }

  [Symbol.dispose](): void {
    fs.rmSync(this.folder, { recursive: true, force: true })
  }
}

async function countCalls(): Promise<number> {
  using test = new TestSite()
  const counting = new SuspendableDisk(0)
  await createJobs(test.open(counting.disk), test.newJobs(['a', 'b']))
  return counting.calls
}

const calls = await countCalls()

describe('jobs', () => {
  test.each(Array.from({ length: calls }, (_, at) => at + 1))(
    'whose spawner dies before its call %i are there whole or not at all, and can be spawned again',
    async (at) => {
      using site = new TestSite()
      const dying = new SuspendableDisk(at)
      void createJobs(site.open(dying.disk), site.newJobs(['a', 'b']))
      await dying.suspended
      await site.expectWhole()
      const before = site.names()
      const again = site.open()
      const outcomes = await createJobs(again, site.newJobs(['a', 'b']))
      expect(outcomes).toEqual(['a', 'b'].map((name) => (before.includes(name) ? 'taken' : 'made')))
      await again.close()
      expect(site.names().toSorted()).toEqual(['a', 'b'])
      await site.expectWhole()
      // Whoever reads the journal knows both, or knows that it has to look.
      const view = await JobView.open(site.open(), 'all')
      for (const id of ['w/a', 'w/b']) expect(view.index.get(id)?.state).toBe('CREATED')
    },
  )

  test('give out their own files only', async () => {
    using site = new TestSite()
    const open = site.open()
    await createJobs(open, site.newJobs(['a']))
    expect(await readJobFile(open, 'w/a', 'in.dat')).toBe('input')
    for (const name of ['../b/in.dat', '../../../in.dat', '/etc/hostname', '.', ''])
      await expect(readJobFile(open, 'w/a', name)).rejects.toThrow(/./)
    await expect(readJobFile(open, 'w/a', 'none')).rejects.toThrow('w/a has no none')
    await expect(readJobFile(open, 'w/none', 'x')).rejects.toThrow('no such job: w/none')
    await open.close()
  })
})

describe('a snapshot', () => {
  test.each([
    ['deleted', undefined],
    ['empty', ''],
    ['truncated', 'half'],
    ['garbled', 'hello\nworld\n'],
  ])('that is %s is made up for by the journal', async (_, damage) => {
    using site = new TestSite()
    const open = site.open()
    await createJobs(open, site.newJobs(['a', 'b', 'c']))
    await open.close()
    const first = site.open()
    await (await JobView.open(first, 'all')).save()
    await first.close()
    const file = site.layout.snapshot('all')
    const whole = fs.readFileSync(file, 'utf8')
    if (damage === undefined) fs.rmSync(file)
    else fs.writeFileSync(file, damage === 'half' ? whole.slice(0, whole.length / 2) : damage)
    const view = await JobView.open(site.open(), 'all')
    expect([...view.index.entries()].map(({ id }) => id).toSorted()).toEqual(['w/a', 'w/b', 'w/c'])
    expect([...view.index.pendingIds()]).toEqual([])
  })
})

/** Links, full disks and thousands of parents (cases A10, A11, A14, A15 and A16 of CASES.md). */
import fs from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { needs } from '../../rig/needs.ts'
import { Rig } from '../../rig/rig.ts'
import { SmallDisk } from '../../rig/small-disk.ts'
import { listTree } from '../../rig/tree.ts'

/** Takes all the room that there is. @returns the file that has it */
function fill(folder: string): string {
  const file = path.join(folder, 'ballast')
  expect(() => fs.writeFileSync(file, Buffer.alloc(8 << 20))).toThrow('ENOSPC')
  return file
}

describe('A10: an error at the start', needs('the right to mount'), () => {
  test('ends a launcher, and its agents', async () => {
    using disk = new SmallDisk('4m')
    await using rig = await Rig.create({ parent: disk.folder, mayLeaveScaffolding: true })
    await rig.done(['spawn', '--app', 'yes', '--name', 'a'])
    const ballast = fill(rig.outside)
    const { status, stderr } = await rig.bjob(['launch', '--persistent'], { within: 60 })
    expect([status, stderr]).toEqual([3, expect.stringContaining('the disk is full')])
    fs.rmSync(ballast)
    await rig.done(['launch', '--idle-seconds', '0.2'])
    expect(rig.state('default/a').state).toBe('JOB_FINISHED')
  })
})

describe('A11: a disk that is full for a while', needs('the right to mount'), () => {
  test('is waited for: jobs run again once there is room, and each problem is said once', async () => {
    using disk = new SmallDisk('4m')
    await using rig = await Rig.create({ parent: disk.folder, mayLeaveScaffolding: true })
    const names = ['a', 'b', 'c', 'd']
    const input = names.map((name) => JSON.stringify({ name, application: 'controlled' })).join('\n')
    await rig.done(['spawn', '--from', '-'], { input })
    const launcher = await rig.launch()
    const running = await rig.jobs.starts(2)
    const ballast = fill(rig.outside)
    running[0]?.exit(0)
    await launcher.printed(/waiting until jobs can run again/)
    fs.rmSync(ballast)
    await rig.until('all to have finished', () => {
      for (const job of rig.jobs.running) job.exit(0)
      return names.every((name) => rig.state(`default/${name}`).state === 'JOB_FINISHED')
    })
    const problems = launcher.stdout.split('\n').filter((line) => line.startsWith('problem:'))
    expect(problems.length).toBeLessThan(8)
    await launcher.kill('SIGTERM')
  })
})

test('a full disk and a deleted journal: lists are read from the folders', needs('the right to mount'), async () => {
  using disk = new SmallDisk('4m')
  await using rig = await Rig.create({ parent: disk.folder, mayLeaveScaffolding: true })
  await rig.done(['spawn', '--app', 'yes', '--name', 'a'])
  fs.rmSync(path.join(rig.site, 'journal'), { recursive: true })
  const ballast = fill(rig.outside)
  expect(await rig.done(['ls', '--fields', 'id', '--csv'])).toBe('id\r\ndefault/a\r\n')
  fs.rmSync(ballast)
  await rig.done(['launch', '--idle-seconds', '0.2'])
  expect(rig.state('default/a').state).toBe('JOB_FINISHED')
})

describe('A14: a job with more parents than a variable holds', () => {
  test('runs, and its library knows them all', async () => {
    await using rig = await Rig.create()
    const parents = Array.from({ length: 7000 }, (_, at) => `w/parent-with-a-long-name-${at}`)
    rig.addApplication('child', `executable: [/bin/sh, -c, 'env | grep -c BJOB_PARENT_IDS; exit 0']\n`)
    const records = [
      ...parents.map((id) => ({ workflow: 'w', name: id.slice(2), application: 'yes' })),
      { workflow: 'w', name: 'child', application: 'child', parents, wait_for_parents: false },
    ]
    await rig.done(['spawn', '--from', '-'], { input: records.map((record) => JSON.stringify(record)).join('\n') })
    const inherited = { BJOB_PARENT_IDS: '["w/somebody-else"]' }
    await rig.done(['launch', '--name', 'child', '--idle-seconds', '0.2'], { env: inherited })
    expect(rig.state('w/child').state).toBe('JOB_FINISHED')
    expect(fs.readFileSync(path.join(rig.folder('w/child'), 'job.out'), 'utf8')).toBe('0\n')
    // A job that it spawns gets its parents, and itself.
    const env = { BJOB_SITE: rig.site, BJOB_JOB_ID: 'w/child' }
    await rig.done(['spawn', '--app', 'yes', '--name', 'grandchild'], { env })
    expect(fs.readFileSync(path.join(rig.folder('w/grandchild'), 'job.yaml'), 'utf8').match(/ w\//g)).toHaveLength(7001)
  })
})

describe('A15 and A16: links in the place of the site’s own folders', () => {
  test.each(['jobs', 'journal', 'launchers', 'trash', 'submissions', 'apps'])('%s is refused', async (name) => {
    await using rig = await Rig.create()
    const precious = path.join(rig.outside, 'precious')
    fs.mkdirSync(path.join(precious, 'w+x.host-1-0123456789-1'), { recursive: true })
    fs.writeFileSync(path.join(precious, 'thesis'), 'all of it')
    const before = listTree(precious)
    fs.rmSync(path.join(rig.site, name), { recursive: true, force: true })
    fs.symlinkSync(precious, path.join(rig.site, name))
    for (const words of [
      ['rm', '--purge'],
      ['spawn', '--app', 'yes', '--name', 'a'],
      ['launch'],
      ['fsck', '--repair'],
    ]) {
      const { status, stderr } = await rig.bjob(words)
      expect([status, stderr]).toEqual([2, expect.stringContaining(`${name}/ must be a folder, not a link`)])
    }
    expect(listTree(precious)).toEqual(before)
  })

  test('a workflow that is one is refused, and nothing is made behind it', async () => {
    await using rig = await Rig.create()
    fs.mkdirSync(path.join(rig.site, 'jobs'), { recursive: true })
    fs.symlinkSync(rig.outside, path.join(rig.site, 'jobs/evil'))
    const { status, stderr } = await rig.bjob(['spawn', '--workflow', 'evil', '--app', 'yes', '--name', 'a'])
    expect([status, stderr]).toEqual([2, expect.stringContaining('workflow evil must be a folder, not a link')])
    expect(fs.readdirSync(rig.outside)).toEqual([])
  })

  test('a workflow that becomes one under a launcher: no claim, end, result or removal goes through it', async () => {
    await using rig = await Rig.create({ mayLeaveScaffolding: true })
    const spawn = (workflow: string, ...names: readonly string[]): Promise<string> =>
      rig.done(['spawn', '--from', '-'], {
        input: names.map((name) => JSON.stringify({ workflow, name, application: 'controlled' })).join('\n'),
      })
    await spawn('w', 'runs', 'ended')
    const launcher = await rig.launch()
    const [runs, ended] = await Promise.all(['w/runs', 'w/ended'].map((id) => rig.jobs.start(id)))
    ended?.write('result.dat', '5').exit(0)
    await rig.reached('w/ended', 'JOB_FINISHED')
    await spawn('other', 'first')
    const first = await rig.jobs.start('other/first')
    await spawn('w', 'waits')
    const folder = path.join(rig.site, 'jobs/w')
    const moved = path.join(rig.outside, 'moved')
    fs.renameSync(folder, moved)
    fs.symlinkSync(moved, folder)
    const before = listTree(moved)
    // The launcher's last look at the folder counts for a second.
    await rig.until('that look to be over', () => Date.now() - fs.lstatSync(folder).ctimeMs > 1500)
    runs?.exit(0)
    await launcher.printed('cannot write the state of w/runs: workflow w must be a folder, not a link')
    first.exit(0)
    await launcher.printed('w/waits set aside: workflow w must be a folder, not a link')
    for (const words of [
      ['rm', 'w/ended'],
      ['kill', 'w/waits'],
      ['retry', 'w/ended'],
      ['cat', 'w/ended', 'result.dat'],
    ]) {
      const { status, stdout, stderr } = await rig.bjob(words)
      expect(status).toBeOneOf([2, 3])
      expect(stdout + stderr).toContain('workflow w must be a folder, not a link')
    }
    expect(JSON.parse((await rig.done(['results', '--workflow', 'w'])).trim())).toMatchObject({
      id: 'w/ended',
      content: null,
      problem: 'workflow w must be a folder, not a link',
    })
    expect(await rig.bjob(['fsck', '--repair'])).toMatchObject({
      status: 3,
      stdout: expect.stringContaining('jobs/w: hides 3 jobs of the journal'),
    })
    expect(listTree(moved)).toEqual(before)
    expect(rig.state('other/first').state).toBe('JOB_FINISHED')
    fs.rmSync(folder)
    fs.renameSync(moved, folder)
    await rig.until('all to finish', () => {
      for (const job of rig.jobs.running) job.exit(0)
      return ['w/runs', 'w/waits'].every((id) => rig.state(id).state === 'JOB_FINISHED')
    })
    await launcher.kill('SIGTERM')
    await rig.done(['rm', 'w/ended'])
  })

  test('`rm --purge` deletes what `bjob rm` put into the trash, and nothing else', async () => {
    await using rig = await Rig.create()
    const trash = path.join(rig.site, 'trash')
    await rig.done(['spawn', '--app', 'yes', '--workflow', 'w', '--name', 'a'])
    await rig.done(['rm', 'w/a'])
    const [own = ''] = fs.readdirSync(trash)
    fs.writeFileSync(path.join(trash, 'notes.txt'), 'mine')
    fs.mkdirSync(path.join(trash, 'folder/inside'), { recursive: true })
    fs.symlinkSync(rig.outside, path.join(trash, own.replace('w+a', 'w+b')))
    const { stdout, stderr } = await rig.bjob(['rm', '--purge'])
    expect(stdout).toBe(`trash/${own} deleted\n`)
    expect(stderr).toContain('bjob did not put it there')
    expect(fs.readdirSync(trash).toSorted()).toEqual(['folder', 'notes.txt', own.replace('w+a', 'w+b')].toSorted())
    expect(fs.existsSync(rig.outside)).toBe(true)
  })
})

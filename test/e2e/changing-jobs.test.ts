import fs from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { Rig } from '../rig/rig.ts'

function listOf(text: string): { id: string; kind: string; message: string }[] {
  return text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { id: string; kind: string; message: string })
}

async function spawn(rig: Rig, id: string, ...options: string[]): Promise<void> {
  const [workflow = '', name = ''] = id.split('/')
  const app = options.includes('--app') ? [] : ['--app', 'yes']
  await rig.done(['spawn', ...app, '--workflow', workflow, '--name', name, ...options])
}

test('what failed is retried with its children, and says so in its history', async () => {
  await using rig = await Rig.create()
  rig.addApplication('second', 'executable: [/bin/sh, -c, "test $BJOB_ATTEMPT = 2"]\n')
  await spawn(rig, 'w/a', '--app', 'second')
  await spawn(rig, 'w/b', '--parents', 'w/a')
  await spawn(rig, 'w/c', '--parents', 'w/b')
  await rig.done(['launch', '--idle-seconds', '0.3'])
  expect(['w/a', 'w/b', 'w/c'].map((id) => rig.state(id).state)).toEqual(['FAILED', 'FAILED', 'FAILED'])
  const alone = await rig.bjob(['retry', 'w/c'])
  expect([alone.status, alone.stdout]).toEqual([2, expect.stringContaining('its parent w/b is FAILED')])
  expect(await rig.done(['retry', '--workflow', 'w', '--dry-run'])).toContain('w/c would be retried')
  expect(rig.state('w/a').state).toBe('FAILED')
  expect(listOf(await rig.done(['retry', '--workflow', 'w', '--json'])).map(({ kind }) => kind)).toEqual([
    'done',
    'done',
    'done',
  ])
  expect(await rig.done(['retry', 'w/a'])).toContain('has not ended')
  await rig.done(['launch', '--idle-seconds', '0.3'])
  expect(['w/a', 'w/b', 'w/c'].map((id) => rig.state(id).state)).toEqual([
    'JOB_FINISHED',
    'JOB_FINISHED',
    'JOB_FINISHED',
  ])
  expect(rig.state('w/a').history.some(({ message }) => /^retried by .+@/.test(message))).toBe(true)
  expect((await rig.bjob(['retry', 'w/a'])).status).toBe(2)
})

test('a removed job is gone from everything, its name is free, and its end is delivered', async () => {
  await using rig = await Rig.create()
  await spawn(rig, 'w/a')
  await spawn(rig, 'w/b', '--parents', 'w/a')
  expect(await rig.done(['rm', 'w/a', '--dry-run'])).toContain('would be removed')
  expect(await rig.done(['rm', 'w/a'])).toMatch(/^w\/a moved to trash\/w\+a/)
  expect(rig.ids()).toEqual(['w/b'])
  expect(await rig.done(['ls', '--fields', 'id'])).not.toContain('w/a')
  expect((await rig.bjob(['rm', 'w/a'])).status).toBe(2)
  expect(await rig.done(['results'])).toContain('USER_KILLED')
  await rig.done(['launch', '--idle-seconds', '0.3'])
  expect(rig.state('w/b').history.at(-1)?.message).toBe('parent w/a is gone')
  await spawn(rig, 'w/a')
  await rig.done(['launch', '--idle-seconds', '0.3'])
  expect(rig.state('w/a').state).toBe('JOB_FINISHED')
  await rig.done(['rm', '--purge'])
  expect(fs.readdirSync(path.join(rig.site, 'trash'))).toEqual([])
  expect(await rig.done(['fsck'])).toContain('no damage found')
})

test('a running job is neither removed nor set; it is told how', async () => {
  await using rig = await Rig.create()
  await spawn(rig, 'w/a', '--app', 'controlled')
  const launcher = await rig.launch()
  const job = await rig.jobs.start('w/a')
  const removed = await rig.bjob(['rm', 'w/a'])
  expect([removed.status, removed.stdout]).toEqual([2, expect.stringContaining('`bjob kill w/a` first')])
  expect((await rig.bjob(['set', 'w/a', 'priority=1'])).status).toBe(2)
  expect(await rig.done(['set', 'w/a', 'data={"y":1}'])).toContain('data set')
  expect(JSON.parse(await rig.done(['cat', 'w/a', 'data.json']))).toEqual({ y: 1 })
  job.exit(0)
  await rig.reached('w/a', 'JOB_FINISHED')
  await launcher.kill('SIGTERM')
})

test('a job whose fields were set runs with them, also when its launcher had it in its queue', async () => {
  await using rig = await Rig.create()
  await spawn(rig, 'w/first', '--app', 'controlled')
  await spawn(rig, 'w/next', '--app', 'controlled', '--', 'old')
  const launcher = rig.start(['launch', '--persistent', '--slots', '1'])
  const [first] = await rig.jobs.starts(1)
  const next = first?.id === 'w/first' ? 'w/next' : 'w/first'
  await rig.done(['set', next, 'args=new "two words"', 'tags.k=v', 'wall_time_minutes=7'])
  expect(JSON.parse(await rig.done(['ls', next, '--json']))).toMatchObject({
    args: ['new', 'two words'],
    tags: { k: 'v' },
    wall_time_minutes: 7,
  })
  expect(fs.readFileSync(path.join(rig.folder(next), 'job.yaml'), 'utf8')).toContain('two words')
  first?.exit(0)
  const second = await rig.jobs.start(next)
  expect(second.args).toEqual(['new', 'two words'])
  second.exit(0)
  await rig.reached(next, 'JOB_FINISHED')
  await launcher.kill('SIGTERM')
})

test('bad fields, circles and strange parents change nothing', async () => {
  await using rig = await Rig.create()
  await spawn(rig, 'w/a')
  await spawn(rig, 'w/b', '--parents', 'w/a')
  await spawn(rig, 'w/c', '--parents', 'w/b')
  const before = fs.readFileSync(path.join(rig.folder('w/a'), 'job.yaml'), 'utf8')
  for (const [words, said] of [
    [['dep', 'w/c', 'w/a'], 'cycle: w/c < w/b < w/a < w/c'],
    [['dep', 'w/a', 'w/a'], 'its own parent'],
    [['dep', 'w/x', 'w/a'], 'no such job: w/x'],
    [['set', 'w/a', 'parents=w/c'], 'cycle'],
    [['set', 'w/a', 'wall_time_minutes=never'], 'must be a number'],
    [['set', 'w/a', 'priorty=1'], 'did you mean priority'],
    [['set', 'w/a', 'application=nope'], 'no such application: nope'],
    [['set', 'w/a', 'data={'], 'not JSON'],
    [['set', 'w/a'], 'no FIELD=VALUE given'],
    [['set', 'w/a', 'state=JOB_FINISHED'], 'no field state'],
    [['rm'], 'no jobs selected'],
  ] as const) {
    const { status, stdout, stderr } = await rig.bjob(words)
    expect([words.join(' '), status, stdout + stderr]).toEqual([words.join(' '), 2, expect.stringContaining(said)])
  }
  expect(fs.readFileSync(path.join(rig.folder('w/a'), 'job.yaml'), 'utf8')).toBe(before)
  expect((await rig.bjob(['rm', '--workflow', 'nope'])).stderr).toContain('no job matches')
  await rig.done(['dep', 'w/a', 'w/c'])
  expect(await rig.done(['dep', 'w/a', 'w/c'])).toContain('already')
})

test('kill --recursive takes all below, the lowest first', async () => {
  await using rig = await Rig.create()
  await spawn(rig, 'w/a', '--app', 'controlled')
  await spawn(rig, 'w/b', '--parents', 'w/a')
  await spawn(rig, 'w/c', '--parents', 'w/a', '--parents', 'w/b')
  await spawn(rig, 'w/other')
  const launcher = await rig.launch()
  await rig.jobs.start('w/a')
  await rig.reached('w/other', 'JOB_FINISHED')
  expect((await rig.done(['kill', '--recursive', 'w/a', '--dry-run'])).split('\n').length).toBe(4)
  await rig.done(['kill', '--recursive', 'w/a'])
  for (const id of ['w/a', 'w/b', 'w/c']) expect(rig.state(id).state).toBe('USER_KILLED')
  await launcher.kill('SIGTERM')
})

test('a workflow is cloned with its parents, its input and its data, and the clone runs', async () => {
  await using rig = await Rig.create()
  rig.addApplication('cat', 'executable: cat\n')
  fs.writeFileSync(path.join(rig.site, 'in.dat'), 'words\n')
  await spawn(rig, 'w/a', '--app', 'cat', '--input-files', 'in.dat', '--data', '{"x":1}', '--', 'in.dat')
  await spawn(rig, 'w/b', '--app', 'cat', '--parents', 'w/a', '--input-files', '*.dat', '--', 'in.dat')
  await rig.done(['launch', '--idle-seconds', '0.3'])
  expect((await rig.bjob(['clone', '--workflow', 'w', '--to', 'v', 'none:priority=5'])).stderr).toContain(
    'has the name none',
  )
  const overrides = ['priority=5', 'a:description=first: again']
  expect(await rig.done(['clone', '--workflow', 'w', '--to', 'v', ...overrides])).toBe('v/a\nv/b\n')
  expect(JSON.parse(await rig.done(['ls', 'v/a', '--json']))).toMatchObject({
    description: 'first: again',
    priority: 5,
  })
  expect(JSON.parse(await rig.done(['cat', 'v/a', 'data.json']))).toEqual({ x: 1 })
  expect(JSON.parse(await rig.done(['ls', 'v/b', '--json']))).toMatchObject({
    parents: ['v/a'],
    priority: 5,
    description: '',
  })
  expect(await rig.bjob(['clone', 'w/a'])).toMatchObject({
    status: 2,
    stderr: expect.stringMatching(
      /^bjob: job w\/a already exists\nhint: name the copy with --as NAME, or .*--to WORKFLOW\n$/,
    ),
  })
  expect(await rig.done(['clone', 'w/b', '--as', 'b2'])).toBe('w/b2\n')
  await rig.done(['launch', '--idle-seconds', '0.3'])
  for (const id of ['v/a', 'v/b', 'w/b2']) expect([id, await rig.done(['log', id])]).toEqual([id, 'words\n'])
})

test('a clone has the fields of its original, whatever the site’s defaults are now', async () => {
  await using rig = await Rig.create()
  const values = ['--wall-time-minutes', '1', '--max-retries', '0', '--tag', 'k=own']
  await spawn(rig, 'w/a', ...values)
  const settings = path.join(rig.site, 'bjob.yaml')
  const defaults = '{wall_time_minutes: 60, max_retries: 2, timeout_minutes: 5, tags: {k: of-the-site}, args: [x]}'
  fs.appendFileSync(settings, `defaults: ${defaults}\n`)
  await rig.done(['clone', 'w/a', '--as', 'b'])
  await rig.done(['clone', 'w/a', '--as', 'c', 'max_retries=1', 'tags.l=new', 'priority='])
  const fields = async (id: string): Promise<unknown> =>
    JSON.parse(
      await rig.done([
        'ls',
        id,
        '--json',
        '--fields',
        'wall_time_minutes,max_retries,timeout_minutes,tags,args,priority',
      ]),
    )
  const original = {
    wall_time_minutes: 1,
    max_retries: 0,
    timeout_minutes: null,
    tags: { k: 'own' },
    args: [],
    priority: 0,
  }
  expect(await fields('w/a')).toEqual(original)
  expect(await fields('w/b')).toEqual(original)
  expect(await fields('w/c')).toEqual({ ...original, max_retries: 1, tags: { k: 'own', l: 'new' } })
  await spawn(rig, 'w/new')
  expect(await fields('w/new')).toMatchObject({ wall_time_minutes: 60, max_retries: 2, timeout_minutes: 5 })
})

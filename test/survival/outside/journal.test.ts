/**
 * Changes of the journal by others are noticed, and nothing is lost (cases A2, A3, A5 and A6 of
 * CASES.md).
 */
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { needs } from '../../rig/needs.ts'
import { Rig } from '../../rig/rig.ts'
import type { RunningProcess } from '../../rig/running-process.ts'

async function spawnYes(rig: Rig, ...names: readonly string[]): Promise<void> {
  const records = names.map((name) => JSON.stringify({ workflow: 'w', name, application: 'yes' }))
  await rig.done(['spawn', '--from', '-'], { input: records.join('\n') })
}

const run = (rig: Rig): Promise<string> => rig.done(['launch', '--idle-seconds', '0.5'])

const idsOf = (text: string): string[] =>
  text
    .split('\n')
    .slice(0, -1)
    .map((line) => (JSON.parse(line) as { id: string }).id)

function journalOf(rig: Rig): string {
  const folder = path.join(rig.site, 'journal')
  const name = fs.readdirSync(folder).find((one) => one.endsWith('.jsonl')) ?? ''
  return path.join(folder, name)
}

const shorten = (file: string, bytes: number): void => fs.truncateSync(file, fs.statSync(file).size - bytes)

describe('A2: a snapshot of another journal', () => {
  test.each([
    ['that was cut', (file: string) => shorten(file, 600)],
    [
      'whose middle is another text',
      (file: string) =>
        fs.writeFileSync(file, fs.readFileSync(file, 'utf8').replace(/[^\n]+\n$/, `${'x'.repeat(700)}\n`)),
    ],
  ])('is not used: %s', async (_, damage) => {
    await using rig = await Rig.create()
    await spawnYes(rig, 'a', 'b', 'c')
    await run(rig)
    await spawnYes(rig, 'waits')
    await rig.done(['fsck', '--repair'])
    expect(fs.existsSync(path.join(rig.site, 'journal/all.snapshot'))).toBe(true)
    damage(journalOf(rig))
    await spawnYes(rig, 'later')
    expect((await rig.done(['ls', '--fields', 'id,state'])).match(/w\/\w+ +\w+/g)).toHaveLength(5)
    await run(rig)
    for (const name of ['waits', 'later']) expect(rig.state(`w/${name}`).state).toBe('JOB_FINISHED')
    expect((await rig.done(['ls', '--state', 'JOB_FINISHED', '--fields', 'id'])).match(/w\/\w+/g)).toHaveLength(5)
    expect(await rig.done(['fsck'])).toContain('no damage found')
  })
})

describe('A3: a cursor of another journal', () => {
  test('delivers each end once after a backup of the site was put back', async () => {
    await using rig = await Rig.create()
    const copy = path.join(rig.outside, 'copy')
    const look = async (): Promise<string[]> =>
      idsOf(await rig.done(['results', '--cursor', path.join(rig.outside, 'cursor')])).toSorted()
    await spawnYes(rig, 'a', 'b')
    await run(rig)
    expect(await look()).toEqual(['w/a', 'w/b'])
    await spawnYes(rig, 'again')
    fs.cpSync(rig.site, copy, { recursive: true, verbatimSymlinks: true })
    await spawnYes(rig, 'c', 'd', 'e')
    await run(rig)
    expect(await look()).toEqual(['w/again', 'w/c', 'w/d', 'w/e'])
    fs.rmSync(rig.site, { recursive: true })
    fs.cpSync(copy, rig.site, { recursive: true, verbatimSymlinks: true })
    const eight = Array.from({ length: 8 }, (_, at) => `new${at}`)
    await spawnYes(rig, ...eight)
    await run(rig)
    // In the site that was put back this one had not ended; it has by now, once more.
    expect(await look()).toEqual(['w/again', ...eight.map((name) => `w/${name}`)])
    expect(await look()).toEqual([])
  })

  test('that follows notices it too: a journal cut while it reads', async () => {
    await using rig = await Rig.create()
    await spawnYes(rig, 'a', 'b')
    await run(rig)
    const reader = rig.start(['results', '--follow', '--cursor', path.join(rig.outside, 'cursor')])
    await reader.printed(/w\/b/)
    shorten(journalOf(rig), 500)
    await spawnYes(rig, 'c')
    await run(rig)
    await reader.printed(/w\/c/)
    await reader.kill('SIGINT')
    expect(idsOf(reader.stdout).toSorted()).toEqual(['w/a', 'w/b', 'w/c'])
  })

  test('of the format before is read', async () => {
    await using rig = await Rig.create()
    await spawnYes(rig, 'a')
    await run(rig)
    const cursor = path.join(rig.outside, 'cursor')
    await rig.done(['results', '--cursor', cursor])
    const { positions, ...rest } = JSON.parse(fs.readFileSync(cursor, 'utf8')) as {
      readonly positions: Record<string, { readonly at: number }>
    }
    const bytes = Object.fromEntries(Object.entries(positions).map(([host, { at }]) => [host, at]))
    fs.writeFileSync(cursor, JSON.stringify({ ...rest, format: 1, positions: bytes, heads: {} }))
    await spawnYes(rig, 'b')
    await run(rig)
    expect(idsOf(await rig.done(['results', '--cursor', cursor]))).toEqual(['w/b'])
  })
})

describe('a hard-linked copy of the site (`cp -al`)', () => {
  const copy = (rig: Rig): string => {
    const folder = path.join(rig.outside, 'copy')
    execFileSync('cp', ['-al', rig.site, folder])
    return folder
  }
  const list = ['ls', '--fields', 'id,state', '--csv']

  test('has a journal of its own from then on: each runs its jobs, and knows no other', async () => {
    await using rig = await Rig.create()
    await spawnYes(rig, 'a')
    const env = { BJOB_SITE: copy(rig) }
    await rig.done(['launch', '--idle-seconds', '0.2'], { env })
    expect(await rig.done(list, { env })).toBe('id,state\r\nw/a,JOB_FINISHED\r\n')
    expect(await rig.done(list)).toBe('id,state\r\nw/a,CREATED\r\n')
    await rig.done(['launch', '--idle-seconds', '0.2'])
    expect(await rig.done(list)).toBe('id,state\r\nw/a,JOB_FINISHED\r\n')
    const cursor = path.join(rig.outside, 'cursor')
    expect(idsOf(await rig.done(['results', '--cursor', cursor]))).toEqual(['w/a'])
    expect(await rig.done(['results', '--cursor', cursor])).toBe('')
    for (const options of [{}, { env }]) expect(await rig.done(['fsck'], options)).toContain('no damage found')
  })

  test('made under a launcher and a reader: they go on with the site, and not with the copy', async () => {
    await using rig = await Rig.create()
    const launcher = await rig.launch()
    const reader = rig.start(['results', '--follow'])
    await spawnYes(rig, 'a')
    await rig.reached('w/a', 'JOB_FINISHED')
    const env = { BJOB_SITE: copy(rig) }
    const journals = path.join(env.BJOB_SITE, 'journal')
    const sizeOfCopy = (): number =>
      fs.readdirSync(journals).reduce((sum, name) => sum + fs.statSync(path.join(journals, name)).size, 0)
    // Until the launcher has seen the copy, at most a second later, its lines are in both.
    const isApart = async (at: number): Promise<boolean> => {
      const before = sizeOfCopy()
      await spawnYes(rig, `b${at}`)
      await rig.reached(`w/b${at}`, 'JOB_FINISHED')
      return sizeOfCopy() === before
    }
    let at = 0
    await rig.until('the launcher to begin a journal', async () => isApart((at += 1)))
    const ids = ['w/a', ...Array.from({ length: at }, (_, index) => `w/b${index + 1}`)]
    await rig.until('all ends to be delivered', () => idsOf(reader.stdout).length === ids.length)
    expect(new Set(idsOf(reader.stdout))).toEqual(new Set(ids))
    await reader.kill('SIGINT')
    await launcher.kill('SIGTERM')
    expect(await rig.done(['fsck'])).toContain('no damage found')
  })
})

describe('A6: a journal that is removed while it is used', () => {
  test.each([
    ['removed', (folder: string) => fs.rmSync(folder, { recursive: true })],
    ['moved away', (folder: string) => fs.renameSync(folder, `${folder}.old`)],
    [
      'replaced by an empty one',
      (folder: string) => {
        fs.renameSync(folder, `${folder}.old`)
        fs.mkdirSync(folder)
      },
    ],
    [
      'emptied of the file of its node',
      (folder: string) => {
        for (const name of fs.readdirSync(folder)) if (name.endsWith('.jsonl')) fs.rmSync(path.join(folder, name))
      },
    ],
  ])('%s: launcher, waiter and reader go on', async (_, remove) => {
    await using rig = await Rig.create({ mayLeaveScaffolding: true })
    await rig.done(['spawn', '--app', 'controlled', '--workflow', 'w', '--name', 'runs'])
    await rig.done(['spawn', '--app', 'controlled', '--workflow', 'w', '--name', 'ends'])
    const launcher = await rig.launch()
    const [runs, ends] = [await rig.jobs.start('w/runs'), await rig.jobs.start('w/ends')]
    const readers: RunningProcess[] = [
      rig.start(['results', '--follow']),
      rig.start(['wait', 'w/runs', 'w/ends']),
      rig.start(['wait', '--workflow', 'w', '--timeout', '100']),
    ]
    ends.exit(0)
    await readers[0]?.printed(/w\/ends/)
    remove(path.join(rig.site, 'journal'))
    runs.exit(0)
    await readers[0]?.printed(/w\/runs/)
    for (const reader of readers.slice(1)) expect((await reader.ended({ within: 60 })).status).toBe(0)
    await spawnYes(rig, 'after')
    await rig.reached('w/after', 'JOB_FINISHED')
    await readers[0]?.printed(/w\/after/)
    await readers[0]?.kill('SIGINT')
    expect(idsOf(readers[0]?.stdout ?? '').toSorted()).toEqual(['w/after', 'w/ends', 'w/runs'])
    await launcher.kill('SIGTERM')
    expect((await rig.done(['ls', '--state', 'JOB_FINISHED', '--fields', 'id'])).match(/w\/\w+/g)).toHaveLength(3)
    expect(await rig.done(['fsck'])).toContain('no damage found')
  })
})

test.each([
  ['listing', ['ls', '--fields', 'id']],
  ['spawning', ['spawn', '--app', 'yes', '--workflow', 'w', '--name', 'b']],
])('a journal all of whose files were removed is made again from the folders: %s comes first', async (_, args) => {
  await using rig = await Rig.create({ mayLeaveScaffolding: true })
  await spawnYes(rig, 'a')
  const journal = path.join(rig.site, 'journal')
  for (const name of fs.readdirSync(journal)) if (name !== 'README') fs.rmSync(path.join(journal, name))
  await rig.done(args)
  expect(await rig.done(['ls', '--fields', 'id'])).toContain('w/a')
  expect(await rig.done(['fsck'])).toContain('no damage found')
})

describe('A5: users of a group with umasks of their own', needs('setpriv, for root'), () => {
  const GROUP = 61_234
  const asUser = (uid: number, umask: string, line: string, folder: string): string =>
    execFileSync(
      'setpriv',
      [
        '--reuid',
        String(uid),
        '--regid',
        String(uid),
        '--groups',
        String(GROUP),
        'sh',
        '-c',
        `umask ${umask}; ${line}`,
      ],
      {
        cwd: folder,
        encoding: 'utf8',
        env: { PATH: `${path.dirname(process.execPath)}:/usr/bin:/bin`, HOME: '/nonexistent', NO_COLOR: '1' },
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    )
  const BJOB = `node ${path.resolve(import.meta.dirname, '../../../bin/bjob.js')}`

  function shareSite(rig: Rig): string {
    fs.chmodSync(path.dirname(rig.site), 0o755)
    execFileSync('chgrp', ['-R', String(GROUP), rig.site])
    execFileSync('chmod', ['-R', 'g+rwX', rig.site])
    execFileSync('find', [rig.site, '-type', 'd', '-exec', 'chmod', 'g+s', '{}', '+'])
    return rig.site
  }

  test('a member with umask 077 spawns, launches and removes, and the others see and run all of it', async () => {
    await using rig = await Rig.create({ mayLeaveScaffolding: true })
    const site = shareSite(rig)
    asUser(
      61_001,
      '077',
      `${BJOB} spawn --app yes --workflow w --name a && ${BJOB} spawn --app yes --workflow w --name b`,
      site,
    )
    expect(asUser(61_002, '022', `${BJOB} ls --fields id`, site)).toMatch(/w\/a[^]*w\/b/)
    asUser(61_002, '022', `${BJOB} launch --idle-seconds 0.5`, site)
    expect([rig.state('w/a').state, rig.state('w/b').state]).toEqual(['JOB_FINISHED', 'JOB_FINISHED'])
    asUser(61_002, '022', `${BJOB} spawn --app yes --workflow w --name c`, site)
    asUser(61_001, '077', `${BJOB} launch --idle-seconds 0.5`, site)
    expect(asUser(61_002, '022', `${BJOB} results`, site)).toMatch(/w\/c/)
    expect(asUser(61_002, '022', `${BJOB} rm w/a w/c`, site)).toContain('w/c')
    const modes = execFileSync('find', [site, '-user', '61001', '-not', '-perm', '-g+rw', '-not', '-type', 'l'], {
      encoding: 'utf8',
    })
    // The files of its jobs have the umask of the member.
    expect(modes.split('\n').filter((name) => !/^$|job\.out$/.test(name))).toEqual([])
  })

  test('a journal that one cannot read is one problem, told once, and the rest goes on', async () => {
    await using rig = await Rig.create({ mayLeaveScaffolding: true })
    const site = shareSite(rig)
    await spawnYes(rig, 'mine')
    asUser(61_001, '002', `${BJOB} spawn --app yes --workflow w --name theirs`, site)
    const own = fs.readdirSync(path.join(site, 'journal')).map((name) => path.join(site, 'journal', name))
    const closed = own.find((file) => file.endsWith('.jsonl') && fs.statSync(file).uid === 0) ?? ''
    fs.chmodSync(closed, 0o600)
    const said = asUser(61_002, '002', `${BJOB} ls --fields id 2>&1`, site)
    expect(said).toContain('w/theirs')
    expect(said.match(/cannot read \S+ \(permission denied\)/g)).toHaveLength(1)
    const launched = asUser(61_002, '002', `${BJOB} launch --idle-seconds 1.5 2>&1`, site)
    expect(launched.match(/cannot read \S+ \(permission denied\)/g)).toHaveLength(1)
    expect(rig.state('w/theirs').state).toBe('JOB_FINISHED')
    expect(asUser(61_002, '002', `${BJOB} results 2>/dev/null`, site)).toContain('w/theirs')
  })
})

/**
 * Actions of people on a site in use: backups put back, folders copied, moved and deleted, disks
 * filled, groups shared.
 */
import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { loginEnvironment } from '../../rig/environment.mjs'
import { needs } from '../../rig/needs.ts'
import { Rig } from '../../rig/rig.ts'
import { SmallDisk } from '../../rig/small-disk.ts'
import { Hands, endsOf } from './hands.ts'

/** Stays until there is a file `go` beside the site. */
const waits = (hands: Hands): string => `while [ ! -e ${hands.rig.outside}/go ]; do sleep 0.1; done`
const letGo = (hands: Hands): void => fs.writeFileSync(path.join(hands.rig.outside, 'go'), '')

const isFinished = (rig: Rig, id: string): boolean => {
  try {
    return rig.state(id).state === 'JOB_FINISHED'
  } catch {
    // It is being put back.
    return false
  }
}

async function untilFinished(hands: Hands, ids: readonly string[]): Promise<void> {
  await hands.rig.until(
    'all to have finished',
    () => ids.every((id) => isFinished(hands.rig, id)),
    {},
    () => ids.filter((id) => !isFinished(hands.rig, id)),
  )
}

const countOf = (reader: ReturnType<Hands['follow']>, id: string): number =>
  endsOf(reader).filter((end) => end.id === id).length

describe('a backup that is put back under a launcher and a reader', () => {
  test('of the whole site: what had not ended then ends again, and nothing is lost', async () => {
    await using hands = await Hands.create()
    const { launcher, reader } = await hands.launchAndFollow()
    await hands.spawn({ 'w/early': 'true' })
    await hands.goodAreDelivered(reader, ['w/early'])
    await hands.spawn({ 'w/runs': waits(hands), 'w/waits': 'true' })
    await hands.rig.reached('w/runs', 'RUNNING')
    const copy = path.join(hands.rig.outside, 'copy')
    // A copy of what lives: of drafts, some are gone when their turn comes.
    hands.shell(`cp -a ${hands.rig.site} ${copy} 2>/dev/null || true`)
    await hands.spawn({ 'w/late': 'true' })
    await untilFinished(hands, ['w/late', 'w/waits'])
    hands.shell(`cp -a ${copy}/. ${hands.rig.site}/`)
    letGo(hands)
    await hands.spawn({ 'w/after': 'true' })
    await hands.rig.reached('w/after', 'JOB_FINISHED')
    await hands.run(['fsck', '--repair'])
    await untilFinished(hands, ['w/early', 'w/runs', 'w/waits', 'w/late', 'w/after'])
    await hands.goodAreDelivered(reader, ['w/runs', 'w/waits', 'w/late', 'w/after'])
    expect(countOf(reader, 'w/early')).toBe(1)
    await launcher.kill('SIGTERM')
    await reader.kill('SIGINT')
    expect(await hands.done(['fsck'])).toContain('no damage found')
  })

  test('of one job: it is told, mended and not delivered twice', async () => {
    await using hands = await Hands.create()
    const { launcher, reader } = await hands.launchAndFollow()
    await hands.spawn({ 'w/old': waits(hands) })
    await hands.rig.reached('w/old', 'RUNNING')
    hands.shell(`cp -a ${hands.rig.folder('w/old')} ${hands.rig.outside}/old`)
    letGo(hands)
    await hands.goodAreDelivered(reader, ['w/old'])
    hands.shell(`cp -a ${hands.rig.outside}/old/. ${hands.rig.folder('w/old')}/`)
    expect(await hands.run(['fsck'])).toMatchObject({ status: 3, stdout: expect.stringContaining('w/old') as unknown })
    await hands.spawn({ 'w/after': 'true' })
    await hands.goodAreDelivered(reader, ['w/after'])
    await hands.done(['fsck', '--repair'])
    await untilFinished(hands, ['w/old'])
    await hands.finish(launcher, reader)
  })

  test.each([
    ['put back', (file: string, old: string) => `cp ${old} ${file}`],
    ['replaced by an old one', (file: string, old: string) => `cp -a ${old} ${file}.new; mv ${file}.new ${file}`],
    ['shortened', (file: string) => `truncate -s -300 ${file}`],
    ['emptied', (file: string) => `: >${file}`],
  ])('of the journal alone, which is %s', async (_, damage) => {
    await using hands = await Hands.create()
    const { launcher, reader } = await hands.launchAndFollow()
    const journal = (): string => {
      const [name = ''] = fs.readdirSync(path.join(hands.rig.site, 'journal')).filter((one) => one.endsWith('.jsonl'))
      return path.join(hands.rig.site, 'journal', name)
    }
    const old = path.join(hands.rig.outside, 'old')
    hands.shell(`cp -a ${journal()} ${old}`)
    await hands.spawn({ 'w/runs': waits(hands), 'w/done': 'true' })
    await hands.rig.reached('w/runs', 'RUNNING')
    await hands.goodAreDelivered(reader, ['w/done'])
    hands.shell(damage(journal(), old))
    await hands.spawn({ 'w/after': 'true' })
    letGo(hands)
    await untilFinished(hands, ['w/runs', 'w/done', 'w/after'])
    await hands.goodAreDelivered(reader, ['w/runs', 'w/after'])
    await hands.run(['fsck', '--repair'])
    expect((await hands.done(['ls', '--fields', 'id', '--state', 'JOB_FINISHED'])).match(/^(w|good)\//gm)).toHaveLength(
      4,
    )
    await hands.finish(launcher, reader)
  })
})

describe('folders under a launcher and a reader', () => {
  test('are copied, moved, renamed and deleted, before, while and after their jobs run: the others go on', async () => {
    await using hands = await Hands.create()
    const { launcher, reader } = await hands.launchAndFollow()
    const names = ['copied', 'moved', 'renamed', 'deleted']
    const spawnAll = (when: string, line: string): Promise<void> =>
      hands.spawn(Object.fromEntries(names.map((name) => [`w/${name}-${when}`, line])))
    await spawnAll('after', 'true')
    await untilFinished(
      hands,
      names.map((name) => `w/${name}-after`),
    )
    await spawnAll('while', waits(hands))
    for (const name of names) await hands.rig.reached(`w/${name}-while`, 'RUNNING')
    await spawnAll('before', 'true')
    const jobs = path.join(hands.rig.site, 'jobs')
    const lines = ['before', 'while', 'after'].map(
      (when) => `cp -a w/copied-${when} w/copy-${when}; mv w/moved-${when} other/; mv w/renamed-${when} w/new-${when}
        rm -rf w/deleted-${when}`,
    )
    hands.shell(`cd ${jobs}; mkdir other; ${lines.join('\n')}`)
    letGo(hands)
    await hands.spawn({ 'w/later': 'true' })
    const kept = ['w/later', ...['before', 'while', 'after'].map((when) => `w/copied-${when}`)]
    await untilFinished(hands, kept)
    await hands.goodAreDelivered(reader, kept)
    const found = (await hands.run(['fsck'])).stdout
    for (const when of ['before', 'while', 'after'])
      for (const id of [`w/copy-${when}`, `other/moved-${when}`, `w/new-${when}`, `w/deleted-${when}`])
        expect(found).toContain(`jobs/${id}:`)
    await hands.done(['fsck', '--repair'])
    hands.give(jobs)
    // A waiting job runs under its new name; a running one is released by its launcher at the
    // latest when that ends.
    await untilFinished(hands, ['w/copy-before', 'other/moved-before', 'w/new-before'])
    await launcher.kill('SIGTERM')
    await hands.run(['launch', '--idle-seconds', '1'])
    const all = ['before', 'while', 'after'].flatMap((when) => [
      `w/copy-${when}`,
      `other/moved-${when}`,
      `w/new-${when}`,
    ])
    await untilFinished(hands, all)
    await hands.goodAreDelivered(reader, all)
    await hands.finish(undefined, reader)
    expect(await hands.done(['fsck'])).toContain('no damage found')
  })

  test('a site is copied while jobs run: a launcher of the copy leaves the original’s alone', async () => {
    await using hands = await Hands.create()
    const { launcher, reader } = await hands.launchAndFollow()
    await hands.spawn({ 'w/runs': `test "$BJOB_SITE" != ${hands.rig.site} || { ${waits(hands)}; }` })
    await hands.rig.reached('w/runs', 'RUNNING')
    const copy = path.join(hands.rig.outside, 'copy')
    hands.shell(`cp -a ${hands.rig.site} ${copy}`)
    const there = await hands.rig.bjob(['launch', '--idle-seconds', '0.2'], { env: { BJOB_SITE: copy } })
    expect([there.status, there.stdout]).toEqual([0, expect.stringMatching(/w\/runs taken over[^]*1 finished/)])
    letGo(hands)
    await hands.goodAreDelivered(reader, ['w/runs'])
    expect(hands.rig.state('w/runs')).toMatchObject({ state: 'JOB_FINISHED', attempt: 1 })
    await hands.finish(launcher, reader)
  })

  test('a workflow is renamed and renamed back: its jobs run then', async () => {
    await using hands = await Hands.create()
    const { launcher, reader } = await hands.launchAndFollow()
    await hands.spawn({ 'w/runs': waits(hands) })
    await hands.rig.reached('w/runs', 'RUNNING')
    const jobs = path.join(hands.rig.site, 'jobs')
    fs.renameSync(path.join(jobs, 'w'), path.join(jobs, 'v'))
    await hands.spawn({ 'other/after': 'true' })
    await hands.goodAreDelivered(reader, ['other/after'])
    fs.renameSync(path.join(jobs, 'v'), path.join(jobs, 'w'))
    letGo(hands)
    await hands.goodAreDelivered(reader, ['w/runs'])
    await hands.finish(launcher, reader)
  })
})

test('a job takes the rights to its own folder away: its end is recorded', needs('setpriv, for root'), async () => {
  await using hands = await Hands.create()
  const { launcher, reader } = await hands.launchAndFollow()
  const modes = ['a-w .', '000 .', '-R a-w .']
  await hands.spawn(
    Object.fromEntries(modes.map((mode, at) => [`w/shut${at}`, `echo ${at} >result.dat; chmod ${mode}`])),
  )
  const ids = modes.map((_, at) => `w/shut${at}`)
  await hands.goodAreDelivered(reader, ids)
  expect(new Set(endsOf(reader).map(({ id, result }) => (id.startsWith('w/') ? result : 'good')))).toEqual(
    new Set([0, 1, 2, 'good']),
  )
  await hands.done(['rm', ...ids])
  await hands.finish(launcher, reader)
})

test('a running job loses its folder to another user: it alone is left', needs('setpriv, for root'), async () => {
  await using hands = await Hands.create()
  const { launcher, reader } = await hands.launchAndFollow()
  await hands.spawn({ 'w/lost': waits(hands) })
  await hands.rig.reached('w/lost', 'RUNNING')
  hands.shell(`chown 0:0 ${hands.rig.folder('w/lost')}`)
  letGo(hands)
  await launcher.printed('cannot write the state of w/lost')
  await hands.spawn({ 'w/after': 'true' })
  await hands.goodAreDelivered(reader, ['w/after'])
  const { status, stderr } = await launcher.kill('SIGTERM')
  expect([status, stderr]).toEqual([3, expect.stringContaining('w/lost')])
  hands.give(hands.rig.folder('w/lost'))
  await hands.run(['launch', '--idle-seconds', '1'])
  await hands.goodAreDelivered(reader, ['w/lost'])
  await hands.finish(undefined, reader)
})

describe('a disk without', needs('the right to mount'), () => {
  const fillers: Readonly<Record<string, (folder: string) => void>> = {
    room: (folder) => {
      expect(() => fs.writeFileSync(path.join(folder, 'ballast'), Buffer.alloc(32 << 20))).toThrow('ENOSPC')
    },
    inodes: (folder) => {
      fs.mkdirSync(path.join(folder, 'ballast'))
      expect(() => {
        for (let at = 0; ; at += 1) fs.writeFileSync(path.join(folder, 'ballast', String(at)), '')
      }).toThrow('ENOSPC')
    },
  }
  test.each(Object.entries(fillers))(
    '%s at every step of a job: all of them end once, once there is some',
    async (_, fill) => {
      using disk = new SmallDisk('8m,nr_inodes=600')
      await using rig = await Rig.create({ parent: disk.folder, mayLeaveScaffolding: true })
      const free = (): void => fs.rmSync(path.join(rig.outside, 'ballast'), { recursive: true })
      const spawn = (name: string): Promise<{ readonly status: number | null }> =>
        rig.bjob(['spawn', '--workflow', 'w', '--name', name, '--app', 'controlled', '--if-exists', 'reuse'])
      const names = ['starts', 'ends', 'waits']
      for (const name of names) expect(await spawn(name)).toMatchObject({ status: 0 })
      const launcher = rig.start(['launch', '--persistent', '--slots', '2'])
      const reader = rig.start(['results', '--follow'])
      // While two run, one waits.
      const running = await rig.jobs.starts(2)
      fill(rig.outside)
      expect((await spawn('born')).status).toBe(3)
      // Their ends cannot be written, and the third cannot be claimed.
      for (const job of running) job.exit(0)
      for (const job of running) await job.ended()
      await launcher.printed(/problem:/)
      free()
      expect((await spawn('born')).status).toBe(0)
      await rig.until('all to have finished', () => {
        for (const job of rig.jobs.running) job.exit(0)
        return [...names, 'born'].every((name) => isFinished(rig, `w/${name}`))
      })
      await rig.until('their ends to be delivered', () => endsOf(reader).length === 4)
      expect([launcher.hasExited, reader.hasExited]).toEqual([false, false])
      await launcher.kill('SIGTERM')
      await reader.kill('SIGINT')
      expect(new Set(endsOf(reader).map(({ id }) => id)).size).toBe(4)
      expect((await rig.bjob(['fsck', '--repair'])).status).toBe(0)
    },
  )
})

test(
  'users of a group with umasks of 077 and 022 run and take over each other’s jobs',
  needs('setpriv, for root'),
  async () => {
    const GROUP = 61_235
    await using rig = await Rig.create({ mayLeaveScaffolding: true })
    fs.chmodSync(path.dirname(rig.site), 0o755)
    fs.chmodSync(rig.outside, 0o777)
    rig.addApplication('sh', "executable: 'sh -c'\n")
    execFileSync('sh', ['-e'], {
      input: `chgrp -R ${GROUP} ${rig.site}; chmod -R g+rwX ${rig.site}; find ${rig.site} -type d -exec chmod g+s {} +`,
      env: loginEnvironment(),
    })
    const bjob = path.resolve(import.meta.dirname, '../../../bin/bjob.js')
    const as = (uid: number, umask: string, ...words: readonly string[]) =>
      rig.startProgram([
        'setpriv',
        `--reuid=${uid}`,
        `--regid=${uid}`,
        `--groups=${GROUP}`,
        'sh',
        '-c',
        `umask ${umask}; exec "$@"`,
        'sh',
        process.execPath,
        bjob,
        ...words,
      ])
    const ada = (...words: readonly string[]) => as(61_011, '077', ...words)
    const bob = (...words: readonly string[]) => as(61_012, '022', ...words)
    const readers = [ada('results', '--follow'), bob('results', '--follow')]
    const go = path.join(rig.outside, 'go')
    const line = `while [ ! -e ${go} ]; do sleep 0.1; done`
    for (const [user, name] of [
      [ada, 'a'],
      [bob, 'b'],
    ] as const)
      for (const at of [1, 2, 3])
        expect(
          await user('spawn', '--workflow', 'w', '--name', `${name}${at}`, '--app', 'sh', '--', line).ended(),
        ).toMatchObject({ status: 0 })
    const ids = ['a1', 'a2', 'a3', 'b1', 'b2', 'b3'].map((name) => `w/${name}`)
    const first = ada('launch', '--persistent', '--slots', '3')
    await rig.until('three to run', () => ids.filter((id) => rig.state(id).state === 'RUNNING').length === 3)
    const second = bob('launch', '--persistent', '--slots', '6')
    await rig.until('all to run', () => ids.every((id) => rig.state(id).state === 'RUNNING'))
    await first.kill('SIGKILL')
    await rig.until('the second launcher to have them all', () =>
      ids.every((id) => rig.state(id).state === 'RUNNING' && rig.state(id).launcher?.includes(String(second.pid))),
    )
    fs.writeFileSync(go, '')
    for (const id of ids) await rig.reached(id, 'JOB_FINISHED')
    await rig.until('both to be told all ends', () => readers.every((reader) => endsOf(reader).length === ids.length))
    for (const reader of readers) {
      expect(reader.hasExited).toBe(false)
      await reader.kill('SIGINT')
      expect(
        endsOf(reader)
          .map(({ id }) => id)
          .toSorted(),
      ).toEqual(ids)
    }
    expect(await ada('rm', 'w/b1').ended()).toMatchObject({ status: 0 })
    expect(await bob('rm', 'w/a1').ended()).toMatchObject({ status: 0 })
    expect((await second.kill('SIGTERM')).status).toBe(0)
    expect(await ada('fsck').ended()).toMatchObject({ status: 0 })
  },
)

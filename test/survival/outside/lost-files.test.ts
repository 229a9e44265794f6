import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { needs } from '../../rig/needs.ts'
import { asOtherUser } from '../../rig/other-user.ts'
import { Rig } from '../../rig/rig.ts'

describe('the journal deleted while nothing runs', () => {
  test('the next launcher finds every job', async () => {
    await using rig = await Rig.create()
    for (const name of ['a', 'b', 'c']) await rig.done(['spawn', '--app', 'yes', '--name', name])
    await rig.done(['spawn', '--app', 'yes', '--name', 'child', '--parents', 'a'])
    fs.rmSync(path.join(rig.site, 'journal'), { recursive: true })
    await rig.done(['launch', '--idle-seconds', '0.5'])
    for (const name of ['a', 'b', 'c', 'child']) expect(rig.state(`default/${name}`).state).toBe('JOB_FINISHED')
  })

  test('fsck finds every job, and so do listings', async () => {
    await using rig = await Rig.create()
    await rig.done(['spawn', '--app', 'yes', '--name', 'old'])
    await rig.done(['launch', '--idle-seconds', '0.2'])
    await rig.done(['spawn', '--app', 'yes', '--name', 'new'])
    fs.rmSync(path.join(rig.site, 'journal'), { recursive: true })
    await rig.done(['fsck', '--repair'])
    expect((await rig.bjob(['fsck'])).status).toBe(0)
    expect(await rig.done(['ls', '--fields', 'id,state', '--json'])).toBe(
      '{"id":"default/new","state":"CREATED"}\n{"id":"default/old","state":"JOB_FINISHED"}\n',
    )
  })

  test('jobs made after it and before it are both run', async () => {
    await using rig = await Rig.create()
    await rig.done(['spawn', '--app', 'yes', '--name', 'before'])
    fs.rmSync(path.join(rig.site, 'journal'), { recursive: true })
    await rig.done(['spawn', '--app', 'yes', '--name', 'after'])
    await rig.done(['fsck', '--repair'])
    await rig.done(['launch', '--idle-seconds', '0.5'])
    expect(['before', 'after'].map((name) => rig.state(`default/${name}`).state)).toEqual([
      'JOB_FINISHED',
      'JOB_FINISHED',
    ])
  })

  test('a folder that another user may not read keeps them from nothing else', needs('setpriv, for root'), async () => {
    await using rig = await Rig.create()
    for (const workflow of ['hidden', 'open'])
      await rig.done(['spawn', '--app', 'yes', '--workflow', workflow, '--name', 'a'])
    const journal = path.join(rig.site, 'journal')
    const loseJournals = (): void => {
      for (const name of fs.readdirSync(journal)) if (name !== 'README') fs.rmSync(path.join(journal, name))
    }
    const hidden = path.join(rig.site, 'jobs/hidden')
    execFileSync('chmod', ['-R', 'a+rwX', rig.site])
    fs.chmodSync(hidden, 0o700)
    const checked = await asOtherUser(rig, ['fsck'])
    expect(checked).toMatchObject({ status: 3, stderr: expect.stringContaining('ask its owner for access') })
    expect(checked.stdout).toContain('jobs/hidden: cannot be read: permission denied\n1 problem found')
    loseJournals()
    const listed = await asOtherUser(rig, ['ls', '--fields', 'id', '--csv'])
    expect(listed).toMatchObject({ status: 0, stdout: 'id\r\nopen/a\r\n' })
    expect(listed.stderr).toContain(`${hidden} cannot be read (permission denied): its jobs are not known here`)
    loseJournals()
    fs.rmSync(path.dirname(rig.folder('open/a')), { recursive: true })
    expect(await asOtherUser(rig, ['spawn', '--app', 'yes', '--name', 'b'])).toMatchObject({ status: 0 })
    // Its owner misses nothing.
    expect(await rig.done(['ls', '--fields', 'id', '--csv'])).toBe('id\r\ndefault/b\r\nhidden/a\r\n')
  })

  test('nor a job that another user may not read; its owner misses nothing', needs('setpriv, for root'), async () => {
    await using rig = await Rig.create()
    for (const name of ['a', 'b', 'c']) await rig.done(['spawn', '--app', 'yes', '--workflow', 'w', '--name', name])
    execFileSync('chmod', ['-R', 'a+rwX', rig.site])
    fs.chmodSync(rig.folder('w/b'), 0o700)
    fs.rmSync(path.join(rig.site, 'journal'), { recursive: true })
    const list = ['ls', '--fields', 'id,state', '--csv']
    const listed = await asOtherUser(rig, list)
    expect(listed).toMatchObject({ status: 0, stdout: 'id,state\r\nw/a,CREATED\r\nw/c,CREATED\r\n' })
    expect(listed.stderr).toContain('w/b cannot be read (permission denied): it is not known here')
    expect(await asOtherUser(rig, ['launch', '--idle-seconds', '0.3'])).toMatchObject({ status: 0 })
    const results = await asOtherUser(rig, ['results'])
    expect(results.stdout.match(/"w\/.","state":"JOB_FINISHED"/g)).toHaveLength(2)
    expect(await asOtherUser(rig, ['fsck', '--repair'])).toMatchObject({
      status: 3,
      stdout: expect.stringContaining('jobs/w/b: cannot be read: permission denied\n1 problem found, 0 repaired'),
    })
    expect(await rig.done(list)).toContain('w/b,CREATED\r\n')
    expect((await rig.done(list)).match(/JOB_FINISHED/g)).toHaveLength(2)
    await rig.done(['launch', '--idle-seconds', '0.3'])
    expect(rig.state('w/b').state).toBe('JOB_FINISHED')
  })

  test('lines that are torn or of another program disturb nobody', async () => {
    await using rig = await Rig.create()
    await rig.done(['spawn', '--app', 'yes', '--name', 'a'])
    const [journal = ''] = fs.readdirSync(path.join(rig.site, 'journal'))
    rig.appendJournal(journal.replace('.jsonl', ''), '{"id":"default/x","revis')
    await rig.done(['spawn', '--app', 'yes', '--name', 'b'])
    rig.appendJournal('stranger', 'hello\n\0\0\0\n{"by":"x","n":1}\n[]\n')
    await rig.done(['launch', '--idle-seconds', '0.5'])
    expect(['a', 'b'].map((name) => rig.state(`default/${name}`).state)).toEqual(['JOB_FINISHED', 'JOB_FINISHED'])
  })
})

describe('a job.yaml broken by hand', () => {
  test.each([
    ['application: [', 'job.yaml:1'],
    ['application: yes\nnum_nodes: many\n', 'num_nodes'],
    ['', 'job.yaml'],
  ])('%j: that job alone is set aside with the reason, and comes back when it is mended', async (text, reason) => {
    await using rig = await Rig.create()
    await rig.done(['spawn', '--app', 'yes', '--name', 'broken'])
    await rig.done(['spawn', '--app', 'yes', '--name', 'sound'])
    const file = path.join(rig.folder('default/broken'), 'job.yaml')
    const whole = fs.readFileSync(file, 'utf8')
    fs.writeFileSync(file, text)
    const launcher = await rig.launch()
    await rig.reached('default/sound', 'JOB_FINISHED')
    await launcher.printed('default/broken set aside')
    expect(rig.state('default/broken').state).toBe('CREATED')
    expect(await rig.done(['ls'])).toContain(reason)
    expect(await rig.done(['why', 'broken'])).toContain(reason)
    expect(launcher.hasExited).toBe(false)
    fs.writeFileSync(file, whole)
    await rig.reached('default/broken', 'JOB_FINISHED')
    expect(launcher.stdout.match(/default\/broken is valid again/g)).toHaveLength(1)
    expect((await rig.bjob(['fsck'])).stdout).toBe('no damage found\n')
    await launcher.kill('SIGTERM')
  })

  test('and mended without a launcher: why and fsck agree, and the next launcher runs it', async () => {
    await using rig = await Rig.create()
    await rig.done(['spawn', '--app', 'yes', '--name', 'broken'])
    const file = path.join(rig.folder('default/broken'), 'job.yaml')
    const whole = fs.readFileSync(file, 'utf8')
    fs.writeFileSync(file, 'application: [')
    await rig.done(['launch', '--idle-seconds', '0.2'])
    fs.writeFileSync(file, whole)
    const found = (await rig.bjob(['fsck'])).stdout
    expect(found).toMatch(/^jobs\/default\/broken: was set aside \(job\.yaml:1.*\) and is intact now\n/)
    expect(await rig.done(['why', 'broken'])).toContain('no launcher is running')
    const { stdout } = await rig.bjob(['launch', '--idle-seconds', '0.5'])
    expect(stdout).toContain('default/broken is valid again and no longer set aside\n')
    expect(rig.state('default/broken').state).toBe('JOB_FINISHED')
  })

  test('and an application that is still invalid: fsck does not call the job intact', async () => {
    await using rig = await Rig.create()
    rig.addApplication('say', 'executable: [echo]\n')
    await rig.done(['spawn', '--app', 'say', '--name', 'a'])
    rig.addApplication('say', 'executable: [')
    await rig.done(['launch', '--idle-seconds', '0.2'])
    expect((await rig.bjob(['fsck', '--repair'])).stdout).toContain(
      'jobs/default/a: is set aside for its application: say.yaml:1',
    )
    expect(await rig.done(['why', 'a'])).toMatch(/^its application cannot be used: say\.yaml:1/)
  })

  test('and the journal deleted: the job is listed with the reason, and runs as its mended job.yaml says', async () => {
    await using rig = await Rig.create()
    await rig.done(['spawn', '--app', 'yes', '--name', 'broken', '--tag', 'a=1'])
    const file = path.join(rig.folder('default/broken'), 'job.yaml')
    fs.writeFileSync(file, 'application: [')
    fs.rmSync(path.join(rig.site, 'journal'), { recursive: true })
    await rig.done(['launch', '--idle-seconds', '0.2'])
    expect(await rig.done(['ls'])).toMatch(/default\/broken +BROKEN .*job\.yaml:1/)
    fs.writeFileSync(file, 'application: yes\ntags: {a: "2"}\n')
    await rig.done(['fsck', '--repair'])
    await rig.done(['launch', '--idle-seconds', '0.5', '--tag', 'a=2'])
    expect(rig.state('default/broken').state).toBe('JOB_FINISHED')
  })
})

describe('a state.yaml deleted or garbled by hand', () => {
  test.each([
    ['deleted', undefined],
    ['truncated', 'state: CREATED\nattempt: 0\nrevi'],
    ['of zeros', '\0'.repeat(100)],
  ])('%s: that job alone is set aside, and fsck writes it again from the journal', async (_, text) => {
    await using rig = await Rig.create()
    for (const name of ['broken', 'sound']) await rig.done(['spawn', '--app', 'yes', '--name', name])
    const file = path.join(rig.folder('default/broken'), 'state.yaml')
    const whole = fs.readFileSync(file, 'utf8')
    if (text === undefined) fs.rmSync(file)
    else fs.writeFileSync(file, text)
    await rig.done(['launch', '--idle-seconds', '0.5'])
    expect(rig.state('default/sound').state).toBe('JOB_FINISHED')
    expect(await rig.done(['why', 'broken'])).toContain('state.yaml')
    const shown = await rig.bjob(['show', 'broken'])
    expect(shown.status).toBe(3)
    expect(shown.stderr.trim().split('\n').length).toBeLessThanOrEqual(2)
    expect((await rig.bjob(['fsck'])).status).toBe(3)
    await rig.done(['fsck', '--repair'])
    expect(fs.readFileSync(file, 'utf8')).toBe(whole)
    await rig.done(['launch', '--idle-seconds', '0.5'])
    expect(rig.state('default/broken').state).toBe('JOB_FINISHED')
  })
})

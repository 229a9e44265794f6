/** Attacks with names, files, links and words, none of which succeeds. */
import fs from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { needs } from '../../rig/needs.ts'
import { Rig } from '../../rig/rig.ts'
import { listTree } from '../../rig/tree.ts'

const LAUNCH = ['launch', '--idle-seconds', '0.2', '--quiet']

async function refuses(rig: Rig, args: readonly string[], input?: string): Promise<string> {
  const before = [listTree(rig.site), listTree(rig.outside)]
  const { status, stdout, stderr } = await rig.bjob(args, input === undefined ? {} : { input })
  expect({ status, stdout }, stderr).toEqual({ status: 2, stdout: '' })
  expect([listTree(rig.site), listTree(rig.outside)]).toEqual(before)
  return stderr
}

/** All that the site's files hold, and their names. */
function everythingIn(folder: string): string {
  const names = fs.readdirSync(folder, { recursive: true, encoding: 'utf8' })
  const read = (file: string): string => (fs.statSync(file).isFile() ? fs.readFileSync(file, 'latin1') : '')
  return names.map((name) => `${name}\n${read(path.join(folder, name))}`).join('\n')
}

describe('names', () => {
  test('none of a job, workflow or application leads anywhere else', async () => {
    await using rig = await Rig.create()
    const names = [
      '..',
      '.',
      '../x',
      '/tmp/x',
      'a/b',
      '-rf',
      '.hidden',
      'a\u001B[2Jb',
      'a\nb',
      'x'.repeat(5000),
      '~root',
      '',
    ]
    const records = names.flatMap((name) => [
      { name, application: 'yes' },
      { name: 'a', workflow: name, application: 'yes' },
      { name: 'a', application: name },
      { name: 'a', application: 'yes', parents: [`default/${name}`] },
    ])
    const problems = await refuses(
      rig,
      ['spawn', '--from', '-'],
      records.map((record) => JSON.stringify(record)).join('\n'),
    )
    for (let line = 1; line <= records.length; line++) expect(problems).toContain(`:${line}`)
    for (const name of ['../../outside', '..', '/etc/passwd', 'a\u0000b'.slice(0, 1) + '/../..']) {
      for (const command of ['show', 'cat', 'log', 'path', 'kill', 'rm', 'why'])
        await refuses(rig, [command, '--', name])
    }
    await refuses(rig, ['app', 'add', '../evil', '--executable', 'true'])
  })

  test('no file that a job asks for comes from outside the folder where it was spawned', async () => {
    await using rig = await Rig.create()
    fs.writeFileSync(path.join(rig.outside, 'secret.dat'), 'classified')
    fs.symlinkSync(path.join(rig.outside, 'secret.dat'), path.join(rig.site, 'link.dat'))
    fs.symlinkSync(rig.outside, path.join(rig.site, 'folder'))
    await rig.done(['spawn', '--app', 'yes', '--name', 'parent'])
    const patterns = [
      '../outside/secret.dat',
      '/etc/passwd',
      '{..,x}/outside/*',
      '[.][.]/outside/*',
      'link.dat',
      'l*.dat',
      'folder',
      'folder/*.dat',
    ]
    for (const pattern of patterns) {
      for (const parents of [[], ['--parents', 'parent']]) {
        const spawned = await rig.bjob(['spawn', '--app', 'yes', '--name', 'a', '--input-files', pattern, ...parents])
        if (spawned.status === 0) await rig.done(LAUNCH)
        expect(everythingIn(path.join(rig.site, 'jobs')), pattern).not.toContain('classified')
        if (spawned.status === 0) await rig.done(['rm', 'a'])
      }
    }
    // Nor when a job has put a link into a folder that it was given.
    fs.mkdirSync(path.join(rig.site, 'deck'))
    await rig.done(['spawn', '--app', 'yes', '--name', 'given', '--input-files', 'deck'])
    fs.symlinkSync(path.join(rig.outside, 'secret.dat'), path.join(rig.folder('default/given'), 'deck/link.dat'))
    const { status, stderr } = await rig.bjob(['clone', 'given', '--as', 'another'])
    expect([status, stderr]).toEqual([2, expect.stringContaining('deck/link.dat is a link that leads out of the site')])
    expect(rig.ids()).not.toContain('default/another')
  })
})

describe('files of others', () => {
  test('a pipe in the place of what bjob reads in a job’s folder keeps nobody waiting', async () => {
    await using rig = await Rig.create()
    rig.addApplication('pipes', 'executable: [/bin/sh, -c, "rm job.out; mkfifo job.out result.dat data.json"]\n')
    await rig.done(['spawn', '--app', 'pipes', '--name', 'a'])
    await rig.done(LAUNCH)
    const problem = 'result.dat is a pipe or a device, not a file'
    expect(JSON.parse(await rig.done(['results']))).toMatchObject({ id: 'default/a', content: null, problem })
    expect((await rig.bjob(['cat', 'a', 'result.dat'])).stderr).toContain(problem)
    expect((await rig.bjob(['log', 'a'])).stderr).toContain('a pipe')
    for (const words of [
      ['show', 'a'],
      ['ls', '--json'],
    ])
      await rig.done(words)
    // Whatever it says of such data: it ends.
    expect((await rig.bjob(['clone', 'a', '--as', 'b'])).signal).toBeNull()
  })

  test('a pipe in the place of the file for a job’s next output keeps no other job waiting', async () => {
    await using rig = await Rig.create()
    rig.addApplication('trap', 'executable: [/bin/sh, -c, "mkfifo job.out.2; exit 1"]\n')
    await rig.done(['spawn', '--app', 'trap', '--name', 'trap', '--max-retries', '1', '--priority', '1'])
    await rig.done(['spawn', '--app', 'yes', '--name', 'other'])
    await rig.done([...LAUNCH, '--slots', '1'])
    expect([rig.state('default/trap').state, rig.state('default/other').state]).toEqual(['FAILED', 'JOB_FINISHED'])
    const said = rig.state('default/trap').history.map(({ message }) => message)
    expect(said.join('\n')).toMatch(/ENXIO.*job\.out\.2/)
  })

  const bombs = {
    aliases: `a: &a [x,x,x,x,x,x,x,x,x]\n${'bcdefghi'
      .split('')
      .map((key, at) => `${key}: &${key} [${`*${'abcdefgh'[at]},`.repeat(9)}]\n`)
      .join('')}`,
    self: 'data: &a [*a]\n',
    tag: 'data: !!js/function "process.exit(7)"\n',
    brackets: `data: ${'['.repeat(5000)}`,
    blocks: '? '.repeat(20_000),
    dashes: '- '.repeat(20_000),
    huge: `data: ${'x'.repeat(5_000_000)}\n`,
    prototype: '__proto__: {application: yes}\nname: a\n',
  }

  test.each(Object.entries(bombs))(
    'YAML with %s is refused in one line, in a spawn file, an application and the settings',
    async (_, text) => {
      await using rig = await Rig.create()
      const spawnFile = path.join(rig.outside, 'spawn.yaml')
      fs.writeFileSync(spawnFile, text)
      const spawned = await refuses(rig, ['spawn', '--from', spawnFile])
      expect(spawned.trim().split('\n').length).toBeLessThanOrEqual(4)
      rig.addApplication('evil', `executable: "true"\n${text}`)
      const evil = await refuses(rig, ['spawn', '--app', 'evil', '--name', 'a'])
      expect(evil).toContain('evil.yaml')
      fs.appendFileSync(path.join(rig.site, 'bjob.yaml'), text)
      const { status, stderr } = await rig.bjob(['ls'])
      expect({ status, isNamed: stderr.includes('bjob.yaml') }).toEqual({ status: 2, isNamed: true })
    },
  )

  test('a job.yaml that is one sets that job aside, and no other', async () => {
    await using rig = await Rig.create()
    for (const [name, text] of Object.entries(bombs)) {
      await rig.done(['spawn', '--app', 'yes', '--name', name])
      fs.appendFileSync(path.join(rig.folder(`default/${name}`), 'job.yaml'), text)
    }
    await rig.done(['spawn', '--app', 'yes', '--name', 'sound'])
    await rig.done(LAUNCH)
    expect(rig.state('default/sound').state).toBe('JOB_FINISHED')
    for (const name of Object.keys(bombs)) expect(rig.state(`default/${name}`).state).toBe('CREATED')
  })
})

describe('links in the tree', () => {
  test('a job or a workflow that is a link is none, and fsck says so', async () => {
    await using rig = await Rig.create()
    await rig.done(['spawn', '--app', 'yes', '--workflow', 'real', '--name', 'a'])
    fs.cpSync(path.join(rig.site, 'jobs/real'), path.join(rig.outside, 'wf'), { recursive: true })
    fs.symlinkSync(path.join(rig.outside, 'wf'), path.join(rig.site, 'jobs/linked'))
    fs.symlinkSync(path.join(rig.outside, 'wf/a'), path.join(rig.site, 'jobs/real/b'))
    fs.rmSync(path.join(rig.site, 'journal'), { recursive: true })
    const before = listTree(rig.outside)
    const { stdout } = await rig.bjob(['fsck', '--repair'])
    expect(stdout).toMatch(/jobs\/linked: is a link/)
    expect(stdout).toMatch(/jobs\/real\/b: is a link/)
    await rig.done(LAUNCH)
    expect(await rig.done(['ls', '--fields', 'id', '--json'])).toBe('{"id":"real/a"}\n')
    for (const args of [
      ['cat', 'real/b', 'job.yaml'],
      ['kill', 'real/b'],
      ['rm', 'real/b'],
      ['set', 'real/b', 'data=1'],
    ])
      expect((await rig.bjob(args)).status, args.join(' ')).not.toBe(0)
    expect(listTree(rig.outside)).toEqual(before)
  })

  test("a link out of the site in a job's folder is neither read nor written through", async () => {
    await using rig = await Rig.create()
    rig.addApplication('says', 'executable: [echo, said]\n')
    const swap = `rm job.out; ln -s ${path.join(rig.outside, 'secret')} job.out; exit 3`
    rig.addApplication('swaps', `executable: [/bin/sh, -c, ${JSON.stringify(swap)}]\n`)
    fs.writeFileSync(path.join(rig.outside, 'secret'), '"classified"')
    await rig.done(['spawn', '--app', 'yes', '--name', 'ends'])
    await rig.done(['spawn', '--app', 'says', '--name', 'says'])
    await rig.done(['spawn', '--app', 'swaps', '--name', 'swaps'])
    for (const file of ['ends/result.dat', 'ends/data.json', 'says/job.out'])
      fs.symlinkSync(path.join(rig.outside, 'secret'), path.join(rig.site, 'jobs/default', file))
    await rig.done(LAUNCH)
    expect(rig.state('default/ends').state).toBe('JOB_FINISHED')
    expect(rig.state('default/says').state).not.toBe('JOB_FINISHED')
    for (const args of [
      ['cat', 'ends'],
      ['cat', 'ends', 'data.json'],
      ['show', 'ends'],
      ['log', 'says'],
      ['log', 'swaps'],
      ['history', 'swaps'],
    ]) {
      const { stdout, stderr } = await rig.bjob(args)
      expect(stdout + stderr, args.join(' ')).not.toContain('classified')
    }
    expect(everythingIn(path.join(rig.site, 'journal'))).not.toContain('classified')
    // One such link keeps nobody's results back.
    const results = (await rig.done(['results'])).trim().split('\n')
    const contents = results.map((line) => (JSON.parse(line) as { content: unknown }).content)
    expect(contents).toEqual([null, null, null])
    expect((await rig.bjob(['cat', 'ends'])).stderr).toContain('leads out of the site')
    expect((await rig.bjob(['log', 'says'])).stderr).toContain('leads out of the site')
    await rig.done(['set', 'ends', 'data=1'])
    expect(fs.readFileSync(path.join(rig.outside, 'secret'), 'utf8')).toBe('"classified"')
  })
})

describe('words', () => {
  const WORDS = [
    '$(touch pwned)',
    '`touch pwned`',
    '; touch pwned',
    '| touch pwned',
    "'; touch pwned; '",
    '"',
    '*',
    '~',
    '\n touch pwned\n',
    '-n',
    '\\',
  ]

  test("no shell meets a job's words, not even in an application that is a shell's", async () => {
    await using rig = await Rig.create()
    rig.addApplication(
      'words',
      `executable: [${JSON.stringify(process.execPath)}, -e, "console.log(JSON.stringify(process.argv.slice(1)))", "--"]\n`,
    )
    rig.addApplication(
      'shell',
      `executable: '"${process.execPath}" -e "console.log(JSON.stringify(process.argv.slice(1)))" --'\nshell: true\n`,
    )
    for (const name of ['words', 'shell']) {
      const record = {
        name,
        application: name,
        args: WORDS,
        environ_vars: { EVIL: '$(touch pwned)' },
        tags: { t: '$(touch pwned)' },
      }
      await rig.done(['spawn', '--from', '-'], { input: JSON.stringify(record) })
    }
    await rig.done(LAUNCH)
    for (const name of ['words', 'shell']) expect(JSON.parse(await rig.done(['log', name]))).toEqual(WORDS)
    expect(everythingIn(rig.site)).not.toMatch(/^(.*\/)?pwned$/m)
  })

  test('nor those of a submission', async () => {
    await using rig = await Rig.create({ settings: 'format: 1\nscheduler: slurm\ndurability: process\n' })
    await rig.done(['spawn', '--app', 'yes', '--name', 'a', '--tag', 't=$(touch pwned)'])
    const words = [
      '--tag',
      't=$(touch pwned)',
      '--workflow',
      "*';touch pwned;'",
      '-q',
      '$(touch pwned)',
      '-A',
      "';touch pwned;'",
    ]
    const { status, stdout, stderr } = await rig.bjob([
      'submit',
      '-n',
      '1',
      '-t',
      '5',
      '--idle-seconds',
      '0.1',
      '--dry-run',
      ...words,
    ])
    if (status !== 0) return expect(stderr).toMatch(/^bjob: /)
    const script = path.join(rig.outside, 'batch.sh')
    fs.writeFileSync(script, stdout)
    await rig.startProgram(['/bin/sh', script], { cwd: rig.outside }).ended()
    expect(fs.readdirSync(rig.outside)).toEqual(['batch.sh'])
    return expect(fs.existsSync(path.join(rig.site, 'pwned'))).toBe(false)
  })

  test("what a job says moves nobody's cursor", async () => {
    await using rig = await Rig.create()
    rig.addApplication(
      'rings',
      `executable: [/bin/sh, -c, "printf '\\\\033[2J\\\\033]0;title\\\\007' >&2; exit 3"]\ndescription: "\\e[2J"\n`,
    )
    await rig.done(['spawn', '--app', 'rings', '--name', 'a', '--tag', 'k=\u001B[2J', '--args', '\u001B]0;x\u0007'])
    await rig.done(LAUNCH)
    // The launcher's own files cannot hold them; a co-user's edit can.
    fs.appendFileSync(path.join(rig.folder('default/a'), 'job.yaml'), '')
    for (const args of [
      ['ls'],
      ['ls', '--history'],
      ['ls', 'apps'],
      ['app', 'show', 'rings'],
      ['show', 'a'],
      ['why', 'a'],
      ['history', 'a'],
      ['show', '\u001B[2J'],
    ]) {
      const { stdout, stderr } = await rig.bjob(args)
      // oxlint-disable-next-line no-control-regex -- control characters are just what must not be there
      expect(stdout + stderr, args.join(' ')).not.toMatch(/[\u0000-\u0008\u000B-\u001F\u007F-\u009F]/)
    }
  })
})

describe('permissions and secrets', () => {
  test("files follow the umask and the group of the site's folder", needs('root'), async () => {
    await using rig = await Rig.create()
    const group = 4242
    for (const name of ['', 'jobs', 'apps', 'journal']) {
      fs.chownSync(path.join(rig.site, name), 0, group)
      fs.chmodSync(path.join(rig.site, name), 0o2770)
    }
    const umask = process.umask(0o007)
    try {
      fs.writeFileSync(path.join(rig.site, 'in.dat'), 'x')
      await rig.done(['spawn', '--app', 'yes', '--name', 'a', '--input-files', 'in.dat', '--data', '{"x": 1}'])
      await rig.done(LAUNCH)
      await rig.done(['rm', 'a'])
    } finally {
      process.umask(umask)
    }
    const made = ['jobs/default', 'trash', 'launchers', 'journal'].flatMap((top) => [
      top,
      ...fs
        .readdirSync(path.join(rig.site, top), { recursive: true, encoding: 'utf8' })
        .map((name) => `${top}/${name}`),
    ])
    expect(made.length).toBeGreaterThan(10)
    const old = fs
      .readdirSync(path.join(rig.site, 'journal'))
      .filter((name) => name === 'README')
      .map((name) => `journal/${name}`)
    for (const name of made.filter((file) => !old.includes(file))) {
      const { gid, mode } = fs.statSync(path.join(rig.site, name))
      expect({ name, gid, others: mode & 0o007, ofGroup: mode & 0o060 }).toEqual({
        name,
        gid: group,
        others: 0,
        ofGroup: 0o060,
      })
    }
  })

  test('secrets of the environment stay there', async () => {
    await using rig = await Rig.create()
    const env = { MY_API_TOKEN: 'hunter2-secret' }
    await rig.done(['spawn', '--app', 'yes', '--name', 'a'], { env })
    await rig.done(['spawn', '--app', 'no', '--name', 'b'], { env })
    await rig.done(LAUNCH, { env })
    await rig.bjob(['submit', '-n', '1', '-t', '5'], { env })
    await rig.bjob(['report'], { env })
    expect(rig.state('default/a').state).toBe('JOB_FINISHED')
    expect(everythingIn(rig.site)).not.toContain('hunter2')
  })
})

import fs from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { Rig } from '../rig/rig.ts'
import { listTree } from '../rig/tree.ts'

/** One clear line and a hint, exit status 2, and nothing changed. */
async function expectRefused(
  rig: Rig,
  args: readonly string[],
  problem: string | RegExp,
  options: { input?: string; cwd?: string } = {},
): Promise<void> {
  const before = listTree(rig.site)
  const { status, stdout, stderr } = await rig.bjob(args, options)
  expect({ stdout, status }).toEqual({ stdout: '', status: 2 })
  const [line = '', hint, ...rest] = stderr.trimEnd().split('\n')
  expect(line).toMatch(/^bjob: /)
  expect(line).toMatch(problem)
  expect(hint).toMatch(/^hint: ./)
  expect(rest).toEqual([])
  // eslint-disable-next-line no-control-regex -- a terminal must not be told what to do by somebody's job name
  expect(stderr).not.toMatch(/[\u0000-\u0009\u000B-\u001F\u007F]/)
  expect(listTree(rig.site)).toEqual(before)
}

const spawn = ['spawn', '--app', 'yes', '--name', 'a']

describe('bad input', () => {
  test('not inside a site', async () => {
    await using rig = await Rig.create()
    for (const args of [['ls'], ['launch'], spawn, ['kill', 'a'], ['results']])
      await expectRefused(rig, args, /no site here/, { cwd: rig.outside })
  })

  test('where an error came from is told when somebody asks for it', async () => {
    await using rig = await Rig.create()
    const { status, stderr } = await rig.bjob(['show', 'nobody', '--debug'])
    expect(status).toBe(2)
    expect(stderr).toMatch(/^bjob: no such job: default\/nobody\nhint: .*\nBjobError: no such job/)
    // The line that throws, and not the bundle's.
    const [, file = '', row] = /\((src\/site\/\S+):(\d+):\d+\)/.exec(stderr) ?? []
    expect(fs.readFileSync(file, 'utf8').split('\n')[Number(row) - 1]).toContain('requestError')
    expect(stderr).not.toContain('bjob.cjs')
  })

  test('unknown command, option, application, field, state, job, choice', async () => {
    await using rig = await Rig.create()
    await rig.done(['spawn', '--app', 'yes', '--name', 'there'])
    await expectRefused(rig, ['spwan'], /unknown command spwan; did you mean spawn/)
    await expectRefused(rig, [...spawn, '--nmae', 'b'], /unknown option --nmae; did you mean --name/)
    await expectRefused(rig, ['spawn', '--app', 'yess', '--name', 'a'], /no such application: yess; did you mean yes/)
    await expectRefused(rig, ['spawn', '--from', '-'], /unknown field aplication; did you mean application/, {
      input: '{"name":"a","application":"yes","aplication":1}\n',
    })
    await expectRefused(rig, ['ls', '--state', 'RUNING'], /unknown state RUNING; did you mean RUNNING/)
    await expectRefused(rig, ['kill', 'nobody'], /no such job: default\/nobody/)
    await expectRefused(rig, ['show', 'there/is/none'], /is not a job id/)
    await expectRefused(
      rig,
      ['spawn', '--app', 'yes', '--name', 'a', '--parents', 'nobody'],
      /no such parent: default\/nobody/,
    )
    await expectRefused(rig, [...spawn, '--if-exists', 'perhaps'], /--if-exists must be error or reuse or rename/)
    await expectRefused(rig, ['launch', '--job-mode', 'parallel'], /--job-mode/)
    await expectRefused(rig, ['launch', '--slots', 'many'], /--slots must be a number/)
    await expectRefused(rig, ['launch', '--slots', '0'], /--slots must be a number of at least 1/)
    await expectRefused(rig, ['kill'], /no jobs selected/)
    await expectRefused(rig, ['cat', 'there', '../../../bjob.yaml'], /not inside the job's folder/)
  })

  test('a word that the command does not take, also after --', async () => {
    await using rig = await Rig.create()
    for (const name of ['a', 'b']) await rig.done(['spawn', '--app', 'yes', '--name', name])
    for (const words of [
      'history a',
      'why a',
      'show a',
      'cat a job.yaml',
      'doctor .',
      'fsck',
      'completion bash',
      'session',
    ])
      await expectRefused(rig, [...words.split(' '), '--', 'extra'], /unexpected argument "extra"/)
    for (const kind of ['apps', 'workflows', 'launchers'])
      for (const words of [['extra'], ['--', 'extra']])
        await expectRefused(rig, ['ls', kind, ...words], /unexpected argument "extra"/)
    await expectRefused(rig, ['dep', 'a', '--', 'b', 'extra'], /expected two jobs/)
    await expectRefused(rig, ['init', 'new', '--', 'extra'], /expected one folder/)
    await expectRefused(rig, ['app', 'rm', 'yes', '--', 'extra'], /takes one name/)
    for (const words of ['log', 'path', 'wait', 'rm --purge', 'set priority=1', 'retry --state FAILED', 'clone --to v'])
      await expectRefused(rig, [...words.split(' '), '--', 'extra'], /no.* job.* default\/extra/)
    await expectRefused(rig, ['kill', '--workflow', 'default', '--', 'extra'], /no such job: default\/extra/)
    expect(await rig.done(['kill', '--workflow', 'default', '--dry-run', '--', 'a'])).toBe(
      'default/a would be killed; it is CREATED\n',
    )
    expect(JSON.parse(await rig.done(['report', '--json', '--', 'a']))).toMatchObject({ jobs: 1 })
    expect(JSON.parse(await rig.done(['watch', '--json', '--', 'a']))).toMatchObject({ filter: 'a' })
  })

  test('a launcher with a filter that is wrong', async () => {
    await using rig = await Rig.create()
    await expectRefused(rig, ['launch', '--state', 'NONE'], /unknown state NONE/)
    await expectRefused(rig, ['launch', 'a/b/c'], /./)
  })

  test('a field of the wrong type or range', async () => {
    await using rig = await Rig.create()
    await expectRefused(rig, [...spawn, '--num-nodes', '0'], /num_nodes must be at least 1/)
    await expectRefused(rig, [...spawn, '--num-nodes', 'two'], /num_nodes must be a whole number/)
    await expectRefused(rig, [...spawn, '--num-nodes', '1.5'], /num_nodes must be a whole number/)
    await expectRefused(rig, [...spawn, '--wall-time-minutes', '-1'], /wall_time_minutes must be more than 0/)
    await expectRefused(rig, [...spawn, '--cpu-affinity', 'deep'], /cpu_affinity must be none or depth/)
    await expectRefused(rig, [...spawn, '--args', 'a "b'], /args has a " that is not closed/)
    await expectRefused(rig, [...spawn, '--env', 'A B=1'], /environ_vars/)
    await expectRefused(rig, [...spawn, '--data', '{'], /data is not JSON/)
    await expectRefused(rig, ['spawn', '--name', 'a'], /application is missing/)
    await expectRefused(rig, ['spawn', '--app', 'yes'], /name is missing/)
    expect((await rig.bjob(['spawn', '--app', 'yes'])).stderr).toContain('hint: name each job with --name NAME')
  })

  test('a name that is no name', async () => {
    await using rig = await Rig.create()
    for (const [name, problem] of [
      ['a/b', /contains a \//],
      ['../../evil', /contains a \//],
      ['..', /starts with \./],
      ['-x', /starts with -/],
      ['.hidden', /starts with \./],
      ['a\u001B[31mb', /control character/],
      ['a\nb', /control character/],
      ['x'.repeat(300), /300 characters/],
      ['😀', /contains 😀/],
      ['', /is empty/],
    ] as const) {
      await expectRefused(rig, ['spawn', '--app', 'yes', `--name=${name}`], problem)
    }
    await expectRefused(
      rig,
      ['spawn', '--app', 'yes', '--name', 'a', '--workflow=..'],
      /workflow "\.\." starts with \./,
    )
    await expectRefused(rig, ['app', 'add', '../x', '--executable', 'true'], /contains a \//)
    await expectRefused(rig, ['spawn', '--app', '../x', '--name', 'a'], /contains a \//)
  })

  test('a name that is taken, an input file that is missing or would take the place of ours', async () => {
    await using rig = await Rig.create()
    await rig.done(spawn)
    fs.writeFileSync(path.join(rig.site, 'state.yaml'), '')
    await expectRefused(rig, spawn, /job default\/a already exists/)
    await expectRefused(rig, ['app', 'add', 'yes', '--executable', 'true'], /application yes already exists/)
    await expectRefused(rig, ['spawn', '--app', 'yes', '--name', 'b', '--input-files', 'none.dat'], /none\.dat/)
    await expectRefused(rig, ['spawn', '--app', 'yes', '--name', 'b', '--input-files', 'state.yaml'], /state\.yaml/)
    await expectRefused(rig, ['spawn', '--from', 'none.jsonl'], /none\.jsonl/)
    await expectRefused(rig, ['spawn', '--app', 'yes', '--name', 'b', '--parents', 'b'], /own parent/)
  })

  test('a file of thousands: all its mistakes with their lines, and none of its jobs', async () => {
    await using rig = await Rig.create()
    await rig.done(spawn)
    const lines = Array.from({ length: 3000 }, (_, at) => JSON.stringify({ name: `job${at}`, application: 'yes' }))
    lines[9] = '{"name": "job9", "application": "none"}'
    lines[99] = '{"name": "job99", "application": "yes", "num_nodes": "two"}'
    lines[999] = '{"name": "job999", '
    lines[1999] = '{"name": "a", "application": "yes"}'
    lines[2999] = '{"name": "job5", "application": "yes"}'
    const file = path.join(rig.outside, 'tasks.jsonl')
    fs.writeFileSync(file, lines.join('\n'))
    const before = listTree(rig.site)
    const { status, stdout, stderr } = await rig.bjob(['spawn', '--from', file])
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    const told = stderr.trimEnd().split('\n')
    expect(told).toHaveLength(7)
    for (const [at, [line, problem]] of [
      [10, 'no such application: none'],
      [100, 'num_nodes'],
      [1000, 'JSON'],
      [2000, 'default/a already'],
      [3000, 'appears twice, first at line 6'],
    ].entries()) {
      expect(told[at]).toContain(`tasks.jsonl:${line}`)
      expect(told[at]).toContain(problem)
    }
    expect(told[5]).toBe('bjob: 5 errors; nothing was spawned')
    expect(told[6]).toMatch(/^hint: correct them/)
    expect(listTree(rig.site)).toEqual(before)
  })

  test('a file in YAML tells line and column', async () => {
    await using rig = await Rig.create()
    await expectRefused(rig, ['spawn', '--from', '-'], /num_nodes must be a whole number.*:4:14/, {
      input: '- name: a\n  application: yes\n- name: b\n  num_nodes: two\n  application: yes\n',
    })
    await expectRefused(rig, ['spawn', '--from', '-'], /standard input:3:1/, { input: '- name: a\n  application: [\n' })
    await expectRefused(rig, ['spawn', '--from', '-'], /has no jobs/, { input: '' })
  })

  test('the file of an application: a misspelt field comes before the one that is missing for it', async () => {
    await using rig = await Rig.create()
    for (const [text, problem] of [
      ['descrption: x\n', /unknown field descrption; did you mean description\? .*yes\.yaml:1/],
      ['shell: 1\nexcutable: x\n', /unknown field excutable; did you mean executable\? .*yes\.yaml:2/],
      ['description: x\n', /executable is missing/],
      ['executable: [1]\n', /executable must be a line or a list of words/],
      ['executable: []\n', /executable is empty/],
      ['executable: x\nshell: 1\n', /shell must be true or false .*yes\.yaml:2/],
      ['- executable: x\n', /the file must be a map of fields/],
    ] as const) {
      rig.addApplication('yes', text)
      await expectRefused(rig, spawn, problem)
    }
  })

  test('a broken application is one problem in its own file, for all records that use it', async () => {
    await using rig = await Rig.create()
    rig.addApplication('slow', 'executable: [python3 {site\n')
    const input = '{"name":"a","app":"slow"}\n{"name":"b","app":"slow"}\n'
    await expectRefused(rig, ['spawn', '--from', '-'], /\(apps\/slow\.yaml:\d+:\d+\)$/, { input })
  })

  test('a report of no job leaves the report that is there', async () => {
    await using rig = await Rig.create()
    await rig.done(spawn)
    await rig.done(['report'])
    for (const args of [['nojob'], ['--workflow', 'none']])
      await expectRefused(rig, ['report', ...args], /^bjob: no job matches: nothing to report$/)
  })

  test("the site's settings", async () => {
    await using rig = await Rig.create()
    const file = path.join(rig.site, 'bjob.yaml')
    for (const [text, problem] of [
      ['lease_seconds: soon\n', /lease_seconds must be a number of seconds .*bjob\.yaml:1:16/],
      ['lease_seconds: 1\n', /lease_seconds must be at least 2/],
      ['poll_seconds: .inf\n', /poll_seconds must be a number of seconds/],
      ['node:\n  cores: 0.5\n', /node\.cores must be a whole number .*bjob\.yaml:2:10/],
      ['node:\n  core: 4\n', /unknown setting core/],
      ['node: [4]\n', /node must be a map/],
      ['mpi: 4\n', /mpi must be text or a list of words/],
      ['batch:\n  setup: module load x\n', /batch\.setup must be a list of lines/],
      ['- lease_seconds\n', /the file must be a map of settings/],
      ['new_in_2: x\nformat: 2\n', /another version/],
      ['lease_secnds: 3\n', /unknown setting lease_secnds; did you mean lease_seconds.*bjob\.yaml:1/],
      ['a: [\n', /bjob\.yaml:/],
      ['format: 2\n', /another version/],
    ] as const) {
      fs.writeFileSync(file, text)
      await expectRefused(rig, ['ls'], problem)
    }
  })
})

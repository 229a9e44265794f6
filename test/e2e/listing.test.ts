import fs from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { Rig } from '../rig/rig.ts'

test('as a tree, by state, with histories and chosen fields; what matches nothing says so', async () => {
  await using rig = await Rig.create()
  const chain = Array.from({ length: 40 }, (_, at) => ({ name: `c${at}`, parents: at === 0 ? [] : [`w/c${at - 1}`] }))
  const records = [...chain, { name: 'left', parents: ['w/c0'] }, { name: 'both', parents: ['w/c1', 'w/left'] }]
  const input = records.map((record) => JSON.stringify({ workflow: 'w', application: 'yes', ...record })).join('\n')
  await rig.done(['spawn', '--from', '-'], { input })
  const lines = (await rig.done(['ls', '--tree'])).trimEnd().split('\n').slice(1)
  const at = (id: string): number => lines.findIndex((line) => line.trim().split(' ')[0] === id)
  expect(lines.length).toBe(records.length)
  // Each once, indented below the nearest of its parents.
  for (const [depth, { name }] of chain.entries())
    expect(lines[at(`w/${name}`)]).toMatch(new RegExp(`^ {${2 * depth}}w/`))
  expect(lines[at('w/both')]).toMatch(/^ {4}w\/both/)
  expect(at('w/both')).toBe(at('w/left') + 1)
  expect(await rig.done(['ls', '--by-state'])).toMatch(/^JOBS +STATE\n1 +CREATED\n41 +AWAITING_PARENTS\n42 +total\n$/)
  expect(JSON.parse(await rig.done(['ls', '--by-state', '--json', '--name', 'c*']))).toMatchObject({
    CREATED: 1,
    AWAITING_PARENTS: 39,
  })
  expect(await rig.done(['ls', '--history', 'w/left'])).toMatch(
    /^w\/left\n {2}\S+ CREATED spawned by .*\n {2}\S+ AWAITING_PARENTS waits for w\/c0\n$/,
  )
  const fields = await rig.done(['ls', '--fields', 'id,parents', '--sort', '-name', '--limit', '2'])
  expect(fields).toBe('ID      PARENTS\nw/left  w/c0\nw/c39   w/c38\n')
  for (const words of [['--tree'], ['--by-state'], ['--fields', 'id']]) {
    const { status, stderr } = await rig.bjob(['ls', '--workflow', 'none', ...words])
    expect([words, status, stderr]).toEqual([words, 0, 'no job matches\n'])
  }
  for (const words of [['results'], ['retry'], ['set', 'priority=1'], ['clone', '--to', 'v']]) {
    const { status, stderr } = await rig.bjob([...words, '--workflow', 'none'])
    expect([words, status, stderr]).toEqual([words, 0, expect.stringMatching(/^(no job matches|none of the selected)/)])
  }
  expect((await rig.bjob(['launch', '--workflow', 'none', '--idle-seconds', '0.1'])).stderr).toMatch(
    /no job matches .*workflow none/,
  )
})

test('one job: its folder, its output, its files', async () => {
  await using rig = await Rig.create()
  rig.addApplication('says', 'executable: [/bin/sh, -c, "echo said; echo kept > file"]\n')
  await rig.done(['spawn', '--app', 'says', '--workflow', 'w', '--name', 'a'])
  await rig.done(['launch', '--idle-seconds', '0.1'])
  const folder = (await rig.done(['path', 'w/a'])).trim()
  expect(folder).toBe(rig.folder('w/a'))
  expect([await rig.done(['log', 'w/a']), await rig.done(['cat', 'w/a', 'file'])]).toEqual(['said\n', 'kept\n'])
  // In its folder it need not be named.
  expect(await rig.done(['cat', 'file'], { cwd: folder })).toBe('kept\n')
  expect((await rig.bjob(['cat', 'none'], { cwd: folder })).stderr).toContain('w/a has no none')
  expect(await rig.done(['cat', 'w/a', 'file'], { cwd: folder })).toBe('kept\n')
  for (const command of ['ls', 'show'])
    expect((await rig.bjob([command, 'w'])).stderr).toBe(
      'bjob: no such job: default/w; w is a workflow\nhint: bjob ls --workflow w\n',
    )
  expect((await rig.bjob(['ls', '--foo'])).stderr).toBe(
    'bjob: unknown option --foo\nhint: `bjob ls --help` lists them\n',
  )
  expect(await rig.done(['history'], { cwd: folder })).toContain('JOB_FINISHED')
  expect(fs.existsSync(path.join(folder, 'job.out'))).toBe(true)
})

test('every list is there as a table, as JSON and as CSV', async () => {
  await using rig = await Rig.create()
  rig.addApplication('fails', 'executable: /bin/false\ndescription: "=not(a,formula)"\n')
  await rig.done(['spawn', '--app', 'yes', '--workflow', 'w', '--name', 'a', '--tag', 'k=v,"w"', '--args', 'x y'])
  await rig.done(['spawn', '--app', 'fails', '--workflow', 'w', '--name', 'b', '--max-retries', '0'])
  await rig.done(['launch', '--idle-seconds', '0.1'])
  const lists: Record<string, readonly [words: string[], columns: string, rows: number]> = {
    jobs: [['ls'], 'id,state,attempt,launcher,dir,born,changed,', 2],
    fields: [['ls', '--fields', 'state,id'], 'state,id', 2],
    tree: [['ls', '--tree'], 'id,state,', 2],
    histories: [['ls', '--history', 'w/a'], 'id,time,state,message,event', -1],
    applications: [['ls', 'apps'], 'name,executable,preprocess,postprocess,envscript,shell,description', -1],
    workflows: [['ls', 'workflows'], 'name,jobs,ended,failed', 1],
    launchers: [['ls', 'launchers'], 'id,kind,host,started,status,', 1],
    states: [['ls', '--by-state'], 'state,jobs', 2],
    history: [['history', 'w/a'], 'time,state,message,event', -1],
    application: [['app', 'show', 'fails'], 'name,executable,', 1],
    why: [['why', 'w/a'], 'id,reason', -1],
    results: [['results'], 'id,state,attempt,launcher,dir,ended,message,early,content,problem', 2],
    ends: [['wait'], 'id,state,', 2],
    changes: [['set', 'w/a', 'priority=1'], 'id,kind,message', 1],
    kills: [['kill', 'w/a'], 'id,kind,state,', 1],
    retries: [['retry', 'w/b', '--dry-run'], 'id,kind,message', 1],
    findings: [['fsck'], 'kind,path,id,message,remark,repaired', 0],
    clones: [['clone', 'w/a', '--as', 'c'], 'id,new,dir', 1],
  }
  for (const [name, [words, columns, count]] of Object.entries(lists)) {
    const { stdout } = await rig.bjob([...words, '--csv'])
    const [head = '', ...rows] = stdout.split('\r\n').slice(0, -1)
    expect([name, head.startsWith(columns)]).toEqual([name, true])
    if (count < 0) expect([name, rows.length > 0]).toEqual([name, true])
    else expect([name, rows.length]).toEqual([name, count])
    if (name === 'states' || name === 'findings' || name === 'clones') continue
    const json = (await rig.bjob([...words, '--json'])).stdout.trimEnd().split('\n')
    for (const line of json) expect([name, typeof JSON.parse(line)]).toEqual([name, 'object'])
  }
  const jobs = await rig.done(['ls', '--csv', '--fields', 'id,tags,args', '--name', 'a'])
  expect(jobs).toBe('id,tags,args\r\nw/a,"{""k"":""v,\\""w\\""""}","[""x"",""y""]"\r\n')
  expect(await rig.done(['ls', 'apps', '--csv'])).toContain(`,"'=not(a,formula)"\r\n`)
  expect((await rig.bjob(['ls', '--csv', '--json'])).stderr).toMatch(/--json and --csv exclude each other/)
  expect(await rig.done(['results', '--json'])).toBe(await rig.done(['results']))
  expect(await rig.done(['ls', '--csv', '--state', 'RUNNING'])).toMatch(/^id,state,[^\n]*\n$/)
})

test('a job that was set aside is BROKEN wherever states are listed, counted or chosen', async () => {
  await using rig = await Rig.create()
  rig.addApplication('fails', 'executable: [/bin/sh, -c, "echo no file $0.dat; exit 1"]\n')
  for (const name of ['bad', 'good']) await rig.done(['spawn', '--app', 'yes', '--name', name])
  for (const name of ['f1', 'f2']) await rig.done(['spawn', '--app', 'fails', '--name', name, '--', name])
  fs.writeFileSync(path.join(rig.folder('default/bad'), 'job.yaml'), 'application: [')
  const counts = async (...words: string[]): Promise<unknown> => JSON.parse(await rig.done(words))
  // Before a launcher has seen it, and after.
  expect(await counts('ls', '--by-state', '--json')).toMatchObject({ CREATED: 3, BROKEN: 1 })
  expect(await rig.done(['ls', '--state', 'BROKEN'])).toMatch(/default\/bad +BROKEN .*job\.yaml:1/)
  await rig.done(['launch', '--idle-seconds', '0.2'])
  expect(await counts('ls', '--by-state', '--json')).toMatchObject({
    JOB_FINISHED: 1,
    FAILED: 2,
    CREATED: 0,
    BROKEN: 1,
  })
  expect(await rig.done(['ls', '--state', 'BROKEN', '--fields', 'id,state'])).toBe(
    'ID           STATE\ndefault/bad  BROKEN\n',
  )
  expect((await rig.bjob(['ls', '--state', 'CREATED'])).stderr).toBe('no job matches\n')
  expect(await counts('watch', '--json')).toMatchObject({ states: { JOB_FINISHED: 1, FAILED: 2, BROKEN: 1 } })
  expect(await counts('report', '--json')).toMatchObject({
    states: { JOB_FINISHED: 1, FAILED: 2, BROKEN: 1 },
    failures: [
      { cause: 'exit 1: no file f….dat', jobs: 2 },
      { cause: expect.stringMatching(/^set aside: job\.yaml:1/), jobs: 1 },
    ],
  })
  expect(await rig.done(['--complete', 'bash', 'bjob ls --state BR'])).toContain('BROKEN')
  expect(await rig.done(['kill', '--state', 'BROKEN', '--dry-run'])).toContain('default/bad')
  expect(await counts('ls', 'launchers', '--json')).toMatchObject({
    kind: 'launcher',
    status: expect.stringMatching(/^has ended/),
  })
})

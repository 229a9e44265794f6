/**
 * Words from people and files: they are taken literally, and words that would change are refused
 * with their place.
 */
import fs from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { Rig } from '../rig/rig.ts'
import { SlurmStandIn } from '../rig/slurm-stand-in.ts'
import { listTree } from '../rig/tree.ts'

const LOSS = 'is a number that cannot be stored exactly; put it in quotes'
const MARK = '\uFEFF'

async function refused(rig: Rig, args: readonly string[], input: string, line: string | RegExp): Promise<void> {
  const before = listTree(rig.site)
  const { status, stdout, stderr } = await rig.bjob(args, { input })
  expect({ stdout, status }, stderr).toEqual({ stdout: '', status: 2 })
  expect(stderr.split('\n')[0]).toMatch(line)
  expect(listTree(rig.site)).toEqual(before)
}

function write(rig: Rig, name: string, text: string | Buffer): void {
  fs.writeFileSync(path.join(rig.site, name), text)
}

describe.concurrent('words as they are written', () => {
  test('of JSON and YAML, in every field that takes text', async () => {
    await using rig = await Rig.create()
    rig.addApplication('say', `executable: [/usr/bin/printf, '%s\\n', 1.10, 0x10]\ndescription: 2.0\n`)
    const args = '[9007199254740993, 1.10, 0x10, 1e-3, 007, yes, True, 12345678901234567890]'
    write(rig, 'jobs.yaml', `- {name: 1.10, app: say, args: ${args}, tags: {1.20: 1.30}}\n- {name: 007, app: say}\n`)
    const json =
      '{"app":"say","name":1.50,"args":[9007199254740993,1e3],"env":{"SEED":12345678901234567890},"max_retries":1.0}'
    expect(await rig.done(['spawn', '--from', 'jobs.yaml'])).toBe('default/1.10\ndefault/007\n')
    expect(await rig.done(['spawn', '--from', '-'], { input: `${json}\n` })).toBe('default/1.50\n')
    await rig.done(['launch', '--idle-seconds', '0', '--quiet'])
    const said = (name: string): string => fs.readFileSync(path.join(rig.site, 'jobs/default', name, 'job.out'), 'utf8')
    const words = ['9007199254740993', '1.10', '0x10', '1e-3', '007', 'yes', 'True', '12345678901234567890']
    expect(said('1.10')).toBe(['1.10', '0x10', ...words, ''].join('\n'))
    expect(said('1.50')).toBe('1.10\n0x10\n9007199254740993\n1e3\n')
    expect(await rig.done(['ls', '--tag', '1.20=1.30', '--fields', 'id'])).toBe('ID\ndefault/1.10\n')
    expect(JSON.parse(await rig.done(['show', '1.50', '--json']))).toMatchObject({
      environ_vars: { SEED: '12345678901234567890' },
      max_retries: 1,
    })
  })

  test('data that would change is refused with its line and field', async () => {
    await using rig = await Rig.create()
    await rig.done(['spawn', '--app', 'yes', '--name', 'there', '--data', '{"x": 0.1, "big": "9007199254740993"}'])
    const record = '{"name":"a","app":"yes","data":{"hash":[1,9007199254740993]}}'
    await refused(
      rig,
      ['spawn', '--from', '-'],
      `{"name":"b","app":"yes"}\n${record}\n`,
      `data.hash.1 ${LOSS} (standard input:2)`,
    )
    write(rig, 'a.yaml', 'name: a\napp: yes\ndata:\n  hash: 12345678901234567890\n')
    await refused(rig, ['spawn', '--from', 'a.yaml'], '', `data.hash ${LOSS} (a.yaml:4:9)`)
    await refused(rig, ['spawn', '--app', 'yes', '--name', 'a', '--data', '-9007199254740993'], '', `data ${LOSS}`)
    await refused(rig, ['set', 'there', 'data={"x":9007199254740993}'], '', `data.x ${LOSS}`)
    write(rig, 'jobs/default/there/data.json', '{"x": 9007199254740993}')
    await refused(rig, ['clone', 'there', '--as', 'again'], '', `data.x ${LOSS}`)
    write(rig, 'space.yaml', 'parameters: {x: {choices: [1, 2]}}\nparams:\n  seed: 9007199254740993\n')
    await refused(rig, ['tune', 'space.yaml', '--app', 'yes'], '', `params.seed ${LOSS} (space.yaml:3:9)`)
  })

  test('a result that would change is handed out as text alone', async () => {
    await using rig = await Rig.create()
    rig.addApplication('sh', 'executable: [sh, -c]\n')
    for (const [name, text] of [
      ['big', '{"hash": 9007199254740993}'],
      ['small', '{"hash": 1.50}'],
    ] as const)
      await rig.done(['spawn', '--app', 'sh', '--name', name, '--', `echo '${text}' >result.dat`])
    await rig.done(['launch', '--idle-seconds', '0', '--quiet'])
    const ends = (await rig.done(['results']))
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    const of = (name: string) => ends.find(({ id }) => id === `default/${name}`)
    expect(of('big')).toMatchObject({ content: '{"hash": 9007199254740993}\n' })
    expect(of('big')).not.toHaveProperty('result')
    expect(of('small')).toMatchObject({ result: { hash: 1.5 } })
  })
})

describe.concurrent('text from people', () => {
  test('may begin with a byte order mark, wherever it is read', async () => {
    await using rig = await Rig.create()
    for (const file of ['bjob.yaml', 'apps/yes.yaml'])
      write(rig, file, MARK + fs.readFileSync(path.join(rig.site, file), 'utf8'))
    const spawn = async (text: string, ...options: readonly string[]): Promise<string> =>
      rig.done(['spawn', '--from', '-', ...options], { input: MARK + text })
    expect(await spawn('{"name":"lines","app":"yes"}\n{"name":"more","app":"yes"}\n')).toBe(
      'default/lines\ndefault/more\n',
    )
    expect(await spawn('- name: yaml\n  app: yes\n')).toBe('default/yaml\n')
    expect(await spawn('echo hi\n', '--format', 'commands')).toBe('default/line1\n')
    write(rig, 'jobs/default/yaml/job.yaml', `${MARK}application: yes\n`)
    const ping = await rig.done(['session'], { input: `${MARK}{"op":"ping","id":1}\n` })
    expect(JSON.parse(ping)).toMatchObject({ id: 1, ok: { protocol: 1 } })
    await rig.done(['launch', '--idle-seconds', '0', '--quiet'])
    expect(await rig.done(['ls', '--fields', 'state'])).toMatch(/^STATE\n(JOB_FINISHED\n){4}$/)
  })

  test('is refused with its line where it is not UTF-8', async () => {
    await using rig = await Rig.create()
    const latin = (text: string): Buffer => Buffer.from(text, 'latin1')
    write(rig, 'c.txt', latin('echo a\necho caf\xE9\n'))
    await refused(rig, ['spawn', '--from', 'c.txt', '--format', 'commands'], '', 'line 2 is not UTF-8 (c.txt:2)')
    write(rig, 'j.jsonl', latin('{"name":"a","app":"yes","description":"caf\xE9"}\n'))
    await refused(rig, ['spawn', '--from', 'j.jsonl'], '', 'line 1 is not UTF-8 (j.jsonl:1)')
    write(rig, 'apps/yes.yaml', latin('executable: "true"\n\ndescription: caf\xE9\n'))
    await refused(rig, ['spawn', '--app', 'yes', '--name', 'a'], '', 'line 3 is not UTF-8 (apps/yes.yaml:3')
    write(rig, 'bjob.yaml', latin('format: 1\n# caf\xE9\n'))
    await refused(rig, ['ls'], '', 'line 2 is not UTF-8 (bjob.yaml:2)')
  })

  test('a line that is too long or no UTF-8 costs a session one error, and no time', async () => {
    await using rig = await Rig.create()
    const input = Buffer.concat([
      Buffer.from('{"op":"ping","id":1}\n{"op":"ping","id":"caf\xE9"}\n', 'latin1'),
      Buffer.alloc(50 * 1024 * 1024, 'x'),
      Buffer.from('\n{"op":"ping","id":2}\n'),
    ])
    write(rig, 'requests', input)
    const { stdout } = await rig
      .startProgram([
        '/bin/sh',
        '-c',
        `${process.execPath} ${path.resolve(import.meta.dirname, '../../bin/bjob.js')} session <requests`,
      ])
      .ended()
    const replies = stdout
      .trimEnd()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>)
    expect(replies).toMatchObject([
      { id: 1, ok: {} },
      { id: null, error: { code: 'bad-request', message: 'line 2 is not UTF-8', line: 2 } },
      { id: null, error: { code: 'bad-request', message: 'line 3 is longer than 16777216 bytes', line: 3 } },
      { id: 2, ok: {} },
    ])
  })
})

describe.concurrent('files by their names', () => {
  test('a whole word before its parts, and a path from the root that is inside', async () => {
    await using rig = await Rig.create()
    for (const name of ['a b.txt', 'a', 'c', 'd e.dat']) write(rig, name, name)
    const inputs = async (...words: readonly string[]): Promise<string[]> => {
      const name = `j${Math.random()}`
      await rig.done(['spawn', '--app', 'yes', '--name', name, ...words.flatMap((word) => ['--input-files', word])])
      return fs.readdirSync(path.join(rig.site, 'jobs/default', name)).filter((file) => !file.endsWith('.yaml'))
    }
    expect(await inputs('a b.txt')).toEqual(['a b.txt'])
    expect(await inputs('d e*')).toEqual(['d e.dat'])
    expect(await inputs('a c')).toEqual(['a', 'c'])
    expect(await inputs('a b.txt', 'a c')).toEqual(['a', 'a b.txt', 'c'])
    expect(await inputs(path.join(rig.site, 'a b.txt'))).toEqual(['a b.txt'])
    const record = JSON.stringify({ name: 'r', app: 'yes', input_files: 'a b.txt' })
    await rig.done(['spawn', '--from', '-'], { input: `${record}\n` })
    expect(fs.existsSync(path.join(rig.site, 'jobs/default/r/a b.txt'))).toBe(true)
    await refused(
      rig,
      ['spawn', '--app', 'yes', '--name', 'x', '--input-files', '/etc/passwd'],
      '',
      'leads out of the folder',
    )
    await refused(
      rig,
      ['spawn', '--app', 'yes', '--name', 'x', '--input-files', 'a none.txt'],
      '',
      'input file not found: none.txt',
    )
  })

  test('links to the files of parents lead there wherever the site goes', async () => {
    await using rig = await Rig.create()
    rig.addApplication('sh', 'executable: [sh, -c]\n')
    await rig.done(['spawn', '--app', 'sh', '--name', 'p', '--', 'echo 7 >out.dat'])
    await rig.done(['spawn', '--app', 'yes', '--name', 'waits', '--parents', 'p', '--input-files', 'out.dat'])
    await rig.done(['launch', '--idle-seconds', '0', '--quiet'])
    const born = ['--app', 'yes', '--name', 'born', '--parents', 'p', '--no-wait-for-parents', '--input-mode', 'link']
    await rig.done(['spawn', ...born, '--input-files', 'out.dat'])
    await rig.done(['clone', 'born', '--to', 'other'])
    const moved = path.join(rig.outside, 'moved')
    fs.renameSync(rig.site, moved)
    for (const id of ['default/waits', 'default/born', 'other/born'])
      expect(fs.readFileSync(path.join(moved, 'jobs', id, 'out.dat'), 'utf8'), id).toBe('7\n')
    fs.renameSync(moved, rig.site)
  })

  test('a site whose path has blanks and the scheduler`s own signs is submitted', async () => {
    await using rig = await Rig.create()
    const slurm = new SlurmStandIn(rig.outside)
    const site = path.join(rig.outside, 'my site %j #1')
    await rig.done(['init', site], { cwd: rig.outside })
    fs.appendFileSync(path.join(site, 'bjob.yaml'), '\nscheduler: slurm\n')
    const options = { cwd: site, env: slurm.env }
    fs.writeFileSync(path.join(site, 'apps/yes.yaml'), 'executable: "true"\n')
    await rig.done(['spawn', '--app', 'yes', '--name', 'a'], options)
    await rig.done(['submit', '-n', '1', '-t', '5', '--idle-seconds', '0'], options)
    await rig.until('the job to end', async () =>
      (await rig.done(['ls', '--by-state'], options)).includes('JOB_FINISHED'),
    )
    const [submission = ''] = fs.readdirSync(path.join(site, 'submissions'))
    await rig.until('its output', () => fs.readdirSync(path.join(site, 'submissions', submission)).length > 2)
    expect(fs.readdirSync(rig.outside).toSorted()).toEqual(['my site %j #1', 'slurm'])
  })
})

describe.concurrent('requests that are wrong', () => {
  test('a cursor refuses other filters than its own', async () => {
    await using rig = await Rig.create()
    for (const name of ['a', 'b']) await rig.done(['spawn', '--app', 'yes', '--name', name])
    await rig.done(['launch', '--idle-seconds', '0', '--quiet'])
    const results = (...words: readonly string[]) => rig.done(['results', '--cursor', 'c', ...words])
    expect(await results('--name', 'a', '--name', 'a*')).toMatch(/^\{"id":"default\/a"/)
    await refused(
      rig,
      ['results', '--cursor', 'c'],
      '',
      'the cursor belongs to another selection of jobs: {"name":["a","a*"]} (c)',
    )
    await refused(rig, ['results', '--cursor', 'c', '--name', 'b'], '', /belongs to another selection/)
    expect(await results('--name', 'a*', '--name', 'a')).toBe('')
  })

  test('a cursor that can be no file', async () => {
    await using rig = await Rig.create()
    await rig.done(['spawn', '--app', 'yes', '--name', 'a'])
    await rig.done(['launch', '--idle-seconds', '0', '--quiet'])
    for (const [cursor, problem] of [
      ['/', 'the cursor is a folder: /'],
      ['jobs', 'the cursor is a folder'],
      ['bjob.yaml/c', 'the folder of the cursor is a file'],
      ['bjob.yaml', 'is not a cursor'],
    ] as const)
      await refused(rig, ['results', '--cursor', cursor], '', problem)
  })

  test('a current folder that is gone', async () => {
    await using rig = await Rig.create()
    const gone = path.join(rig.outside, 'gone')
    fs.mkdirSync(gone)
    const command = `rmdir "$PWD"; exec ${process.execPath} ${path.resolve(import.meta.dirname, '../../bin/bjob.js')} ls`
    const { status, stderr } = await rig.startProgram(['/bin/sh', '-c', command], { cwd: gone }).ended()
    expect(stderr.split('\n')[0]).toBe('bjob: the current folder has been deleted')
    expect(status).toBe(2)
  })

  test('a site that is moved away under its launcher', async () => {
    await using rig = await Rig.create({
      settings: 'format: 1\nlease_seconds: 2\ngrace_seconds: 0\n',
      mayLeaveScaffolding: true,
    })
    const launcher = rig.start(['launch', '--persistent'], {})
    await launcher.printed(/launcher /)
    const moved = path.join(rig.outside, 'moved')
    fs.renameSync(rig.site, moved)
    const { status, stderr } = await launcher.ended()
    expect(stderr).toContain(`bjob: ${rig.site} has disappeared\nhint: `)
    expect(status).toBe(3)
    fs.renameSync(moved, rig.site)
  })

  test('an application whose program is not there is said at once, and made', async () => {
    await using rig = await Rig.create()
    write(rig, 'there.sh', '#!/bin/sh\n')
    const add = async (name: string, ...words: readonly string[]): Promise<string> =>
      (await rig.bjob(['app', 'add', name, ...words])).stderr
    expect(await add('a', '--executable', './nothere.sh')).toContain(
      'warning: executable names ./nothere.sh, which does not exist in this folder; jobs look for it in their own folder\n',
    )
    expect(await add('b', '--executable', 'no-such-program x')).toContain('which is not on the PATH of this machine')
    expect(await add('c', '--executable', './there.sh')).toContain('which is not executable: chmod +x')
    expect(await add('d', '--executable', '/usr', '--postprocess', '/no/hook')).toMatch(
      /\/usr, which is not a file[^]*postprocess names \/no\/hook/,
    )
    expect(await add('e', '--executable', 'sh ./there.sh')).not.toContain('warning')
    expect(await add('f', '--shell', '--executable', 'nothing && here')).not.toContain('warning')
    expect(await rig.done(['app', 'show', 'a'])).toContain('executable: ./nothere.sh')
  })
})

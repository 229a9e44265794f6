/** A child's files: its spawner's and its parents', linked or copied. */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import fs from 'node:fs'
import net from 'node:net'
import path from 'node:path'
import { expect, test } from 'vitest'
import { Rig } from '../rig/rig.ts'

const GIVES = 'executable: [/bin/sh, -c, "echo $0 > out.dat; mkdir deck; echo $0 > deck/mesh"]\n'
const TAKES = 'executable: [/bin/sh, -c, "cat out.dat *.conf; echo more >> out.dat"]\n'

async function makeRig(): Promise<Rig> {
  const rig = await Rig.create({ mayLeaveScaffolding: true })
  rig.addApplication('gives', GIVES)
  rig.addApplication('takes', TAKES)
  fs.writeFileSync(path.join(rig.outside, 'my.conf'), 'conf\n')
  return rig
}

const spawn = (rig: Rig, name: string, app: string, ...options: string[]): Promise<string> =>
  rig.done(['spawn', '--workflow', 'w', '--name', name, '--app', app, ...options], {
    cwd: rig.outside,
    env: { BJOB_SITE: rig.site },
  })

const runAll = (rig: Rig, env: NodeJS.ProcessEnv = {}): Promise<string> =>
  rig.done(['launch', '--idle-seconds', '0.3', '--slots', '2'], { env })

/** The files of a job that are not bjob's, and what each is. */
function filesOf(rig: Rig, id: string): Record<string, string> {
  const dir = rig.folder(id)
  const names = fs.readdirSync(dir).filter((name) => !/^(\.|job\.|state\.yaml|stage-in\.log)/.test(name))
  return Object.fromEntries(
    names.map((name) => {
      const file = path.join(dir, name)
      const stat = fs.lstatSync(file)
      return [
        name,
        stat.isSymbolicLink()
          ? `-> ${path.relative(rig.site, path.resolve(dir, fs.readlinkSync(file)))}`
          : stat.isFile()
            ? fs.readFileSync(file, 'utf8')
            : 'folder',
      ]
    }),
  )
}

const messages = (rig: Rig, id: string): string[] =>
  rig.state(id).history.map(({ state, message }) => `${state} ${message}`)

test('are links to its parents’ by default, copies where it asks for them; its spawner’s the other way round', async () => {
  await using rig = await makeRig()
  const family = ['--parents', 'w/p1', '--parents', 'w/p2', '--input-files', '*.dat deck my.conf']
  for (const name of ['p1', 'p2']) await spawn(rig, name, 'gives', '--', name)
  await spawn(rig, 'early', 'takes', ...family)
  await spawn(rig, 'copy', 'takes', ...family, '--input-mode', 'copy')
  await spawn(rig, 'link', 'takes', '--parents', 'w/copy', '--input-files', '*.dat my.conf', '--input-mode', 'link')
  await runAll(rig)
  // Of parents that have finished before, it is the same.
  await spawn(rig, 'late', 'takes', ...family)
  await runAll(rig)

  const links = {
    'out.dat': '-> jobs/w/p1/out.dat',
    'out.dat_p2': '-> jobs/w/p2/out.dat',
    deck: '-> jobs/w/p1/deck',
    deck_p2: '-> jobs/w/p2/deck',
  }
  expect(filesOf(rig, 'w/early')).toEqual({ ...links, 'my.conf': 'conf\n' })
  expect(filesOf(rig, 'w/late')).toEqual({ ...links, 'my.conf': 'conf\n' })
  expect(rig.history('w/late')).not.toContain('AWAITING_PARENTS')
  expect(filesOf(rig, 'w/copy')).toEqual({
    'out.dat': expect.stringContaining('more\n') as unknown,
    'out.dat_p2': 'p2\n',
    deck: 'folder',
    deck_p2: 'folder',
    'my.conf': 'conf\n',
  })
  expect(messages(rig, 'w/copy')).toContain('STAGED_IN out.dat, deck, out.dat_p2 and 1 more')
  // A change of its own file leaves its parent's file unchanged.
  expect(fs.readFileSync(path.join(rig.folder('w/copy'), 'deck/mesh'), 'utf8')).toBe('p1\n')
  expect(filesOf(rig, 'w/link')).toEqual({
    'out.dat': '-> jobs/w/copy/out.dat',
    'my.conf': `-> ${path.relative(rig.site, path.join(rig.outside, 'my.conf'))}`,
  })
})

test('a clone of a workflow takes its own parents’ files, and the spawner’s once more', async () => {
  await using rig = await makeRig()
  await spawn(rig, 'p', 'gives', '--', 'p')
  for (const mode of ['link', 'copy'])
    await spawn(rig, mode, 'takes', '--parents', 'w/p', '--input-files', 'out.dat *.conf', '--input-mode', mode)
  rig.addApplication('writes', 'executable: [/bin/sh, -c, "echo more >> my.conf; echo > own.conf"]\n')
  await spawn(rig, 'globbed', 'writes', '--input-files', '*.conf')
  await runAll(rig)
  expect(messages(rig, 'w/globbed')[0]).toMatch(/^CREATED spawned by \S+, input files: my\.conf$/)
  await rig.done(['clone', '--workflow', 'w', '--to', 'v', 'p:args=again'])
  // As they are in its folder now, but nothing that it has written itself, whatever its globs
  // match.
  expect(filesOf(rig, 'v/globbed')).toEqual({ 'my.conf': 'conf\nmore\n' })
  await runAll(rig)
  expect(filesOf(rig, 'v/link')).toEqual({
    'out.dat': '-> jobs/v/p/out.dat',
    'my.conf': `-> ${path.relative(rig.site, path.join(rig.outside, 'my.conf'))}`,
  })
  expect(filesOf(rig, 'v/copy')['out.dat']).toMatch(/^again\n/)
  expect(filesOf(rig, 'v/copy')['my.conf']).toBe('conf\n')
})

test('copies that are cut off by kill -9 are never seen in part, and made by the next launcher', async () => {
  await using rig = await makeRig()
  await spawn(rig, 'p', 'gives', '--', 'p')
  await runAll(rig)
  // The first half of the copy arrives; the rest waits for the signal.
  const tools = path.join(rig.outside, 'tools')
  fs.mkdirSync(tools)
  const hold = path.join(tools, 'hold')
  fs.writeFileSync(
    path.join(tools, 'cp'),
    `#!/bin/sh\nfor to do :; done\n[ -e ${hold} ] && echo half > "$to" && while [ -e ${hold} ]; do sleep 0.05; done\nexec /bin/cp "$@"\n`,
    { mode: 0o755 },
  )
  fs.writeFileSync(hold, '')
  await spawn(rig, 'c', 'takes', '--parents', 'w/p', '--input-files', 'out.dat my.conf', '--input-mode', 'copy')
  const env = { PATH: `${tools}:${process.env['PATH']}` }
  const first = rig.start(['launch', '--persistent'], { env })
  const hasHalf = (name: string): boolean =>
    name.startsWith('.stage-in') && fs.existsSync(path.join(rig.folder('w/c'), name, 'out.dat'))
  await rig.until('half of the copy', () => fs.readdirSync(rig.folder('w/c')).some(hasHalf))
  await first.kill('SIGKILL')
  expect(filesOf(rig, 'w/c')).toEqual({ 'my.conf': 'conf\n' })
  fs.rmSync(hold)
  await runAll(rig, env)
  expect(rig.state('w/c')).toMatchObject({ state: 'JOB_FINISHED', attempt: 1 })
  expect(filesOf(rig, 'w/c')['out.dat']).toBe('p\nmore\n')
})

test('a glob that finds nothing is refused at once, or noted when its parents have written nothing like it', async () => {
  await using rig = await makeRig()
  const refused = await rig.bjob(['spawn', '--app', 'takes', '--name', 'a', '--input-files', '*.h5'])
  expect(refused.stderr).toContain(`nothing matches input_files *.h5 in ${rig.site}`)
  expect(refused.status).toBe(2)
  expect(rig.ids()).toEqual([])
  await spawn(rig, 'p', 'gives', '--', 'p')
  const family = ['--parents', 'w/p', '--input-files']
  const said = 'no parent has a file that matches input_files *.h5 [x]'
  await spawn(rig, 'linked', 'yes', ...family, 'out.dat *.h5 * [x]')
  await spawn(rig, 'copied', 'yes', ...family, 'out.dat *.h5 [x]', '--input-mode', 'copy')
  await spawn(rig, 'plain', 'yes', ...family, 'no.dat')
  await spawn(rig, 'outside', 'yes', ...family, 'deck', '--input-mode', 'copy')
  await spawn(rig, 'away', 'yes', ...family, '*.dat away gone', '--input-mode', 'copy')
  const words = 'echo > out.dat; mkdir deck; ln -s /etc deck/etc; ln -s deck near; ln -s /etc away; ln -s nothing gone'
  rig.addApplication('gives', `executable: [/bin/sh, -c, ${JSON.stringify(words)}]\n`)
  await runAll(rig)
  expect(rig.state('w/linked').state).toBe('JOB_FINISHED')
  expect(messages(rig, 'w/linked')).toContain(`RUNNING ${said}`)
  expect(messages(rig, 'w/copied')).toContain(`STAGED_IN out.dat; ${said}`)
  expect(messages(rig, 'w/plain').at(-1)).toBe('FAILED no parent has the input file no.dat')
  expect(messages(rig, 'w/outside').at(-1)).toContain(
    'input file deck/etc is a link that leads out of the site, to /etc (pass /etc by absolute path in args, or use input_mode: link)',
  )
  // The links themselves stay links: nothing outside is read, and the job has the files that it
  // asked for.
  const links = { away: `-> ${path.relative(rig.site, '/etc')}`, gone: '-> jobs/w/p/nothing' }
  expect(filesOf(rig, 'w/away')).toEqual({ 'out.dat': '\n', ...links })
  expect(messages(rig, 'w/away')).toContain(
    'STAGED_IN out.dat, away, gone; links that lead out of the site were not followed: away, gone',
  )
  await spawn(rig, 'behind', 'yes', ...family, 'near', '--input-mode', 'copy')
  await spawn(rig, 'early', 'yes', ...family, '*.dat away', '--no-wait-for-parents')
  await runAll(rig)
  expect(messages(rig, 'w/behind').at(-1)).toContain('input file near/etc is a link that leads out of the site')
  expect(filesOf(rig, 'w/early')).toEqual({ 'out.dat': '\n', away: links.away })
})

test('a pipe or a socket is passed over by a glob and refused by name, and keeps nobody waiting', async () => {
  await using rig = await makeRig()
  const pipe = (file: string): Buffer => execFileSync('mkfifo', [file])
  await spawn(rig, 'p', 'gives', '--', 'p')
  await runAll(rig)
  pipe(path.join(rig.folder('w/p'), 'pipe.dat'))
  const server = net.createServer().listen(path.join(rig.folder('w/p'), 'socket.dat'))
  await once(server, 'listening')
  const child = (name: string, files: string, ...options: string[]): Promise<string> =>
    spawn(rig, name, 'yes', '--parents', 'w/p', '--input-files', files, ...options)
  for (const mode of ['copy', 'link']) {
    await child(mode, '*.dat', '--input-mode', mode)
    await child(`early-${mode}`, '*.dat', '--input-mode', mode, '--no-wait-for-parents')
  }
  await child('named', 'pipe.dat', '--input-mode', 'copy')
  await runAll(rig)
  for (const name of ['copy', 'early-copy']) expect(filesOf(rig, `w/${name}`)).toEqual({ 'out.dat': 'p\n' })
  for (const name of ['link', 'early-link'])
    expect(filesOf(rig, `w/${name}`)).toEqual({ 'out.dat': '-> jobs/w/p/out.dat' })
  expect(messages(rig, 'w/named').at(-1)).toMatch(
    /^FAILED .*input file pipe\.dat is neither a file nor a folder \(pipes, sockets and devices cannot be copied\)/,
  )
  server.close()

  const run = (words: readonly string[]) => rig.bjob(words, { cwd: rig.outside, env: { BJOB_SITE: rig.site } })
  pipe(path.join(rig.outside, 'own.pipe'))
  const own = await run(['spawn', '--app', 'yes', '--name', 'own', '--input-files', 'own.pipe'])
  expect([own.status, own.stderr]).toEqual([2, expect.stringMatching(/^bjob: input file own\.pipe is neither/)])
  // A file that a job put in the place of its input: no clone copies it.
  await spawn(rig, 'changed', 'yes', '--input-files', 'my.conf')
  fs.rmSync(path.join(rig.folder('w/changed'), 'my.conf'))
  pipe(path.join(rig.folder('w/changed'), 'my.conf'))
  const clone = await run(['clone', 'w/changed', '--to', 'v'])
  expect([clone.status, clone.stderr]).toEqual([2, expect.stringMatching(/^bjob: input file my\.conf is neither/)])
})

import fs from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { FarHost } from '../rig/far-host.ts'
import { needs } from '../rig/needs.ts'
import { Rig } from '../rig/rig.ts'
import { listTree } from '../rig/tree.ts'

const COPY =
  'executable: [/bin/sh, -c, "cat a.dat deck/mesh > out.txt; mkdir made; echo x > made/y; ln -s ../a.dat made/z; mkfifo pipe.txt"]\n'

/** Files to be staged in, in a folder of theirs. */
function makeInput(folder: string): void {
  fs.mkdirSync(path.join(folder, 'deck'), { recursive: true })
  fs.writeFileSync(path.join(folder, 'a.dat'), 'a\n')
  fs.writeFileSync(path.join(folder, 'deck/mesh'), 'mesh\n')
}

function spawn(rig: Rig, name: string, ...options: string[]): Promise<string> {
  return rig.done(['spawn', '--workflow', 'w', '--name', name, ...options])
}

const runAll = (rig: Rig, env: NodeJS.ProcessEnv = {}): Promise<string> =>
  rig.done(['launch', '--idle-seconds', '0.2', '--slots', '2'], { env })

test('files and folders come in before a job runs, and go out once it has run well', async () => {
  await using rig = await Rig.create()
  rig.addApplication('copy', COPY)
  const [from, to] = [path.join(rig.outside, 'in'), path.join(rig.outside, 'deep/out')]
  makeInput(from)
  fs.symlinkSync('a.dat', path.join(from, 'link.dat'))
  // An existing entry is replaced, a folder by a file as well as a file by a file.
  fs.mkdirSync(path.join(to, 'out.txt'), { recursive: true })
  fs.mkdirSync(path.join(to, 'other'))
  const out = ['--stage-out-url', `file://${to}`, '--stage-out-files', '*.txt made job.out']
  await spawn(rig, 'a', '--app', 'copy', '--stage-in-url', `${from}/a.dat local:${from}/deck/ ${from}/link.dat`, ...out)
  await runAll(rig)
  expect(rig.history('w/a')).toEqual([
    'CREATED',
    'READY',
    'STAGED_IN',
    'RUNNING',
    'RUN_DONE',
    'POSTPROCESSED',
    'JOB_FINISHED',
  ])
  expect(listTree(to)).toEqual({
    'made/': '',
    'made/y': 'x\n',
    'made/z': 'a\n',
    'job.out': '',
    'other/': '',
    'out.txt': 'a\nmesh\n',
  })
  expect(fs.lstatSync(path.join(rig.folder('w/a'), 'link.dat')).isSymbolicLink()).toBe(false)
  expect(fs.readdirSync(rig.folder('w/a')).filter((name) => name.startsWith('.stage-in'))).toEqual([])
})

test('staging goes with hooks, and happens once however often the job is tried', async () => {
  await using rig = await Rig.create()
  const from = path.join(rig.outside, 'in')
  makeInput(from)
  rig.addApplication(
    'twice',
    'executable: [/bin/sh, -c, "rm a.dat; test $BJOB_ATTEMPT = 2"]\npreprocess: test -e a.dat\npostprocess: touch made\n',
  )
  const to = path.join(rig.outside, 'out')
  const out = ['--stage-out-url', to, '--stage-out-files', 'made']
  await spawn(rig, 'a', '--app', 'twice', '--stage-in-url', `${from}/a.dat`, ...out, '--max-retries', '1')
  await runAll(rig)
  expect(rig.history('w/a').slice(1)).toEqual([
    'READY',
    'STAGED_IN',
    'STAGED_IN',
    'PREPROCESSED',
    'RUNNING',
    'RUN_ERROR',
    'RESTART_READY',
    'RUNNING',
    'RUN_DONE',
    'POSTPROCESSED',
    'POSTPROCESSED',
    'JOB_FINISHED',
  ])
  expect(fs.readdirSync(to)).toEqual(['made'])
})

test('what cannot be staged is tried again as often as the job may be, and says why', async () => {
  await using rig = await Rig.create()
  rig.addApplication('makes', 'executable: [/bin/sh, -c, "echo ran >> ran"]\n')
  const target = path.join(rig.outside, 'target')
  fs.writeFileSync(target, 'a file')
  const retries = ['--max-retries', '1', '--retry-delay-seconds', '0.1']
  await spawn(rig, 'in', '--app', 'yes', '--stage-in-url', '/no/such/thing', ...retries)
  await spawn(rig, 'out', '--app', 'makes', '--stage-out-url', target, '--stage-out-files', 'ran')
  await spawn(rig, 'none', '--app', 'makes', '--stage-out-url', rig.outside, '--stage-out-files', '*.nothing')
  await runAll(rig)
  const messages = rig.state('w/in').history.map(({ state, message }) => `${state} ${message}`)
  expect(messages.slice(1)).toEqual([
    expect.stringMatching(/^READY stage-in on /),
    expect.stringMatching(/^READY stage-in failed: cp exit 1; retry 1 of 1, in 0.10 s\n.*\/no\/such\/thing/),
    expect.stringMatching(/^READY stage-in on /),
    expect.stringMatching(/^FAILED stage-in failed: cp exit 1\n.*\/no\/such\/thing/),
  ])
  expect(rig.state('w/none').history.at(-1)?.message).toContain('its folder has no *.nothing')
  expect(rig.state('w/out').history.at(-1)).toMatchObject({
    state: 'FAILED',
    message: expect.stringMatching(/^stage-out failed: sh exit 1\nmkdir: /) as unknown,
  })
  // A successful job does not run again because its files could not be staged out.
  fs.rmSync(target)
  await rig.done(['retry', 'w/out'])
  await runAll(rig)
  expect(rig.state('w/out')).toMatchObject({ state: 'JOB_FINISHED', attempt: 1 })
  expect(fs.readFileSync(path.join(target, 'ran'), 'utf8')).toBe('ran\n')
})

for (const transport of ['rsync', 'scp'] as const)
  test(
    `over the network by ${transport}: cut off by kill -9, gone on with by the next launcher, never half there`,
    needs(transport),
    async () => {
      await using rig = await Rig.create({ mayLeaveScaffolding: true })
      const host = new FarHost(path.join(rig.outside, 'far'))
      makeInput(host.home)
      fs.writeFileSync(path.join(host.home, 'a.dat'), Buffer.alloc(1 << 20, 'a'))
      rig.addApplication('copy', 'executable: [/bin/sh, -c, "cp a.dat b.dat; cp -r deck made"]\n')
      const url = (file: string): string => `${transport}:ada@far:${file}`
      const out = ['--stage-out-url', url('results/deep'), '--stage-out-files', 'b.dat made']
      await spawn(rig, 'a', '--app', 'copy', '--stage-in-url', `${url('a.dat')} ${url('~/deck')}`, ...out)
      const launch = async (): Promise<Awaited<ReturnType<Rig['launch']>>> => {
        const launcher = rig.start(['launch', '--persistent', '--slots', '1'], { env: host.env })
        await launcher.printed(/launcher \S+/)
        return launcher
      }
      // Half of it has arrived from an earlier time.
      const left = path.join(rig.folder('w/a'), '.stage-in@an-earlier-launcher')
      fs.mkdirSync(left)
      fs.writeFileSync(path.join(left, 'a.dat'), 'aa')
      host.hold()
      const first = await launch()
      await rig.until('the staging to begin', () => rig.state('w/a').state === 'READY')
      await first.kill('SIGKILL')
      expect(fs.existsSync(path.join(rig.folder('w/a'), 'a.dat'))).toBe(false)
      host.letGo()
      const second = await launch()
      await rig.reached('w/a', 'JOB_FINISHED')
      await second.kill('SIGTERM')
      expect(rig.state('w/a').attempt).toBe(1)
      expect(fs.readdirSync(rig.folder('w/a')).filter((name) => name.startsWith('.stage-in'))).toEqual([])
      expect(listTree(path.join(host.home, 'results/deep'))).toEqual({
        'b.dat': 'a'.repeat(1 << 20),
        'made/': '',
        'made/mesh': 'mesh\n',
      })
    },
  )

const REFUSED: readonly (readonly [readonly string[], string])[] = [
  [['--stage-in-url', 'a.dat'], 'stage_in_url.0 must be an absolute path, file:///PATH or [USER@]HOST:PATH'],
  [['--stage-in-url', '-oProxyCommand=x:y'], 'must be an absolute path'],
  [['--stage-in-url', 'far:x;reboot'], 'that a shell on far could misread'],
  [['--stage-in-url', 'far:$HOME/x'], 'that a shell on far could misread'],
  [['--stage-in-url', 'far:~bob/x'], 'does not begin with ~'],
  [['--stage-in-url', 'https://far/x'], 'must be an absolute path'],
  [['--stage-in-url', '/x/state.yaml'], 'cannot have the name state.yaml'],
  [['--stage-in-url', '/x/.lock'], 'cannot have the name .lock'],
  [['--stage-in-url', '/x/..'], 'has no name at its end'],
  [['--stage-in-url', '/'], 'has no name at its end'],
  [['--stage-in-url', '/x/a /y/a'], 'has two entries named a'],
  [['--stage-in-url', '/x/bjob.yaml', '--input-files', 'bjob.yaml'], 'both bring a bjob.yaml'],
  [['--stage-out-url', '/x'], 'stage_out_url is given without stage_out_files'],
  [['--stage-out-files', '*'], 'stage_out_files is given without stage_out_url'],
  [['--stage-out-url', '/x', '--stage-out-files', '../*'], "leads out of the job's folder"],
  [['--stage-out-url', '/x', '--stage-out-files', '/etc/passwd'], "leads out of the job's folder"],
]

test('what is not meant that way is refused, and nothing is made', async () => {
  await using rig = await Rig.create()
  for (const [options, said] of REFUSED) {
    const { status, stderr } = await rig.bjob(['spawn', '--app', 'yes', '--workflow', 'w', '--name', 'a', ...options])
    expect(stderr).toContain(said)
    expect(status).toBe(2)
  }
  expect(rig.ids()).toEqual([])
})

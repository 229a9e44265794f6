import fs from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { Rig } from '../rig/rig.ts'

test('from an empty folder to a finished job', async () => {
  await using rig = await Rig.create()
  const site = path.join(rig.outside, 'fresh')
  const run = (...args: string[]) => rig.done(args, { cwd: site })
  await rig.done(['init', site], { cwd: rig.outside })
  await run('app', 'add', 'hello', '--executable', 'echo hello')
  fs.writeFileSync(path.join(site, 'task1.dat'), 'some input\n')
  expect(
    await run('spawn', '--app', 'hello', '--name', 'first', '--input-files', 'task1.dat', '--', '007', '$HOME', 'a b'),
  ).toBe('default/first\n')
  await run('launch', '--idle-seconds', '0.2')
  expect(await run('log', 'first')).toBe('hello 007 $HOME a b\n')
  expect(await run('cat', 'first', 'task1.dat')).toBe('some input\n')
  const folder = path.join(site, 'jobs/default/first')
  expect(fs.readdirSync(folder).toSorted()).toEqual(['job.out', 'job.yaml', 'state.yaml', 'task1.dat'])
  const state = fs.readFileSync(path.join(folder, 'state.yaml'), 'utf8')
  expect(state).toMatch(
    /^state: JOB_FINISHED\nattempt: 1\nlauncher: .+\nrevision: 3\nformat: 2\nhistory:\n  - \|-\n    \S+ CREATED spawned by .+\n    \{"kind":"born",.+\}\n  - \|-\n    \S+ RUNNING attempt 1 on \S+, 1 core\n    \$ \S+\/echo hello 007 '\$HOME' 'a b'\n    \{"kind":"claimed",.+\}\n  - \|-\n    \S+ RUN_DONE exit 0 after .+\n    \{"kind":"ran",.+\}\n  - \S+ JOB_FINISHED\n\.\.\.\n$/,
  )
  expect(JSON.parse(await run('results'))).toMatchObject({ id: 'default/first', state: 'JOB_FINISHED', content: null })
})

test('a job is told who it is, and its output and end are recorded', async () => {
  await using rig = await Rig.create()
  await rig.done(['spawn', '--app', 'controlled', '--workflow', 'w', '--name', 'a', '--', 'x'])
  await rig.done(['spawn', '--app', 'controlled', '--workflow', 'w', '--name', 'b', '--parents', 'w/a'])
  const launcher = await rig.launch()
  const a = await rig.jobs.start('w/a')
  expect(a).toMatchObject({ attempt: 1, folder: rig.folder('w/a'), args: ['x'] })
  expect(rig.state('w/a').state).toBe('RUNNING')
  expect(rig.state('w/b').state).toBe('AWAITING_PARENTS')
  a.print('some words\n').write('result.dat', '{"y": 2}').exit(0)
  await rig.reached('w/a', 'JOB_FINISHED')
  const b = await rig.jobs.start('w/b')
  b.print('bad news\n').exit(7)
  const failed = await rig.reached('w/b', 'FAILED')
  expect(failed.history.map(({ message }) => message).join('\n')).toContain('exit 7')
  expect(failed.history.map(({ message }) => message).join('\n')).toContain('bad news')
  expect(fs.readFileSync(path.join(rig.folder('w/a'), 'job.out'), 'utf8')).toBe('some words\n')
  const { status } = await launcher.kill('SIGTERM')
  expect(status).toBe(0)
  const results = (await rig.done(['results']))
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as { id: string; state: string; result?: unknown })
  expect(results.map(({ id, state, result }) => [id, state, result])).toEqual([
    ['w/a', 'JOB_FINISHED', { y: 2 }],
    ['w/b', 'FAILED', undefined],
  ])
  expect((await rig.bjob(['wait', 'w/b'])).status).toBe(1)
  expect((await rig.bjob(['wait', 'w/a'])).status).toBe(0)
})

test('of jobs that have ended, waiting looks into their folders alone, however many others there are', async () => {
  await using rig = await Rig.create()
  for (const [name, app] of Object.entries({ well: 'yes', badly: 'no' }))
    await rig.done(['spawn', '--app', app, '--workflow', 'w', '--name', name])
  await rig.done(['launch', '--idle-seconds', '0.2'])
  await rig.done(['spawn', '--app', 'yes', '--workflow', 'w', '--name', 'open'])
  // Whoever opens the journal makes it again.
  const journal = path.join(rig.site, 'journal')
  fs.rmSync(journal, { recursive: true })
  expect(await rig.done(['wait', 'w/well'])).toBe('w/well JOB_FINISHED\n')
  expect(await rig.bjob(['wait', 'w/well', 'w/badly'])).toMatchObject({ status: 1, stderr: '' })
  expect((await rig.bjob(['wait', '--any', 'w/well', 'w/open'])).status).toBe(0)
  expect((await rig.bjob(['wait', 'w/open', '--timeout', '0'])).status).toBe(1)
  expect((await rig.bjob(['wait', 'w/nowhere'])).status).toBe(2)
  expect(fs.existsSync(journal)).toBe(false)
})

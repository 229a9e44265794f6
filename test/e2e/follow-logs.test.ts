/** `bjob log` of many jobs, and of one whose output changes in other ways than by growing. */
import fs from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { needs } from '../rig/needs.ts'
import { asOtherUser } from '../rig/other-user.ts'
import { Rig } from '../rig/rig.ts'

function linesOf(text: string, id: string): string[] {
  return text.split('\n').filter((line) => line.startsWith(`${id}: `))
}

test('a workflow is followed: each line behind its job, as jobs come and go', async () => {
  await using rig = await Rig.create()
  rig.addApplication('say', 'executable: [/bin/sh, -c, "echo $0 1; printf \\"$0 2\\""]\n')
  const spawn = (app: string, workflow: string, name: string): Promise<string> =>
    rig.done(['spawn', '--app', app, '--workflow', workflow, '--name', name, '--', name])
  await spawn('say', 'w', 'early')
  await spawn('say', 'other', 'not')
  const launcher = await rig.launch()
  await rig.reached('w/early', 'JOB_FINISHED')
  await rig.reached('other/not', 'JOB_FINISHED')

  const follower = rig.start(['log', '-f', '--workflow', 'w'])
  await follower.printed('w/early: early 2\n')
  await spawn('controlled', 'w', 'grows')
  const grows = await rig.jobs.start('w/grows')
  const output = path.join(rig.folder('w/grows'), 'job.out')
  await rig.until('the output', () => fs.existsSync(output))
  fs.appendFileSync(output, 'one\ntw')
  await follower.printed('w/grows: one\n')
  fs.appendFileSync(output, 'o\n')
  await follower.printed('w/grows: two\n')
  await spawn('say', 'w', 'late')
  await follower.printed('w/late: late 2\n')
  fs.appendFileSync(output, 'last')
  grows.exit(0)
  await follower.printed('w/grows: last\n')
  const { stdout } = await follower.kill('SIGINT')
  expect(linesOf(stdout, 'w/early')).toEqual(['w/early: early 1', 'w/early: early 2'])
  expect(linesOf(stdout, 'w/late')).toEqual(['w/late: late 1', 'w/late: late 2'])
  expect(linesOf(stdout, 'w/grows')).toEqual(['w/grows: one', 'w/grows: two', 'w/grows: last'])
  expect(stdout).not.toContain('other/not')
  await launcher.kill('SIGTERM')

  // Without -f, what there is; filters as everywhere.
  expect(await rig.done(['log', '--app', 'say', '--state', 'JOB_FINISHED', '--workflow', 'w'])).toBe(
    'w/early: early 1\nw/early: early 2\nw/late: late 1\nw/late: late 2\n',
  )
  expect(await rig.done(['log', 'w/late', 'other/not'])).toBe(
    'other/not: not 1\nother/not: not 2\nw/late: late 1\nw/late: late 2\n',
  )
  expect(await rig.bjob(['log', 'w'])).toMatchObject({ status: 2, stderr: expect.stringContaining('--workflow w') })
  expect(await rig.bjob(['log', '--workflow', 'w', '--attempt', '1'])).toMatchObject({ status: 2 })
})

test('only running jobs: each until it ends, and its next attempt', async () => {
  await using rig = await Rig.create()
  await rig.done(['spawn', '--app', 'controlled', '--workflow', 'w', '--name', 'a', '--max-retries', '1'])
  const launcher = await rig.launch()
  const first = await rig.jobs.start('w/a')
  const follower = rig.start(['log', '-f', '--workflow', 'w', '--state', 'RUNNING'])
  fs.appendFileSync(path.join(rig.folder('w/a'), 'job.out'), 'first\n')
  await follower.printed('w/a: first\n')
  first.exit(1)
  const second = await rig.jobs.start('w/a', 2)
  fs.appendFileSync(path.join(rig.folder('w/a'), 'job.out.2'), 'second\n')
  await follower.printed('w/a: second\n')
  second.exit(0)
  await rig.reached('w/a', 'JOB_FINISHED')
  expect((await follower.kill('SIGTERM')).stdout).toBe('w/a: first\nw/a: second\n')
  await launcher.kill('SIGTERM')
})

test('an output that is replaced is read from its beginning', async () => {
  await using rig = await Rig.create()
  await rig.done(['spawn', '--app', 'controlled', '--workflow', 'w', '--name', 'a'])
  const launcher = await rig.launch()
  const job = await rig.jobs.start('w/a')
  const output = path.join(rig.folder('w/a'), 'job.out')
  const follower = rig.start(['log', '-f', 'w/a'])
  fs.appendFileSync(output, 'a long first line\n')
  await follower.printed('a long first line\n')
  fs.writeFileSync(`${output}.new`, 'replaced\n')
  fs.renameSync(`${output}.new`, output)
  await follower.printed('replaced\n')
  fs.appendFileSync(output, 'and grown\n')
  await follower.printed('and grown\n')
  job.exit(0)
  expect((await follower.ended()).stdout).toBe('a long first line\nreplaced\nand grown\n')
  await launcher.kill('SIGTERM')
})

test('a folder that may not be read hides its own jobs alone', needs('setpriv, for root'), async () => {
  await using rig = await Rig.create()
  rig.addApplication('say', 'executable: [/bin/echo, said]\n')
  for (const workflow of ['a', 'b', 'c'])
    await rig.done(['spawn', '--app', 'say', '--workflow', workflow, '--name', 'x'])
  await rig.done(['launch', '--idle-seconds', '0.2', '--quiet'])
  fs.chmodSync(rig.folder('b/x'), 0o700)
  expect(await asOtherUser(rig, ['log', '*/x'])).toMatchObject({
    status: 0,
    stdout: 'a/x: said\nc/x: said\n',
    stderr: 'bjob: b/x: permission denied\n',
  })
})

test('one job is followed from before its start to its end: waits and attempts are told beside the output', async () => {
  await using rig = await Rig.create()
  // Each attempt ends once its output was seen.
  const script = 'echo said; until [ -e seen.$BJOB_ATTEMPT ]; do sleep 0.05; done; exit 1'
  rig.addApplication('say', `executable: [/bin/sh, -c, ${JSON.stringify(script)}]\n`)
  await rig.done(['spawn', '--app', 'say', '--name', 'a', '--max-retries', '1'])
  const one = rig.start(['log', '-f', 'a'])
  const named = rig.start(['log', '-f', 'a', 'default/a'])
  await rig.until('the wait to be told', () => one.stderr.includes('waiting for attempt 1 of default/a: no launcher'))
  await rig.until('the other', () => named.stderr.includes('no job that matches is running, and no launcher is'))
  const launcher = await rig.launch()
  for (const attempt of [1, 2]) {
    for (const follower of [one, named])
      await rig.until('the output', () => follower.stdout.split('said').length > attempt)
    fs.writeFileSync(path.join(rig.folder('default/a'), `seen.${attempt}`), '')
  }
  const { stdout, stderr } = await one.ended()
  expect(stdout).toBe('said\nsaid\n')
  expect(stderr).toContain('bjob: attempt 2 of default/a\n')
  expect(stderr.match(/waiting for attempt 1/g)).toHaveLength(1)
  const many = await named.ended()
  expect(many.stdout).toBe('default/a: said\ndefault/a: said\n')
  expect(many.stderr).toContain('bjob: attempt 2 of default/a\n')
  await launcher.kill('SIGTERM')
})

test('an output that will not come is an error with the reason', async () => {
  await using rig = await Rig.create()
  for (const name of ['a', 'b']) await rig.done(['spawn', '--app', 'yes', '--name', name])
  const log = async (...words: string[]): Promise<string> => {
    const { status, stderr } = await rig.bjob(['log', ...words])
    expect([words, status]).toEqual([words, 2])
    return stderr
  }
  expect(await log('a')).toBe('bjob: default/a has no output yet: it has not started\nhint: bjob why default/a\n')
  await rig.done(['kill', 'b'])
  for (const words of [['b'], ['-f', 'b']])
    expect(await log(...words)).toMatch(/^bjob: default\/b has no output: it is USER_KILLED and never started\n/)
  await rig.done(['launch', '--idle-seconds', '0.2'])
  expect(await log('a', '--attempt', '3')).toMatch(/default\/a has no attempt 3: it has had 1 attempt\n/)
  fs.rmSync(path.join(rig.folder('default/a'), 'job.out'))
  for (const words of [['a'], ['-f', 'a']])
    expect(await log(...words)).toMatch(/default\/a has no output of attempt 1: job\.out was deleted/)
})

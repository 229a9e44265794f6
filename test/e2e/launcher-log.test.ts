import fs from 'node:fs'
import { expect, test } from 'vitest'
import { Rig } from '../rig/rig.ts'

const LINE = /^\d{4}-\d\d-\d\dT[\d:.]+Z (INFO |WARN |ERROR) [a-z-]+ .+$/

test("a launcher's log: a line an event, with levels, found by the beginning of its id, followed to its end", async () => {
  await using rig = await Rig.create()
  for (const [name, app] of [
    ['good', 'yes'],
    ['bad', 'no'],
    ['slow', 'controlled'],
  ] as const)
    await rig.done(['spawn', '--app', app, '--name', name])
  const launcher = await rig.launch()
  const id = /launcher (\S+) on/.exec(launcher.stdout)?.[1] ?? ''
  const follower = rig.start(['log', '-f', id.slice(0, -3)])
  await follower.printed(/WARN {2}job-ended default\/bad FAILED: exit 3/)
  const slow = await rig.jobs.start('default/slow')
  slow.exit(0)
  await follower.printed(/INFO {2}job-ended default\/slow JOB_FINISHED/)
  await launcher.kill('SIGTERM')
  const { status, stdout, stderr } = await follower.ended()
  expect(status).toBe(0)
  expect(stderr).toBe(`bjob: launcher ${id} has ended (stopped by SIGTERM)\n`)
  const lines = stdout.trimEnd().split('\n')
  expect(lines.filter((line) => !LINE.test(line))).toEqual([])
  expect(lines[0]).toContain(`INFO  started launcher ${id} on `)
  expect(lines.at(-1)).toContain('INFO  ended stopped by SIGTERM; 2 finished, 1 failed')
  expect(await rig.done(['log', id])).toBe(stdout)
  const warnings = await rig.done(['log', id, '--level', 'warn'])
  expect(warnings.trimEnd().split('\n')).toEqual([expect.stringContaining('default/bad FAILED: exit 3')])
})

test('a launcher that is killed while it is followed: its end is told', async () => {
  await using rig = await Rig.create()
  const launcher = await rig.launch()
  const id = /launcher (\S+) on/.exec(launcher.stdout)?.[1] ?? ''
  const follower = rig.start(['log', '--follow', id])
  await follower.printed('started launcher')
  await launcher.kill('SIGKILL')
  expect(await follower.ended()).toMatchObject({
    status: 0,
    stderr: `bjob: launcher ${id} is dead: its process is gone\n`,
  })
})

test('what names no launcher, or several, or a job, is told in a line', async () => {
  await using rig = await Rig.create()
  await rig.done(['spawn', '--app', 'yes', '--name', 'one'])
  for (const id of ['node1-1-aaaaaa', 'node1-2-bbbbbb'])
    fs.mkdirSync(`${rig.site}/launchers/${id}`, { recursive: true })
  const complaint = async (...args: string[]): Promise<string> => {
    const { status, stderr } = await rig.bjob(['log', ...args])
    expect(status).toBe(2)
    return stderr
  }
  expect(await complaint('node1')).toBe(
    'bjob: 2 launcher ids begin with node1\nhint: give more of the id: node1-1-aaaaaa, node1-2-bbbbbb; `bjob ls launchers` lists them\n',
  )
  expect(await complaint('nobody')).toBe(
    'bjob: no job default/nobody and no launcher nobody\nhint: `bjob ls` lists the jobs; `bjob ls launchers` lists the launchers\n',
  )
  expect(await complaint('one', '--level', 'warn')).toContain("--level applies to a launcher's log only")
  expect(await complaint('node1-1', '--attempt', '2')).toContain('--attempt applies to jobs only')
  expect(await complaint('node1-1', '--level', 'warm')).toContain('did you mean warn?')
})

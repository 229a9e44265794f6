/** Edits of bjob.yaml and apps/ are taken up by what runs already. */
import fs from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { Rig } from '../rig/rig.ts'

const SETTINGS = 'format: 1\nlease_seconds: 3\ndurability: process\n'

function editSettings(rig: Rig, text: string): void {
  fs.writeFileSync(path.join(rig.site, 'bjob.yaml'), text)
}

test('a launcher takes up an edited application; of one that is half saved it keeps what it had', async () => {
  await using rig = await Rig.create()
  const outputOf = async (name: string): Promise<string> => {
    await rig.done(['spawn', '--app', 'say', '--workflow', 'w', '--name', name])
    await rig.reached(`w/${name}`, 'JOB_FINISHED')
    return rig.done(['log', `w/${name}`])
  }
  rig.addApplication('say', 'executable: [echo, first]\n')
  const launcher = await rig.launch()
  expect(await outputOf('a')).toBe('first\n')

  rig.addApplication('say', 'executable: [echo, second]\n')
  await launcher.printed('apps/say.yaml was edited')
  expect(await outputOf('b')).toBe('second\n')

  await rig.done(['spawn', '--app', 'controlled', '--workflow', 'w', '--name', 'gate'])
  await rig.done(['spawn', '--app', 'say', '--workflow', 'w', '--name', 'c', '--parents', 'w/gate'])
  const gate = await rig.jobs.start('w/gate')
  rig.addApplication('say', 'executable: [echo, thi')
  await launcher.printed(/problem: apps\/say\.yaml is invalid, and what it said before still holds: .*line 1/)
  gate.exit(0)
  await rig.reached('w/c', 'JOB_FINISHED')
  expect(await rig.done(['log', 'w/c'])).toBe('second\n')

  rig.addApplication('say', 'executable: [echo, third]\n')
  await rig.until('the second edit to be told', () => launcher.stdout.split('apps/say.yaml was edited').length > 2)
  expect(await outputOf('d')).toBe('third\n')
  await launcher.kill('SIGTERM')
})

test('a job that was set aside for its application runs once somebody has mended that', async () => {
  await using rig = await Rig.create()
  rig.addApplication('say', 'executable: [echo, first]\n')
  await rig.done(['spawn', '--app', 'say', '--workflow', 'w', '--name', 'a'])
  rig.addApplication('say', 'executables: [echo, first]\n')
  const launcher = await rig.launch()
  await launcher.printed('w/a set aside')
  rig.addApplication('say', 'executable: [echo, mended]\n')
  await rig.reached('w/a', 'JOB_FINISHED')
  expect(await rig.done(['log', 'w/a'])).toBe('mended\n')
  await launcher.kill('SIGTERM')
})

test('a launcher takes up bjob.yaml; an invalid one is told once and changes nothing', async () => {
  await using rig = await Rig.create({ settings: SETTINGS })
  rig.addApplication('say', 'executable: [echo, first]\n')
  await rig.done(['spawn', '--app', 'say', '--workflow', 'w', '--name', 'a'])
  const launcher = await rig.launch()
  await rig.reached('w/a', 'JOB_FINISHED')
  editSettings(rig, `${SETTINGS}hook_seconds: 200\n`)
  await launcher.printed('bjob.yaml was edited: hook_seconds from now on\n')
  editSettings(rig, `${SETTINGS}hook_sec`)
  await launcher.printed('bjob.yaml is invalid, and what it said before still holds')
  editSettings(rig, `${SETTINGS}hook_seconds: [`)
  rig.addApplication('say', 'executable: [echo, second]\n')
  // Read after bjob.yaml.
  await launcher.printed('apps/say.yaml was edited')
  editSettings(rig, `${SETTINGS.replace('3', '4')}hook_seconds: 0.5\n`)
  await launcher.printed('bjob.yaml was edited: hook_seconds from now on; lease_seconds from the next start')
  expect(launcher.stdout.match(/bjob\.yaml is invalid/g)).toHaveLength(1)

  rig.addApplication('waits', 'executable: "true"\npreprocess: sleep 100\n')
  await rig.done(['spawn', '--app', 'waits', '--workflow', 'w', '--name', 'b'])
  await rig.reached('w/b', 'FAILED')
  await launcher.kill('SIGTERM')
})

test('each edit of a setting is told, and one that could not be used changes nothing', async () => {
  await using rig = await Rig.create({ settings: SETTINGS })
  await rig.done(['spawn', '--app', 'yes', '--workflow', 'w', '--name', 'a'])
  const launcher = await rig.launch()
  await rig.reached('w/a', 'JOB_FINISHED')
  const told = (count: number) => async (line: string) =>
    rig.until(`"${line}" to be told`, () => launcher.stdout.split(line).length - 1 === count)
  for (const [at, seconds] of [200, 400].entries()) {
    editSettings(rig, `${SETTINGS}hook_seconds: ${seconds}\n`)
    await told(at + 1)('bjob.yaml was edited: hook_seconds from now on\n')
  }
  for (const [at, seconds] of [4, 5].entries()) {
    editSettings(rig, `${SETTINGS.replace('3', String(seconds))}hook_seconds: 400\n`)
    await told(at + 1)('bjob.yaml was edited: lease_seconds from the next start\n')
  }
  // An editor leaves an empty file on a full disk.
  editSettings(rig, '')
  rig.addApplication('yes', 'executable: [echo, yes]\n')
  // Read after bjob.yaml.
  await launcher.printed('apps/yes.yaml was edited')
  editSettings(rig, `${SETTINGS}hook_seconds: 400\ndefaults: {max_retries: many}\n`)
  await launcher.printed(/bjob\.yaml is invalid, and what it said before still holds: defaults: max_retries/)
  editSettings(rig, `${SETTINGS}hook_seconds: 400\ndefaults: {max_retries: 1}\n`)
  await launcher.printed('bjob.yaml was edited: defaults from now on\n')
  expect(launcher.stdout.match(/bjob\.yaml was edited/g)).toHaveLength(5)
  await launcher.kill('SIGTERM')
})

test('edits of files that bjob.yaml and an application link to are taken up', async () => {
  await using rig = await Rig.create()
  const link = (file: string, text: string): string => {
    const target = path.join(rig.outside, path.basename(file))
    fs.writeFileSync(target, text)
    fs.rmSync(path.join(rig.site, file), { force: true })
    fs.symlinkSync(target, path.join(rig.site, file))
    return target
  }
  const settings = link('bjob.yaml', SETTINGS)
  const say = link('apps/say.yaml', 'executable: [echo, first]\n')
  await rig.done(['spawn', '--app', 'say', '--workflow', 'w', '--name', 'a'])
  const launcher = await rig.launch()
  await rig.reached('w/a', 'JOB_FINISHED')
  fs.writeFileSync(settings, `${SETTINGS}hook_seconds: 200\n`)
  await launcher.printed('bjob.yaml was edited: hook_seconds from now on\n')
  // The first look is over: from now on, only changes are read.
  fs.writeFileSync(settings, `${SETTINGS}hook_seconds: 200\nstage_seconds: 100\n`)
  fs.writeFileSync(say, 'executable: [echo, second]\n')
  await launcher.printed('bjob.yaml was edited: stage_seconds from now on\n')
  await launcher.printed('apps/say.yaml was edited')
  await rig.done(['spawn', '--app', 'say', '--workflow', 'w', '--name', 'b'])
  await rig.reached('w/b', 'JOB_FINISHED')
  expect(await rig.done(['log', 'w/b'])).toBe('second\n')
  await launcher.kill('SIGTERM')
})

test('a launcher that is stopped gives the grace period of the edited bjob.yaml', async () => {
  await using rig = await Rig.create({ settings: `${SETTINGS}grace_seconds: 0\n` })
  await rig.done(['spawn', '--app', 'controlled', '--workflow', 'w', '--name', 'a'])
  const launcher = await rig.launch()
  const job = (await rig.jobs.start('w/a')).ignoreTerm()
  editSettings(rig, `${SETTINGS}grace_seconds: 3600\n`)
  await launcher.printed('bjob.yaml was edited: grace_seconds from now on\n')
  const ended = launcher.kill('SIGTERM')
  await rig.until('the job to be asked to end', () => job.signals.includes('SIGTERM'))
  job.exit(0)
  await ended
  expect(rig.state('w/a').state).toBe('JOB_FINISHED')
})

test('a launcher starts no job that the edited grace period leaves no time for', async () => {
  await using rig = await Rig.create({ settings: `${SETTINGS}grace_seconds: 0\n` })
  const launcher = await rig.launch(['--time-limit-minutes', '10'])
  editSettings(rig, `${SETTINGS}grace_seconds: 300\n`)
  await launcher.printed('bjob.yaml was edited: grace_seconds from now on\n')
  const spawn = async (name: string, minutes: string) =>
    rig.done(['spawn', '--app', 'yes', '--workflow', 'w', '--name', name, '--wall-time-minutes', minutes])
  await spawn('long', '8')
  await spawn('short', '1')
  await rig.reached('w/short', 'JOB_FINISHED')
  expect(rig.history('w/long')).toEqual(['CREATED'])
  await launcher.kill('SIGTERM')
})

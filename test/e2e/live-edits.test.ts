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

import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { directDisk } from '../../../src/site/disk/disk.ts'
import { Layout } from '../../../src/site/disk/layout.ts'
import { LiveSite } from '../../../src/site/live-site.ts'
import { parseSettings } from '../../../src/site/settings.ts'
import { Site } from '../../../src/site/site.ts'
import { until } from '../../rig/until.ts'

test('a job that is set aside after its application was mended is looked at again', async () => {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'bjob-live-'))
  try {
    fs.mkdirSync(path.join(root, 'apps'))
    fs.writeFileSync(path.join(root, 'bjob.yaml'), '')
    const saveApplication = (text: string) => fs.writeFileSync(path.join(root, 'apps/say.yaml'), text)
    saveApplication('execut')
    const site = new Site(new Layout(root), directDisk, parseSettings('', ''))
    let looks = 0
    await using live = new LiveSite(site, { onProblem: () => {}, onApplications: () => (looks += 1) })
    await until('the first look', () => looks > 0)
    await expect(live.applicationOf('say')).rejects.toThrow('must be a map of fields')
    const before = looks
    saveApplication('executable: echo\n')
    await until('the look after the edit', () => looks > before)
    const after = looks
    // The folder changes, but no application.
    fs.writeFileSync(path.join(root, 'apps/note'), '')
    await until('another look', () => looks > after)
    expect(await live.applicationOf('say')).toMatchObject({ name: 'say' })
  } finally {
    fs.rmSync(root, { recursive: true })
  }
})

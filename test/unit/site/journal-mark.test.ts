import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { directDisk } from '../../../src/site/disk/disk.ts'
import { Layout } from '../../../src/site/disk/layout.ts'
import { JournalMark } from '../../../src/site/journal/journal-mark.ts'

test('a mark is neither made nor withdrawn through a link in the place of the journal', async () => {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'bjob-mark-'))
  const elsewhere = path.join(root, 'elsewhere')
  const layout = new Layout(path.join(root, 'site'))
  fs.mkdirSync(layout.root)
  fs.mkdirSync(elsewhere)
  fs.symlinkSync(elsewhere, layout.journal)
  const mark = new JournalMark({ disk: directDisk, layout })
  await expect(mark.make()).rejects.toThrow('journal/ is a link')
  expect(fs.readdirSync(elsewhere)).toEqual([])
  fs.writeFileSync(path.join(elsewhere, 'README'), 'precious')
  await expect(mark.withdraw()).rejects.toThrow('journal/ is a link')
  expect(fs.readFileSync(path.join(elsewhere, 'README'), 'utf8')).toBe('precious')
  fs.rmSync(root, { recursive: true })
})

/** A reader goes on through what others do to the journal's folder. */
import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { type Disk, directDisk } from '../../../src/site/disk/disk.ts'
import { Layout } from '../../../src/site/disk/layout.ts'
import { JournalReader } from '../../../src/site/journal/journal-reader.ts'

test('a folder that was missing, and then may not be read, is told once and read when it can be', async () => {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'bjob-journal-'))
  const layout = new Layout(root)
  let isClosed = false
  const disk: Disk = {
    ...directDisk,
    list: async (folder) => {
      if (isClosed) throw Object.assign(new Error('EACCES'), { code: 'EACCES' })
      return directDisk.list(folder)
    },
  }
  const told: string[] = []
  const lines: string[] = []
  const reader = new JournalReader({ disk, layout, tellOnce: (problem) => told.push(problem) })
  const poll = async (): Promise<boolean> => reader.poll(({ by }) => lines.push(by))
  isClosed = true
  await expect(poll()).rejects.toThrow('EACCES')
  isClosed = false
  expect(await poll()).toBe(true)
  isClosed = true
  expect(await poll()).toBe(true)
  expect(told).toEqual([expect.stringContaining('cannot be read (permission denied)')])
  isClosed = false
  fs.mkdirSync(layout.journal)
  fs.writeFileSync(layout.journalOf('n1'), '\n{"by":"p1","done":1}\n')
  expect(await poll()).toBe(true)
  expect(lines).toEqual(['p1'])
  fs.rmSync(root, { recursive: true })
})

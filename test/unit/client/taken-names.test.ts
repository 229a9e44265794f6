import fs from 'node:fs'
import os from 'node:os'
import path from 'node:path'
import { expect, test } from 'vitest'
import { TakenNames } from '../../../src/client/spawn/taken-names.ts'
import { type Disk, directDisk } from '../../../src/site/disk/disk.ts'
import { Layout } from '../../../src/site/disk/layout.ts'
import { parseSettings } from '../../../src/site/settings.ts'
import { Site } from '../../../src/site/site.ts'

/**
 * Asks whether each of `asked` names is taken where the first `taken` are.
 * @returns which calls that took
 */
async function askFor(taken: number, asked: number): Promise<{ readonly stats: number; readonly lists: number }> {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'bjob-names-'))
  const calls = { stats: 0, lists: 0 }
  const disk: Disk = {
    ...directDisk,
    stat: (target) => ((calls.stats += 1), directDisk.stat(target)),
    list: (target) => ((calls.lists += 1), directDisk.list(target)),
  }
  for (let at = 0; at < taken; at++) fs.mkdirSync(path.join(root, 'jobs', 'w', `job${at}`), { recursive: true })
  const names = new TakenNames(new Site(new Layout(root), disk, parseSettings('', 'bjob.yaml')), 'w')
  const answers: boolean[] = []
  for (let at = 0; at < asked; at++) answers.push(await names.has(`job${at}`))
  fs.rmSync(root, { recursive: true })
  expect(answers).toEqual(Array.from({ length: asked }, (_, at) => at < taken))
  return calls
}

test('one name is looked up, and nothing else', async () => {
  expect(await askFor(5, 1)).toEqual({ stats: 1, lists: 0 })
})

test('few names among many are looked up', async () => {
  const { stats, lists } = await askFor(1000, 20)
  expect(lists).toBe(0)
  expect(stats).toBeLessThanOrEqual(21)
})

test('many names among few are listed once', async () => {
  const { stats, lists } = await askFor(100, 500)
  expect(lists).toBe(1)
  expect(stats).toBeLessThan(10)
})

test('of a workflow that is not there no name is taken', async () => {
  expect(await askFor(0, 3)).toEqual({ stats: 2, lists: 1 })
})

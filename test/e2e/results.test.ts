import fs from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import type { RunningProcess } from '../rig/running-process.ts'
import { Rig } from '../rig/rig.ts'

const idsOf = (text: string): string[] =>
  text
    .split('\n')
    .slice(0, -1)
    .map((line) => (JSON.parse(line) as { id: string }).id)

async function spawnYes(rig: Rig, prefix: string, count: number): Promise<string[]> {
  const ids = Array.from({ length: count }, (_, at) => `w/${prefix}${at}`)
  await rig.done(['spawn', '--from', '-'], {
    input: ids.map((id) => JSON.stringify({ workflow: 'w', name: id.slice(2), application: 'yes' })).join('\n'),
  })
  return ids
}

test('a cursor hands out every end once, over any number of looks', async () => {
  await using rig = await Rig.create()
  const look = async (...more: string[]): Promise<string[]> =>
    idsOf(await rig.done(['results', '--cursor', path.join(rig.outside, 'cursor'), ...more]))
  const first = await spawnYes(rig, 'a', 5)
  expect(await look()).toEqual([])
  await rig.done(['launch', '--idle-seconds', '0.2'])
  expect((await look()).toSorted()).toEqual(first)
  expect(await look()).toEqual([])
  const second = await spawnYes(rig, 'b', 3)
  await rig.done(['kill', 'w/b0'])
  expect(await look()).toEqual(['w/b0'])
  await rig.done(['launch', '--idle-seconds', '0.2'])
  expect((await look()).toSorted()).toEqual(second.slice(1))
  // The journal only is a hint: after it is rebuilt, nothing is delivered twice.
  fs.rmSync(path.join(rig.site, 'journal'), { recursive: true })
  expect(await look()).toEqual([])
  await spawnYes(rig, 'c', 1)
  await rig.done(['launch', '--idle-seconds', '0.2'])
  expect(await look()).toEqual(['w/c0'])
  expect(idsOf(await rig.done(['results']))).toHaveLength(9)
})

test('a reader that is killed with -9 again and again misses nothing, and gets again at most what it was being told', async () => {
  await using rig = await Rig.create()
  const launcher = await rig.launch()
  const cursor = path.join(rig.outside, 'cursor')
  const told: string[][] = []
  const expected: string[] = []
  for (let round = 0; round < 5; round++) {
    const reader: RunningProcess = rig.start(['results', '--cursor', cursor, '--follow'])
    expected.push(...(await spawnYes(rig, `r${round}x`, 12)))
    // Somewhere in the middle of what it is told.
    await rig.until('the reader to be told of some', () => reader.stdout.split('\n').length > 4 + round)
    told.push(idsOf((await reader.kill('SIGKILL')).stdout))
  }
  await rig.done(['wait', '--workflow', 'w', '--quiet'])
  told.push(idsOf(await rig.done(['results', '--cursor', cursor])))
  expect(await rig.done(['results', '--cursor', cursor])).toBe('')
  expect([...new Set(told.flat())].toSorted()).toEqual(expected.toSorted())
  // A line can leave the process a moment before the cursor says so: only the last line before a
  // kill may come again, as the first one after it.
  for (const [at, ids] of told.slice(1).entries()) {
    const before = new Set(told.slice(0, at + 1).flat())
    const again = ids.filter((id) => before.has(id))
    expect(again.length).toBeLessThanOrEqual(1)
    if (again.length === 1) expect(told[at]?.at(-1)).toBe(again[0])
  }
  await launcher.kill('SIGTERM')
})

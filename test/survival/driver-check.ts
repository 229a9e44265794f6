/** Compares the ends delivered to drivers with the tree. */
import assert from 'node:assert/strict'
import fs from 'node:fs'
import { followResults } from '../../src/client/ends/read-results.ts'
import type { Worker } from './pack.ts'
import { readTruth } from './promises.ts'
import type { World } from './world.ts'

export function duplicates(words: readonly string[]): string[] {
  const seen = new Set<string>()
  return words.filter((word) => seen.has(word) || !seen.add(word))
}

/**
 * The ends delivered before the driver's last process ended, and those in its cursor: each once,
 * except for the one at each death.
 */
export async function checkDriver(world: World, driver: Worker): Promise<void> {
  const acknowledged = fs
    .readFileSync(`${driver.log}.cursor.delivered`, 'utf8')
    .split('\n')
    .filter((line) => /^\S+ \d+ \S+Z$/.test(line))
  assert.deepEqual(duplicates(acknowledged), [], 'delivered twice')
  const handed = driver.lines()
  const again = duplicates(handed)
  assert.ok(
    again.length <= driver.starts - 1,
    `delivered twice: ${again.length} in ${driver.starts} lives: ${again.join(', ')}`,
  )
  // A new process takes the rest from the same cursor; together they have all.
  await world.as(async (site) => {
    for await (const { id, state, ended } of followResults(site, { cursor: `${driver.log}.cursor` })) {
      const line = `delivered ${id} ${state} ${ended}`
      if (handed.includes(line) && handed.at(-1) !== line) assert.fail(`delivered twice: ${line}`)
      handed.push(line)
    }
  })
  const all = new Set(handed)
  for (const [id, { job }] of await readTruth(world)) {
    const last = job.history.at(-1)
    assert.ok(
      all.has(`delivered ${id} ${last?.state} ${last?.time}`),
      `never delivered: ${id} ${last?.state} ${last?.time}`,
    )
  }
}

/**
 * A minute of chaos.ts, or more by hand:
 *
 *     export BJOB_CHAOS_SECONDS=300 BJOB_CHAOS_JOBS=2000 BJOB_CHAOS_SEED=1
 *     npx vitest run --project survival chaos
 */
import { expect, test } from 'vitest'
import { needs } from '../rig/needs.ts'
import { runChaos } from './chaos.ts'
import { say } from './tally.ts'

const seconds = Number(process.env['BJOB_CHAOS_SECONDS'] ?? 45)
const jobs = Number(process.env['BJOB_CHAOS_JOBS'] ?? 300)
const seed = process.env['BJOB_CHAOS_SEED'] ?? String(Date.now() % 1_000_000)

test('chaos: no job runs twice at a time, and each end is delivered once', needs('/proc'), async () => {
  say(`CHAOS: seed ${seed}, ${seconds} s, ${jobs} jobs`)
  const { overlaps, untrue, doubled, deeds, ...counts } = await runChaos({ seconds, jobs, seed })
  say(`CHAOS: seed ${seed}: ${JSON.stringify({ ...counts, overlaps: overlaps.length, deeds })}`)
  expect({ overlaps, untrue, doubled }).toEqual({ overlaps: [], untrue: [], doubled: [] })
  expect(counts.jobs).toBeGreaterThan(jobs / 2)
  expect(Object.keys(deeds).length).toBeGreaterThan(5)
})

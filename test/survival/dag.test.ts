/**
 * A graph of thousands of jobs through two launchers, of which one is killed again and again: each
 * job ends well, once, after its parents.
 */
import fs from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import type { RunningProcess } from '../rig/running-process.ts'
import { Rig } from '../rig/rig.ts'
import { MINUTES, say } from './tally.ts'

/** A tenth of these form one chain. */
const JOBS = MINUTES >= 5 ? 5000 : 1000
const KILLS = 3

interface Planned {
  readonly name: string
  readonly parents: readonly string[]
}

/**
 * A chain beside a fan-out, a row of diamonds below it whose sides they share, and one job that
 * waits for all.
 */
function planGraph(count: number): Planned[] {
  const chainLength = Math.floor(count / 10)
  const wide = Math.floor((count - chainLength - 2) / 2)
  const names = (letter: string, length: number): string[] => Array.from({ length }, (_, at) => `${letter}${at}`)
  const chain = names('c', chainLength)
  const sides = names('s', wide)
  const tips = names('t', count - chainLength - 2 - wide)
  return [
    { name: 'origin', parents: [] },
    ...chain.map((name, at) => ({ name, parents: [chain[at - 1] ?? 'origin'] })),
    ...sides.map((name) => ({ name, parents: ['origin'] })),
    ...tips.map((name, at) => ({ name, parents: [0, 1, 7].map((step) => sides[(at + step) % wide] ?? '') })),
    { name: 'end', parents: [...tips, chain.at(-1) ?? 'origin'] },
  ]
}

/**
 * Fails when a parent is not done, and notes each attempt. No process is started for it but the
 * shell.
 */
const SCRIPT = `IFS='[],"'
for id in $BJOB_PARENT_IDS; do
  test -z "$id" || test -e "$BJOB_SITE/jobs/$id/done" || { echo "$id is not done"; exit 9; }
done
echo $BJOB_ATTEMPT >> ran
: > done
`

function finishedBy({ stdout }: { readonly stdout: string }): number {
  return stdout.match(/ JOB_FINISHED/g)?.length ?? 0
}

test(`${JOBS} jobs with parents, two launchers, one of them killed ${KILLS} times`, async () => {
  await using rig = await Rig.create({ mayLeaveScaffolding: true })
  rig.addApplication('careful', `executable: [/bin/sh, ${JSON.stringify(path.join(rig.outside, 'careful.sh'))}]\n`)
  fs.writeFileSync(path.join(rig.outside, 'careful.sh'), SCRIPT)
  const graph = planGraph(JOBS)
  const records = graph.map(({ name, parents }) =>
    JSON.stringify({ name, workflow: 'w', application: 'careful', parents: parents.map((parent) => `w/${parent}`) }),
  )
  await rig.done(['spawn', '--from', '-'], { input: records.join('\n'), within: 120 })
  const begun = performance.now()
  const start = (): RunningProcess => rig.start(['launch', '--persistent', '--slots', '3'])
  const steady = start()
  let mortal = start()
  let before = 0
  const progress = (): number => before + finishedBy(steady) + finishedBy(mortal)
  const deaths: number[] = []
  for (let kill = 0; kill < KILLS; kill++) {
    const share = (kill + Math.random()) / KILLS
    await rig.until('the next death to be due', () => progress() >= share * JOBS * 0.9, { within: 600 }, progress)
    deaths.push(progress())
    const killed = await mortal.kill('SIGKILL')
    before += finishedBy(killed)
    mortal = start()
  }
  await rig.done(['wait', '--workflow', 'w', '--quiet'], { within: 900 })
  const seconds = (performance.now() - begun) / 1000

  const endOf = new Map<string, string>()
  const wrong: string[] = []
  let attempts = 0
  for (const { name } of graph) {
    const { state, history, attempt } = rig.state(`w/${name}`)
    attempts += attempt
    const ends = history.filter((entry) => entry.state === 'JOB_FINISHED')
    endOf.set(name, ends[0]?.time ?? '')
    const ran = fs
      .readFileSync(path.join(rig.folder(`w/${name}`), 'ran'), 'utf8')
      .trim()
      .split('\n')
      .map(Number)
    const isOnce = ends.length === 1 && new Set(ran).size === ran.length && ran.at(-1) === attempt
    if (state !== 'JOB_FINISHED' || !isOnce)
      wrong.push(`${name} ${state}, attempts ${ran.join(' ')} of ${attempt}: ${history.at(-1)?.message}`)
  }
  for (const { name, parents } of graph) {
    const starts = rig.state(`w/${name}`).history.filter((entry) => entry.state === 'RUNNING')
    for (const parent of parents)
      if ((starts[0]?.time ?? '') < (endOf.get(parent) ?? '')) wrong.push(`${name} began before ${parent} had ended`)
  }
  expect(wrong).toEqual([])
  await Promise.all([steady.kill('SIGTERM'), mortal.kill('SIGTERM')])
  // Those that were killed may have left locks and drafts behind, and nothing worse.
  await rig.bjob(['fsck', '--repair'], { within: 120 })
  expect(await rig.done(['fsck'], { within: 120 })).toContain('no damage found')
  say(
    `DAG: ${JOBS} jobs in ${seconds.toFixed(1)} s, a launcher killed after ${deaths.join(', ')} ends, ${attempts - JOBS} attempts cut off; wrong: 0`,
  )
})

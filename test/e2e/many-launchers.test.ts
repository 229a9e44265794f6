import fs from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { Rig } from '../rig/rig.ts'

/** The promise is for thousands: BJOB_TEST_JOBS=2000 tries that many. */
const COUNT = Number(process.env['BJOB_TEST_JOBS'] ?? 200)

test(
  `of ${COUNT} jobs and two launchers at once, each job runs exactly once`,
  { timeout: 180_000 + COUNT * 100 },
  async () => {
    await using rig = await Rig.create()
    const names = Array.from({ length: COUNT }, (_, at) => `job${at}`)
    const input = names
      .map((name) => JSON.stringify({ workflow: 'w', name, application: 'mark', args: [name] }))
      .join('\n')
    // A file of the job's own, outside the site: two runs are two lines.
    rig.addApplication(
      'mark',
      `executable: [/bin/sh, -c, 'echo "$BJOB_JOB_ID $BJOB_ATTEMPT" >> ${rig.outside}/"$0"']\n`,
    )
    // Both are there before the first job is: they meet every one of them at the same time.
    const launchers = await Promise.all([rig.launch(), rig.launch()])
    await rig.done(['spawn', '--from', '-'], { input })
    await rig.done(['wait', '--workflow', 'w', '--quiet'], { within: 120 + COUNT / 10 })
    const outcomes = await Promise.all(launchers.map((launcher) => launcher.kill('SIGTERM')))
    for (const name of names) {
      expect(fs.readFileSync(path.join(rig.outside, name), 'utf8')).toBe(`w/${name} 1\n`)
      expect(rig.history(`w/${name}`)).toEqual(['CREATED', 'RUNNING', 'RUN_DONE', 'JOB_FINISHED'])
    }
    const finished = outcomes.map(({ stdout }) =>
      Number(/(\d+) finished, 0 failed, 0 to restart, 0 killed/.exec(stdout)?.[1]),
    )
    expect((finished[0] ?? 0) + (finished[1] ?? 0)).toBe(COUNT)
    expect(rig.ids()).toHaveLength(COUNT)
  },
)

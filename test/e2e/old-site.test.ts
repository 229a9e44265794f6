import { execFileSync } from 'node:child_process'
import fs from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { Rig } from '../rig/rig.ts'

const FIXTURE = path.resolve(import.meta.dirname, '../fixtures/site-0.1/site-0.1.tar.gz')

/** A site that bjob 0.1 left, in the place of the rig's own. */
async function openOldSite(): Promise<Rig> {
  const rig = await Rig.create({ mayLeaveScaffolding: true })
  fs.rmSync(rig.site, { recursive: true })
  execFileSync('tar', ['-xzf', FIXTURE, '-C', path.dirname(rig.site)])
  return rig
}

interface Shown {
  readonly attempts: readonly Readonly<Record<string, unknown>>[]
}

test('a site of 0.1 is listed, read, reported, tried again and carried on', async () => {
  await using rig = await openOldSite()
  const before = new Map(rig.ids().map((id) => [id, fs.readFileSync(path.join(rig.folder(id), 'state.yaml'), 'utf8')]))
  const show = async (id: string): Promise<Shown> => JSON.parse(await rig.done(['show', id, '--json'])) as Shown
  expect((await show('w/failed')).attempts).toMatchObject([
    { attempt: 1, cores: 1, state: 'RUN_ERROR', seconds: 0.03, cpu_seconds: 0.01, cpu_is: 'exact' },
    { attempt: 2, state: 'RUN_ERROR', cpu_is: 'exact' },
  ])
  expect((await show('w/late')).attempts.map(({ state }) => state)).toEqual(['RUN_TIMEOUT', 'RUN_TIMEOUT'])
  // What somebody wrote into a verdict is no claim.
  expect((await show('w/judged')).attempts).toMatchObject([{ attempt: 1, cores: 1 }])
  // Its words are as they were.
  expect(await rig.done(['history', 'w/late'])).toContain('ran for longer than its timeout_minutes, 0.01: ended after')
  const clone = (await rig.done(['clone', 'w/globbed', '--name', 'again'])).trim()
  expect(fs.readdirSync(rig.folder(clone))).toEqual(expect.arrayContaining(['a.dat', 'b c.dat']))
  expect(fs.existsSync(path.join(rig.folder(clone), 'c.dat'))).toBe(false)

  const ends = async (): Promise<string[]> =>
    (await rig.done(['results', '--cursor', 'driver/cursor', '--workflow', 'w']))
      .trim()
      .split('\n')
      .map((line) => (JSON.parse(line) as { id: string }).id)
      .toSorted()
  expect(await ends()).toEqual(['w/killed', 'w/signalled', 'w/twice'])

  await rig.done(['report', '-o', path.join(rig.outside, 'report.html')])
  const tuned = JSON.parse(await rig.done(['results', '--json', '--name', 'eval-3', '--workflow', 'search'])) as object
  expect(tuned).toMatchObject({ state: 'USER_KILLED', early: { step: 2, value: 0.9 } })

  // A verdict is no failed staging: the job runs again. One whose staging failed only stages.
  await rig.done(['retry', 'w/checked', 'w/unstaged'])
  for (const [id, text] of before) {
    if (id !== 'w/checked' && id !== 'w/unstaged')
      expect(fs.readFileSync(path.join(rig.folder(id), 'state.yaml'), 'utf8'), id).toBe(text)
  }
  await rig.bjob(['launch', '--idle-seconds', '0.5', '--quiet'])
  expect(rig.state('w/checked').attempt).toBe(2)
  expect(rig.state('w/unstaged').attempt).toBe(1)
  const running = rig.state('w/running')
  expect(running).toMatchObject({ state: 'JOB_FINISHED', attempt: 2 })
  expect(running.history.find(({ state }) => state === 'RESTART_READY')?.event).toMatchObject({
    kind: 'taken-back',
    why: 'launcher-died',
  })
  expect(rig.state('w/child').state).toBe('JOB_FINISHED')
  expect(await ends()).toEqual(['w/checked', 'w/child', 'w/running', 'w/unstaged', 'w/waiting'])
  expect((await rig.bjob(['fsck'])).status).toBe(0)
})

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
  // Text in a verdict does not count as a claim.
  expect((await show('w/judged')).attempts).toMatchObject([{ attempt: 1, cores: 1 }])
  // Its words are as they were.
  expect(await rig.done(['history', 'w/late'])).toContain('ran for longer than its timeout_minutes, 0.01: ended after')
  const clone = (await rig.done(['clone', 'w/globbed', '--as', 'again'])).trim()
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
  const tuned = JSON.parse(await rig.done(['results', '--name', 'eval-3', '--workflow', 'search'])) as object
  expect(tuned).toMatchObject({ state: 'USER_KILLED', early: { step: 2, value: 0.9 } })

  // A verdict does not count as failed staging: the job runs again. A job whose staging failed only
  // stages.
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
  expect(await ends()).toEqual(['w/again', 'w/checked', 'w/child', 'w/running', 'w/unstaged', 'w/waiting'])
  expect((await rig.bjob(['fsck'])).status).toBe(0)
})

test('a job of a newer format is set aside alone, and left as it is', async () => {
  await using rig = await Rig.create({ mayLeaveScaffolding: true })
  for (const name of ['newer', 'good']) await rig.done(['spawn', '--app', 'yes', '--workflow', 'w', '--name', name])
  const file = path.join(rig.folder('w/newer'), 'state.yaml')
  const text = fs.readFileSync(file, 'utf8').replace('format: 2', 'format: 3')
  fs.writeFileSync(file, text)
  const { stderr, stdout } = await rig.bjob(['launch', '--idle-seconds', '0.3'])
  expect(`${stdout}${stderr}`).toContain(
    'w/newer set aside: state.yaml: this site was written by a newer bjob (format 3)',
  )
  expect(rig.state('w/good').state).toBe('JOB_FINISHED')
  expect(await rig.done(['why', 'w/newer'])).toContain('this one reads up to 2')
  for (const command of ['kill', 'retry']) await rig.bjob([command, 'w/newer'])
  await rig.bjob(['fsck', '--repair'])
  expect(fs.readFileSync(file, 'utf8')).toBe(text)
  // Nothing in the journal says that it is broken: a newer launcher runs it.
  const journals = fs.readdirSync(path.join(rig.site, 'journal')).filter((name) => name.endsWith('.jsonl'))
  for (const name of journals)
    expect(fs.readFileSync(path.join(rig.site, 'journal', name), 'utf8')).not.toContain('"broken"')
  rig.appendJournal('elsewhere', '{"by":"x","n":1,"id":"w/a","revision":1,"state":"CREATED","format":3}\n')
  const listed = await rig.bjob(['ls'])
  expect([listed.status, listed.stderr.split('\n')[0]]).toEqual([
    3,
    expect.stringContaining('by a newer bjob (format 3)'),
  ])
})

test('a postprocess says what it likes: the job runs again, and a report counts what it was given', async () => {
  await using rig = await Rig.create()
  const bjob = `${process.execPath} ${path.resolve(import.meta.dirname, '../../bin/bjob.js')}`
  rig.addApplication(
    'judge',
    JSON.stringify({
      executable: 'true',
      postprocess: [
        '/bin/sh',
        '-c',
        `${bjob} set state=FAILED message="stage-out failed: attempt 2 on node7, 64 cores"`,
      ],
    }),
  )
  const out = ['--stage-out-url', rig.outside, '--stage-out-files', 'job.out']
  await rig.done(['spawn', '--app', 'judge', '--workflow', 'w', '--name', 'a', ...out])
  await rig.bjob(['launch', '--idle-seconds', '0.3'])
  expect(rig.state('w/a')).toMatchObject({ state: 'FAILED', attempt: 1 })
  await rig.done(['retry', 'w/a'])
  await rig.bjob(['launch', '--idle-seconds', '0.3'])
  expect(rig.state('w/a')).toMatchObject({ state: 'FAILED', attempt: 2 })
  expect(fs.readdirSync(rig.outside)).toEqual([])
  const shown = JSON.parse(await rig.done(['show', 'w/a', '--json'])) as Shown
  expect(shown.attempts.map(({ cores, nodes }) => [cores, nodes === 'node7'])).toEqual([
    [1, false],
    [1, false],
  ])
})

import fs from 'node:fs'
import path from 'node:path'
import { describe, expect, test } from 'vitest'
import { RandomStream } from '../../src/lib/random-stream.ts'
import { Rig } from '../rig/rig.ts'
import type { RunningProcess } from '../rig/running-process.ts'
import { findLeftovers, listTree } from '../rig/tree.ts'

interface Made {
  readonly revision: number
  readonly message: string
}

/** The changes that a writer said it had made; a line that its death cut off says nothing. */
const madeBy = ({ stdout }: { readonly stdout: string }): Made[] =>
  stdout
    .split('\n')
    .slice(0, -1)
    .map((line) => ({ revision: Number(line.split(' ')[0]), message: line.split(' ')[1] ?? '' }))

const messagesOf = (rig: Rig): string[] =>
  rig
    .state('w/job')
    .history.slice(1)
    .map(({ message }) => message)

async function createJob(mayLeaveScaffolding?: true): Promise<Rig> {
  const rig = await Rig.create(mayLeaveScaffolding ? { mayLeaveScaffolding } : {})
  await rig.done(['spawn', '--app', 'yes', '--workflow', 'w', '--name', 'job'])
  return rig
}

const startReader = (rig: Rig): RunningProcess =>
  rig.startNamed('read-state', [path.join(rig.folder('w/job'), 'state.yaml')])

async function expectNeverTorn(reader: RunningProcess): Promise<void> {
  const { stdout } = await reader.kill('SIGTERM')
  const { reads, problems } = JSON.parse(stdout) as { reads: number; problems: string[] }
  expect(problems).toEqual([])
  expect(reads).toBeGreaterThan(100)
}

function expectEachOnce(rig: Rig, made: readonly Made[]): void {
  const history = messagesOf(rig)
  expect(new Set(history).size).toBe(history.length)
  // In the order of their revisions, which no two share.
  expect(new Set(made.map(({ revision }) => revision)).size).toBe(made.length)
  const said = new Set(made.map(({ message }) => message))
  expect(history.filter((message) => said.has(message))).toEqual(
    made.toSorted((one, other) => one.revision - other.revision).map(({ message }) => message),
  )
}

describe('one job', () => {
  test.each(['lock', 'no-lock'])(
    'changed by eight processes at once (%s): the history holds every change once, in order',
    async (mode) => {
      await using rig = await createJob()
      const reader = startReader(rig)
      const writers = Array.from({ length: 8 }, (_, at) =>
        rig.startNamed('change-job', [rig.site, 'w/job', `w${at}`, '25', mode]),
      )
      const made = (await Promise.all(writers.map((writer) => writer.ended()))).flatMap((outcome) => {
        expect(outcome).toMatchObject({ status: 0, stderr: '' })
        return madeBy(outcome)
      })
      await expectNeverTorn(reader)
      expect(made).toHaveLength(200)
      expectEachOnce(rig, made)
      expect(messagesOf(rig)).toHaveLength(200)
      expect(rig.state('w/job').revision).toBe(Math.max(...made.map(({ revision }) => revision)))
      expect(findLeftovers(rig.folder('w/job'))).toEqual([])
      expect((await rig.bjob(['fsck'])).status).toBe(0)
    },
  )

  test('whose writers are killed with -9 at any moment: nothing that was made is lost, and the next change works', async () => {
    await using rig = await createJob(true)
    const reader = startReader(rig)
    const random = new RandomStream('writers that die')
    const outcomes: { readonly stdout: string }[] = []
    const start = (at: number): RunningProcess =>
      rig.startNamed('change-job', [rig.site, 'w/job', `w${at}`, '1000000', 'no-lock'])
    const writers = [0, 1, 2].map(start)
    for (let deaths = 0; deaths < 10; deaths++) {
      const at = random.integer(writers.length)
      const victim = writers[at]
      if (victim === undefined) continue
      const lines = 1 + random.integer(4)
      await rig.until(
        'a writer to have made some changes',
        () => madeBy(victim).length >= lines,
        {},
        () => victim.stderr,
      )
      outcomes.push(await victim.kill('SIGKILL'))
      writers[at] = start(10 + deaths)
    }
    for (const writer of writers) outcomes.push(await writer.kill('SIGKILL'))
    await expectNeverTorn(reader)
    expect(await rig.done(['kill', 'w/job'])).toBe('w/job killed\n')
    const made = outcomes.flatMap(madeBy)
    expectEachOnce(rig, made)
    // A writer can die between making a change and saying so, once.
    expect(messagesOf(rig).length - 1 - made.length).toBeLessThanOrEqual(outcomes.length)
    await rig.done(['fsck', '--repair'])
    expect(findLeftovers(rig.folder('w/job'))).toEqual([])
    expectEachOnce(rig, made)
  })

  test('whose lock is held by a dead process: the next writer waits for a while, and breaks it', async () => {
    await using rig = await createJob()
    fs.mkdirSync(path.join(rig.folder('w/job'), '.lock'))
    expect(await rig.done(['kill', 'w/job'])).toBe('w/job killed\n')
  })

  test.concurrent.each([
    ['a file', (lock: string) => fs.writeFileSync(lock, 'pid 17\n')],
    ['a link that leads nowhere', (lock: string) => fs.symlinkSync('nowhere', lock)],
    ['a folder with something in it', (lock: string) => (fs.mkdirSync(lock), fs.writeFileSync(`${lock}/x`, ''))],
  ])('whose lock is %s: it is changed all the same, and that stays as it is', async (_, make) => {
    await using rig = await createJob(true)
    const lock = path.join(rig.folder('w/job'), '.lock')
    make(lock)
    const before = listTree(path.dirname(lock))
    expect(await rig.done(['kill', 'w/job'])).toBe('w/job killed\n')
    expect(listTree(path.dirname(lock))).toEqual({ ...before, 'state.yaml': expect.anything() as unknown })
    expect(await rig.done(['fsck'])).toBe(
      'remark: jobs/w/job/.lock: is not a lock, despite its name: the job is changed without a lock, which is safe\nno damage found; 1 remark\n',
    )
  })

  test('whose lock is held by somebody who goes on holding it: nobody else changes it', async () => {
    await using rig = await createJob()
    const lock = path.join(rig.folder('w/job'), '.lock')
    fs.mkdirSync(lock)
    const killer = rig.start(['kill', 'w/job'])
    const refresh = setInterval(() => fs.utimesSync(lock, new Date(), new Date()), 500)
    try {
      // Longer than a lock of a dead process is respected.
      await expect(killer.ended({ within: 13 })).rejects.toThrow('waited 13 s')
      expect(rig.state('w/job').state).toBe('CREATED')
    } finally {
      clearInterval(refresh)
      fs.rmdirSync(lock)
    }
    expect((await killer.ended()).stdout).toBe('w/job killed\n')
  })
})

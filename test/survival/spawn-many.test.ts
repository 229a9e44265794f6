import fs from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import { parseState } from '../../src/core/life/state-document.ts'
import { Rig } from '../rig/rig.ts'
import { findLeftovers } from '../rig/tree.ts'

/** The promise is for ten thousand: BJOB_TEST_SPAWNS=10000 tries that many. */
const COUNT = Number(process.env['BJOB_TEST_SPAWNS'] ?? 1000)

test(`${COUNT} jobs from one command, killed in the middle and run again with reuse: each is there once, and whole`, async () => {
  await using rig = await Rig.create({ mayLeaveScaffolding: true })
  fs.writeFileSync(path.join(rig.site, 'in.dat'), 'input')
  const record = (at: number) => ({
    workflow: 'w',
    name: `job${at}`,
    application: 'yes',
    args: [String(at)],
    input_files: ['in.dat'],
    data: { at },
  })
  const input = Array.from({ length: COUNT }, (_, at) => JSON.stringify(record(at))).join('\n')
  // Killed when it has said so many, wherever it is then with the next.
  for (const share of [0.3]) {
    const spawning = rig.start(['spawn', '--from', '-', '--if-exists', 'reuse'], { input })
    await rig.until(
      'a part to be spawned',
      () => spawning.stdout.split('\n').length > COUNT * share || spawning.hasExited,
    )
    const { signal, stdout } = await spawning.kill('SIGKILL')
    expect(signal).toBe('SIGKILL')
    // At any moment, the jobs that it reported exist, and existing jobs are whole.
    for (const id of stdout.split('\n').slice(0, -1))
      expect(fs.existsSync(path.join(rig.folder(id), 'state.yaml'))).toBe(true)
    expect(rig.ids().length).toBeLessThan(COUNT)
    for (const id of rig.ids()) expectWhole(rig, id)
  }
  const born = new Map(rig.ids().map((id) => [id, rig.state(id).history[0]?.time]))
  const printed = (await rig.done(['spawn', '--from', '-', '--if-exists', 'reuse'], { input })).trim().split('\n')
  expect(printed).toEqual(Array.from({ length: COUNT }, (_, at) => `w/job${at}`))
  expect(rig.ids()).toHaveLength(COUNT)
  for (const id of rig.ids()) expectWhole(rig, id)
  for (const [id, time] of born) expect(rig.state(id).history[0]?.time).toBe(time)
  expect(await rig.done(['ls', '--by-state'])).toMatch(new RegExp(`CREATED\\s+${COUNT}`))
  // Jobs that the killed processes were building do not exist for anyone, and fsck removes them.
  await rig.done(['fsck', '--repair'])
  expect(findLeftovers(path.join(rig.site, 'jobs'))).toEqual([])
})

function expectWhole(rig: Rig, id: string): void {
  const folder = rig.folder(id)
  expect(fs.readdirSync(folder).toSorted()).toEqual(['data.json', 'in.dat', 'job.yaml', 'state.yaml'])
  const read = (name: string): string => fs.readFileSync(path.join(folder, name), 'utf8')
  expect(read('in.dat')).toBe('input')
  expect(JSON.parse(read('data.json'))).toEqual({ at: Number(id.slice('w/job'.length)) })
  expect(read('job.yaml')).toBe(
    `application: yes\nargs:\n  - "${id.slice('w/job'.length)}"\ninput_files:\n  - in.dat\n`,
  )
  expect(parseState(read('state.yaml'), folder)).toMatchObject({ state: 'CREATED', revision: 1 })
}

test('two commands that spawn the same names at once: each is made by one of them', async () => {
  await using rig = await Rig.create()
  const input = Array.from({ length: 500 }, (_, at) =>
    JSON.stringify({ workflow: 'w', name: `job${at}`, application: 'yes' }),
  ).join('\n')
  const outcomes = await Promise.all(
    [1, 2].map(() => rig.bjob(['spawn', '--from', '-', '--if-exists', 'reuse', '--json'], { input })),
  )
  const made = outcomes.map(({ status, stdout }) => {
    expect(status).toBe(0)
    return stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { id: string; new: boolean })
  })
  expect(made.map((jobs) => jobs.length)).toEqual([500, 500])
  const news = made
    .flat()
    .filter((job) => job.new)
    .map(({ id }) => id)
  expect(news).toHaveLength(500)
  expect(new Set(news).size).toBe(500)
  expect(await rig.done(['ls', '--by-state'])).toMatch(/CREATED\s+500/)
})

test('a name that is taken can be counted on', async () => {
  await using rig = await Rig.create()
  const spawn = ['spawn', '--app', 'yes', '--name', 'a']
  expect(await rig.done(spawn)).toBe('default/a\n')
  expect(await rig.done([...spawn, '--if-exists', 'rename'])).toBe('default/a-2\n')
  expect(await rig.done([...spawn, '--if-exists', 'rename'])).toBe('default/a-3\n')
  expect(await rig.done([...spawn, '--if-exists', 'reuse'])).toBe('default/a\n')
  expect(rig.ids()).toHaveLength(3)
})

test('records that are longer than what is held in memory: nothing is made while one is wrong, and from a pipe or a file it is the same', async () => {
  await using rig = await Rig.create()
  // Blanks may stand behind a record; these make 18 MB of it.
  const lines = Array.from({ length: 60 }, (_, at) =>
    `{"workflow": "w", "name": "job${at}", "application": "yes"}`.padEnd(300_000),
  )
  const file = path.join(rig.site, 'long.jsonl')
  fs.writeFileSync(file, [...lines, '{"workflow": "w", "name": "bad", "application": "nix"}', lines[7]].join('\n'))
  const refused = await rig.bjob(['spawn', '--from', file])
  expect(refused.status).toBe(2)
  expect(refused.stderr).toContain('(long.jsonl:61')
  expect(refused.stderr).toContain('w/job7 appears twice, first at line 8 (long.jsonl:62')
  expect(rig.ids()).toEqual([])
  const ids = Array.from({ length: 60 }, (_, at) => `w/job${at}`)
  const input = lines.join('\n')
  expect((await rig.done(['spawn', '--from', '-', '--max-retries', '3'], { input })).trim().split('\n')).toEqual(ids)
  fs.writeFileSync(file, input)
  expect((await rig.done(['spawn', '--from', file, '--if-exists', 'reuse'])).trim().split('\n')).toEqual(ids)
  expect(rig.ids()).toHaveLength(60)
  expect(await rig.done(['show', 'w/job59'])).toContain('max_retries')
})

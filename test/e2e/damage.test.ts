/**
 * Every kind of damage that `bjob fsck` names, made on a real tree, beside the table in README.md
 * of what becomes of each.
 */
import fs from 'node:fs'
import path from 'node:path'
import { expect, test } from 'vitest'
import type { FindingKind } from '../../src/site/fsck/finding.ts'
import { Rig } from '../rig/rig.ts'

interface Damage {
  /** The damaged path below the site's folder, after `make`. */
  readonly at: string
  readonly make: (scene: Scene) => void
  readonly isLeft?: true
}

/**
 * A site of jobs that have finished (by their second attempt at most) and of one that waits, `new`;
 * nothing runs.
 */
class Scene {
  readonly rig: Rig

  constructor(rig: Rig) {
    this.rig = rig
  }

  readonly file = (name: string): string => path.join(this.rig.site, name)

  /** Lines of the journals that hold all of `words`: taken away. */
  cutLines(...words: readonly string[]): void {
    for (const name of fs.readdirSync(this.file('journal')).filter((one) => one.endsWith('.jsonl'))) {
      const lines = fs.readFileSync(this.file(`journal/${name}`), 'utf8').split('\n')
      const kept = lines.filter((line) => !words.every((word) => line.includes(word)))
      fs.writeFileSync(this.file(`journal/${name}`), kept.join('\n'))
    }
  }

  edit(name: string, change: (text: string) => string): void {
    fs.writeFileSync(this.file(name), change(fs.readFileSync(this.file(name), 'utf8')))
  }
}

const DAMAGES: Readonly<Record<FindingKind, readonly Damage[]>> = {
  'leftover-aside': [
    { at: 'jobs/w/.new-elsewhere-1-x-1', make: ({ file }) => fs.mkdirSync(file('jobs/w/.new-elsewhere-1-x-1')) },
  ],
  'leftover-draft': [
    {
      at: 'jobs/w/draft/.state-dead-1-x-1',
      make: ({ file }) => fs.writeFileSync(file('jobs/w/draft/.state-dead-1-x-1'), ''),
    },
    {
      at: 'apps/.yes.yaml-dead-1-0123456789-1',
      make: ({ file }) => fs.writeFileSync(file('apps/.yes.yaml-dead-1-0123456789-1'), ''),
    },
  ],
  'leftover-revision': [
    {
      at: 'jobs/w/revision/.revision-2',
      make: ({ file }) => fs.symlinkSync('dead', file('jobs/w/revision/.revision-2')),
    },
  ],
  'leftover-lock': [{ at: 'jobs/w/lock/.lock', make: ({ file }) => fs.mkdirSync(file('jobs/w/lock/.lock')) }],
  'half-removed': [
    {
      at: 'jobs/w/removed',
      make: (scene) =>
        scene.edit('jobs/w/removed/state.yaml', (text) => text.replace('revision: 3', 'removed: "ada"\nrevision: 3')),
    },
  ],
  'unplaced-specification': [
    {
      at: 'jobs/w/amended/.state-dead-1-x-1-job',
      make: (scene) => {
        scene.edit('jobs/w/amended/state.yaml', (text) =>
          text.replace('revision: 3', 'amended: dead-1-x-1\nrevision: 3'),
        )
        fs.copyFileSync(scene.file('jobs/w/amended/job.yaml'), scene.file('jobs/w/amended/.state-dead-1-x-1-job'))
      },
    },
  ],
  'lost-state': [
    { at: 'jobs/w/stateless/state.yaml', make: ({ file }) => fs.rmSync(file('jobs/w/stateless/state.yaml')) },
    { at: 'jobs/w/torn/state.yaml', make: ({ file }) => fs.truncateSync(file('jobs/w/torn/state.yaml'), 20) },
    {
      at: 'jobs/w/forgotten/state.yaml',
      isLeft: true,
      make: (scene) => {
        fs.rmSync(scene.file('jobs/w/forgotten/state.yaml'))
        scene.cutLines('"w/forgotten"')
      },
    },
  ],
  'lost-specification': [
    { at: 'jobs/w/emptied/job.yaml', make: ({ file }) => fs.truncateSync(file('jobs/w/emptied/job.yaml')) },
  ],
  'broken-specification': [
    {
      at: 'jobs/w/broken/job.yaml',
      isLeft: true,
      make: ({ file }) => fs.writeFileSync(file('jobs/w/broken/job.yaml'), 'application: yes\nnum_nodes: many\n'),
    },
  ],
  mended: [
    {
      at: 'jobs/w/aside',
      make: (scene) => scene.edit('jobs/w/aside/job.yaml', () => 'application: yes\n'),
    },
  ],
  'not-in-journal': [{ at: 'jobs/w/unknown', make: (scene) => scene.cutLines('"w/unknown"') }],
  'journal-behind': [{ at: 'jobs/w/ahead', make: (scene) => scene.cutLines('"w/ahead"', '"revision":3') }],
  'state-behind': [
    {
      at: 'jobs/w/restored',
      make: (scene) =>
        fs.copyFileSync(path.join(scene.rig.outside, 'backup'), scene.file('jobs/w/restored/state.yaml')),
    },
  ],
  'no-folder': [
    { at: 'jobs/w/deleted', make: ({ file }) => fs.rmSync(file('jobs/w/deleted'), { recursive: true }) },
    { at: 'jobs/w/again', make: (scene) => scene.cutLines('"w/again"', '"removed":true') },
  ],
  unreadable: [
    { at: 'journal/folder.jsonl', isLeft: true, make: ({ file }) => fs.mkdirSync(file('journal/folder.jsonl')) },
  ],
  'unreadable-lines': [{ at: 'journal', make: ({ rig }) => rig.appendJournal('elsewhere', '{"id":"w/x","revis\n') }],
  'newer-format': [
    {
      at: 'jobs/w/newer/state.yaml',
      make: (scene) => scene.edit('jobs/w/newer/state.yaml', (text) => text.replace('format: 2', 'format: 3')),
    },
  ],
  'broken-application': [
    {
      at: 'apps/broken.yaml',
      isLeft: true,
      make: ({ file }) => fs.writeFileSync(file('apps/broken.yaml'), 'executable: [\n'),
    },
    { at: 'apps/folder.yaml', isLeft: true, make: ({ file }) => fs.mkdirSync(file('apps/folder.yaml')) },
  ],
  foreign: [
    { at: 'jobs/w/locked/result.dat', make: ({ file }) => fs.mkdirSync(file('jobs/w/locked/result.dat')) },
    { at: 'jobs/w/locked/job.out.2', make: ({ file }) => fs.symlinkSync('job.out', file('jobs/w/locked/job.out.2')) },
    ...['journal', 'launchers', 'submissions', 'trash'].map((folder): Damage => ({
      at: `${folder}/notes.txt`,
      make: ({ file }) => {
        fs.mkdirSync(file(folder), { recursive: true })
        fs.writeFileSync(file(`${folder}/notes.txt`), '')
      },
    })),
    {
      at: 'launchers/gone',
      make: ({ file }) => {
        fs.mkdirSync(file('launchers/gone'))
        fs.writeFileSync(file('launchers/gone/lease.yaml'), 'beat: many\n')
      },
    },
    { at: 'journal/live.snapshot', make: ({ file }) => makeFolderOf(file('journal/live.snapshot')) },
    { at: 'jobs/w/notes.txt', make: ({ file }) => fs.writeFileSync(file('jobs/w/notes.txt'), '') },
    { at: 'jobs/w/.lock-of-mine', make: ({ file }) => fs.writeFileSync(file('jobs/w/.lock-of-mine'), '') },
    { at: 'jobs/w/empty', make: ({ file }) => fs.mkdirSync(file('jobs/w/empty')) },
    { at: 'jobs/w/link', make: ({ file }) => fs.symlinkSync('draft', file('jobs/w/link')) },
    { at: 'jobs/w/a b', make: ({ file }) => fs.mkdirSync(file('jobs/w/a b')) },
    { at: 'jobs/w/locked/.lock', make: ({ file }) => fs.writeFileSync(file('jobs/w/locked/.lock'), '') },
  ],
}

function makeFolderOf(file: string): void {
  fs.rmSync(file, { force: true })
  fs.mkdirSync(file)
}

interface Found {
  readonly kind: string
  readonly path: string
  readonly message: string
  readonly remark: boolean
  readonly repaired: string | null
}

/**
 * The rows of README's table: what fsck says (one of several), and what --repair says that it did;
 * `…` stands for anything.
 */
function readTable(): { readonly says: string; readonly repair: string }[] {
  const readme = fs.readFileSync(path.resolve(import.meta.dirname, '../../README.md'), 'utf8')
  const [, table = ''] = /^\| cause \| `bjob fsck` says \|.*\n\|.*\n((?:\|.*\n)+)/m.exec(readme) ?? []
  return table
    .trim()
    .split('\n')
    .map((row) => row.split('|').map((cell) => cell.trim()))
    .map(([, , says = '', repair = '']) => ({ says, repair }))
}

function matches(pattern: string, text: string): boolean {
  const parts = pattern.split('…').map((part) => part.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&'))
  return new RegExp(`^${parts.join('.*')}$`, 's').test(text)
}

test('each kind of damage is named, is repaired or left as README says, and then is gone', async () => {
  await using rig = await Rig.create({ mayLeaveScaffolding: true })
  const all = Object.entries(DAMAGES).flatMap(([kind, damages]) => damages.map((damage) => ({ kind, ...damage })))
  const names =
    'draft revision lock removed amended stateless torn forgotten emptied broken aside unknown ahead restored deleted again locked newer'
  await rig.done(['spawn', '--from', '-'], {
    input: names
      .split(' ')
      .map((name) => JSON.stringify({ workflow: 'w', name, application: 'yes' }))
      .join('\n'),
  })
  const scene = new Scene(rig)
  scene.edit('jobs/w/aside/job.yaml', () => 'application: [')
  await rig.done(['rm', 'w/again'])
  await rig.done(['spawn', '--app', 'yes', '--workflow', 'w', '--name', 'again'])
  fs.copyFileSync(scene.file('jobs/w/restored/state.yaml'), path.join(rig.outside, 'backup'))
  await rig.done(['launch', '--idle-seconds', '0.5'])
  for (const { make } of all) make(scene)

  const fsck = async (...args: readonly string[]): Promise<Found[]> =>
    (await rig.bjob(['fsck', '--json', ...args])).stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Found)
  const identify = ({ kind, at }: { readonly kind: string; readonly at: string }): string => `${kind} ${at}`
  const found = await fsck()
  expect(found.map((one) => identify({ ...one, at: one.path })).toSorted()).toEqual(all.map(identify).toSorted())

  const repaired = await fsck('--repair')
  const table = readTable()
  const unused = new Set(table)
  for (const one of repaired) {
    const rows = table.filter(
      ({ says, repair }) =>
        says.split(' / ').some((said) => matches(said, one.message)) && matches(repair, one.repaired ?? 'left'),
    )
    // The one that says most.
    const [row] = rows.toSorted((first, second) => second.says.length - first.says.length)
    expect(row, `README's table has: ${one.message}, ${one.repaired}`).toBeDefined()
    if (row !== undefined) unused.delete(row)
  }
  expect([...unused], 'rows of README that are not seen').toEqual([])

  const left = await fsck()
  const leftDamage = all
    .filter(({ isLeft }) => isLeft)
    .map(identify)
    .toSorted()
  expect(
    left
      .filter(({ remark }) => !remark)
      .map((one) => identify({ ...one, at: one.path }))
      .toSorted(),
  ).toEqual(leftDamage)
  // Nothing that --repair could do is left, and it is not recommended.
  const { stderr } = await rig.bjob(['fsck'])
  expect(stderr).toMatch(/^hint: correct job\.yaml by hand: launchers then accept the job again\n$/)
})
